/*
 * What was typed and is not on the server yet, kept in this browser: encrypted with a key that no script can
 * take out (docs/adr/0031). Each window keeps its own entry, and holds a lock on it while it is open: what
 * nobody holds was left behind, by a closed tab or a dead browser, and is taken up by the next to open the
 * note.
 */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Answers } from "../fhir/questionnaire";

/* What one window had: `base` the server's last words to it, `mine` what was typed since, `unsure` what was
 * sent and may or may not have arrived. */
export interface Kept {
  base: Answers;
  mine: Answers;
  unsure: Answers[];
  at: string;
}

interface Row {
  entry: string;
  owner: string;
  note: string;
  at: string;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

interface Schema extends DBSchema {
  key: { key: string; value: CryptoKey };
  draft: { key: string; value: Row; indexes: { note: string } };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("hale-drafts", 1, {
    upgrade(db) {
      db.createObjectStore("key");
      db.createObjectStore("draft", { keyPath: "entry" }).createIndex("note", "note");
    },
    terminated() {
      opened = undefined;
    },
  });
  opened.catch(() => {
    opened = undefined;
  });
  return opened;
}

/* Made once; where two windows make one at the same time, the first that is stored is both's. */
async function key(): Promise<CryptoKey> {
  const db = await database();
  const there = await db.get("key", "own");
  if (there) return there;
  const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  const change = db.transaction("key", "readwrite");
  const first = await change.store.get("own");
  if (!first) await change.store.put(fresh, "own");
  await change.done;
  return first ?? fresh;
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function seal(row: Omit<Row, "iv" | "sealed">, kept: Kept): Promise<Row> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: bytes(`${row.owner} ${row.note} ${row.entry}`) },
    await key(),
    bytes(JSON.stringify(kept)),
  );
  return { ...row, iv, sealed };
}

async function unseal(row: Row): Promise<Kept> {
  const plain = await crypto.subtle.decrypt(
    {
      name: "AES-GCM",
      iv: row.iv,
      additionalData: bytes(`${row.owner} ${row.note} ${row.entry}`),
    },
    await key(),
    row.sealed,
  );
  return JSON.parse(new TextDecoder().decode(plain)) as Kept;
}

export interface Shelf {
  keep(kept: Kept): Promise<void>;
  drop(): Promise<void>;
  letGo(): void /* what is on it is left for the next */;
}

export interface OpenedShelf {
  shelf: Shelf;
  left: Kept[];
  takenUp: () => Promise<void>;
  letGo: () => void /* of the shelf and of all that was left */;
}

/* Resolves with how to let go of it, or with nothing where another window has it. */
function hold(entry: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`draft ${entry}`, { ifAvailable: true }, (lock) => {
        if (!lock) {
          resolve(undefined);
          return undefined;
        }
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

/* This window's place for the note, and what others left there. What was left is removed by `takenUp`, to be
 * called when it is safe elsewhere. */
export async function openShelf(owner: string, note: string): Promise<OpenedShelf> {
  const entry = crypto.randomUUID();
  const own = await hold(entry);
  const shelf: Shelf = {
    keep: async (kept) => {
      const row = await seal({ entry, owner, note, at: kept.at }, kept);
      await (await database()).put("draft", row);
    },
    drop: async () => (await database()).delete("draft", entry),
    letGo: () => own?.(),
  };
  const left: Kept[] = [];
  const taken: { entry: string; release: () => void }[] = [];
  for (const row of await (await database()).getAllFromIndex("draft", "note", note)) {
    if (row.owner !== owner) continue;
    const release = await hold(row.entry);
    if (!release) continue;
    left.push(await unseal(row));
    taken.push({ entry: row.entry, release });
  }
  return {
    shelf,
    left: left.sort((a, b) => (a.at < b.at ? -1 : 1)),
    takenUp: async () => {
      const db = await database();
      for (const one of taken.splice(0)) {
        await db.delete("draft", one.entry);
        one.release();
      }
    },
    letGo: () => {
      own?.();
      for (const one of taken.splice(0)) one.release();
    },
  };
}

/* The notes of which something typed here is not on the server. */
export async function unsentNotes(owner: string): Promise<string[]> {
  const rows = await (await database()).getAll("draft");
  return [...new Set(rows.filter((row) => row.owner === owner).map((row) => row.note))];
}
