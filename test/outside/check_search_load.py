#!/usr/bin/env python3
"""Paging through results while others write. What matches during the whole time comes exactly once,
even if it is changed or would now stand elsewhere in the order; nothing comes twice; nothing comes
that never matched; nothing that was made after the first page.

HALE_LOAD_SECONDS says for how long (default 8)."""

import http.client
import json
import os
import random
import threading
import time

from outside import Counter, Folder, Server, hale

SECONDS = float(os.environ.get("HALE_LOAD_SECONDS", "8"))
WRITERS, READERS = 3, 2
STILL, TOUCHED, COMING = 250, 150, 150
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# Searches that all of the still and the touched ones match, and whether they must be answered.
SHAPES = [
    ("/Observation?code=here", True),
    ("/Observation?code=here&_total=accurate", True),
    ("/Observation?subject=Patient/one&code=here", True),
    ("/Observation?code=here&date=ge2000", True),
    ("/Observation?code:not=gone", True),
    ("/Observation?code=here&_include=Observation:subject", True),
    ("/Observation?code=here&_sort=date", True),
    ("/Observation?code=here&_sort=-date,_id", True),
    ("/Observation?code=here&_sort=-_lastUpdated", True),
    ("/Observation?code=here&subject.family=Keep", True),
]


class Client:
    """One connection to a server, for one thread."""

    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection(server.address, timeout=120)

    def ask(self, method, path, body=None, headers=None):
        """(status, text)"""
        every = {"Authorization": "Bearer " + self.server.token, "Accept": "application/fhir+json",
                 "Content-Type": "application/fhir+json", **(headers or {})}
        try:
            self.connection.request(method, "/fhir" + path, body, every)
            response = self.connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except (http.client.HTTPException, OSError):
            self.connection.close()
            raise


def observation(ident, code, day):
    return {"resourceType": "Observation", "id": ident, "status": "final",
            "code": {"coding": [{"system": "http://clinic.example", "code": code}]},
            "subject": {"reference": "Patient/one"},
            "effectiveDateTime": f"20{day % 20:02}-{1 + day % 12:02}-{1 + day % 28:02}"}


class Load:
    """Writers and readers around one server."""

    def __init__(self, server, counter):
        self.server, self.counter = server, counter
        self.ends = time.monotonic() + SECONDS
        self.lock = threading.Lock()
        self.made = {}      # id -> the time just before it was asked for
        self.rounds = self.pages = self.writes = 0
        self.refused = set()
        self.always = {f"{name}-{i}" for name, count in (("still", STILL), ("touched", TOUCHED))
                       for i in range(count)}
        self.sometimes = {f"coming-{i}" for i in range(COMING)}

    def running(self):
        return time.monotonic() < self.ends

    def write(self, seed):
        draw, client, number = random.Random(seed), Client(self.server), 0
        while self.running():
            what = draw.random()
            number += 1
            if what < 0.4:
                ident, code = f"touched-{draw.randrange(seed, TOUCHED, WRITERS)}", "here"
            elif what < 0.7:
                ident = f"coming-{draw.randrange(seed, COMING, WRITERS)}"
                code = draw.choice(("here", "gone"))
            else:
                ident, code = f"new-{seed}-{number}", "here"
                with self.lock:
                    self.made[ident] = time.monotonic()
            if ident.startswith("coming") and draw.random() < 0.3:
                status, text = client.ask("DELETE", f"/Observation/{ident}")
            else:
                body = json.dumps(observation(ident, code, draw.randrange(10 ** 6)))
                status, text = client.ask("PUT", f"/Observation/{ident}", body)
            with self.lock:
                self.writes += 1
                self.counter.check(status in (200, 201, 204), "writing", ident, status, text[:200])

    def read(self, seed):
        draw, client = random.Random(seed), Client(self.server)
        while self.running() or not self.rounds:
            shape, demanded = draw.choice(SHAPES)
            count = draw.choice((13, 50, 120))
            path, wanted = f"{shape}&_count={count}", shape
            form = None
            if draw.random() < 0.3:
                path, form = path.split("?")[0] + "/_search", path.split("?")[1]
            self.turn_pages(client, path, form, wanted, demanded)

    def turn_pages(self, client, path, form, shape, demanded):
        ids, answered, first = [], None, True
        while path:
            status, text = (client.ask("POST", path, form, FORM) if form and first
                            else client.ask("GET", path))
            if status != 200:
                with self.lock:
                    if first and not demanded and status == 400:
                        self.refused.add(shape)
                    else:
                        self.counter.check(False, shape, "a page is answered", status, text[:200])
                return
            answered = answered or time.monotonic()
            bundle = json.loads(text)
            ids += [e["resource"]["id"] for e in bundle.get("entry", [])
                    if e["search"]["mode"] == "match"]
            links = [x["url"] for x in bundle["link"] if x["relation"] == "next"]
            path = links[0].split("/fhir", 1)[1] if links else None
            first = False
            self.pages += 1
        self.judge(shape, ids, answered)

    def judge(self, shape, ids, answered):
        seen = set(ids)
        with self.lock:
            self.rounds += 1
            made = dict(self.made)
            twice = sorted({i for i in ids if ids.count(i) > 1})[:3] if len(ids) > len(seen) else []
            self.counter.check(not twice, shape, "has twice", twice)
            lacking = sorted(self.always - seen)
            self.counter.check(not lacking, shape, "lacks", len(lacking), lacking[:3])
            strange = sorted(seen - self.always - self.sometimes - set(made))
            self.counter.check(not strange, shape, "has what never matched", strange[:3])
            later = sorted(i for i in seen if made.get(i, 0) > answered)
            self.counter.check(not later, shape, "has what is newer than its first page", later[:3])

    def run(self):
        threads = [threading.Thread(target=self.write, args=(i,)) for i in range(WRITERS)]
        threads += [threading.Thread(target=self.read, args=(100 + i,)) for i in range(READERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main():
    counter = Counter()
    with Folder() as folder:
        records = [{"resourceType": "Patient", "id": "one", "name": [{"family": "Keep"}]}]
        draw = random.Random(5)
        for name, count in (("still", STILL), ("touched", TOUCHED), ("coming", COMING)):
            records += [observation(f"{name}-{i}", "here", draw.randrange(10 ** 6))
                        for i in range(count)]
        path = folder / "records.ndjson"
        path.write_text("".join(json.dumps(r) + "\n" for r in records))
        result = hale("import", "--data", folder / "data", path)
        counter.equal(result.returncode, 0, "import", result.stderr[-300:])
        with Server(folder / "data") as server:
            load = Load(server, counter)
            load.run()
    for shape in sorted(load.refused):
        counter.skip(shape + " is refused, not demanded yet")
    counter.check(load.rounds > 3 and load.writes > 50, "there was a load")
    print(f"{load.rounds} searches of {load.pages} pages during {load.writes} writes")
    counter.finish()


if __name__ == "__main__":
    main()
