#!/usr/bin/env python3
"""The contract of the command line: exit statuses, one plain sentence on standard error, what is
printed where, what happens while a server has the folder open."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HALE = os.environ["HALE"]
COMMANDS = ["serve", "demo", "import", "export", "token", "audit", "key", "reindex", "doctor",
            "limits", "generate", "explain", "package"]

passed = failed = skipped = 0


def check(good, *what):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("FAILED", *what, flush=True)


def hale(*words, text=None, folder=None):
    return subprocess.run([HALE, *map(str, words)], input=text, text=True, capture_output=True,
                          cwd=folder, timeout=120)


def hale_on_terminal(*words):
    """Runs it with standard error on a terminal: the exit status, and what was shown there."""
    ours, its = os.openpty()
    process = subprocess.Popen([HALE, *map(str, words)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=its)
    os.close(its)
    shown = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:
            more = b""
        if not more:
            break
        shown += more
    os.close(ours)
    return process.wait(60), shown.decode()


def shows_progress(shown):
    return re.search(r"\r\x1b\[K\d+ resources, \d+ a second, \d+ % done, \d+ (s|min)[^\r]* left",
                     shown)


def one_sentence(result):
    return result.stderr.startswith("hale") and result.stderr.count("\n") == 1


def check_usage(folder):
    result = hale("--version")
    check(re.fullmatch(r"hale \d+\.\d+\.\d+\n", result.stdout), "--version", result.stdout)
    result = hale("help")
    check(result.returncode == 0, "help")
    for command in COMMANDS:
        check(f"  {command}" in result.stdout, "help lists", command)
        page = hale(command, "--help")
        check(page.returncode == 0 and page.stdout.startswith(f"usage: hale {command}"), command,
              "--help")
        check(page.stderr == "", command, "--help on standard output only")
        wrong = hale(command, "--no-such-option")
        check(wrong.returncode == 2 and one_sentence(wrong), command, "with a wrong option",
              wrong.stderr)
    check(hale().returncode == 2, "no command")
    check(hale("juggle").returncode == 2, "an unknown command")
    check(hale("import", "--data", folder / "x").returncode == 2, "import without files")
    check(hale("token", "--data", folder / "x").returncode == 2, "token without scope")
    check(not (folder / "x").exists(), "wrong usage makes no folder")


def check_import(folder):
    data = folder / "data"
    lines = "".join(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) + "\n"
                    for i in range(100))
    (folder / "a.ndjson").write_text(lines)
    result = hale("import", "--data", data, folder / "a.ndjson")
    check(result.returncode == 0 and result.stdout == "", "import", result.stderr)
    check(one_sentence(result) and "100 resources" in result.stderr, "import's summary",
          result.stderr)
    check(stat.S_IMODE(data.stat().st_mode) == 0o700, "the data folder is its owner's alone")
    result = hale("import", "--data", data, "-", text=lines + "{broken\n", folder=folder)
    check(result.returncode == 3, "a bad line on standard input", result.returncode)
    check("standard input, line 101: " in result.stderr, "where it was", result.stderr)
    check((folder / "standard-input.rejected.ndjson").read_text() == "{broken\n", "kept")
    check("100 of them unchanged" in result.stderr, "the rest was there", result.stderr)
    result = hale("import", "--data", data, folder / "missing.ndjson")
    check(result.returncode == 3 and "missing.ndjson" in result.stderr, "a missing file")
    check("\r" not in result.stderr, "no progress where there is no terminal")


def check_interruption(folder):
    read, write = os.pipe()
    process = subprocess.Popen([HALE, "import", "--data", str(folder / "stopped"), "-"], stdin=read,
                               stderr=subprocess.PIPE, text=True)
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        for i in range(2000):
            pipe.write(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) + "\n")
        pipe.flush()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        try:
            for i in range(2000, 200000):
                pipe.write(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) + "\n")
            pipe.flush()
        except BrokenPipeError:
            pass
        _, said = process.communicate(timeout=60)
    check(process.returncode == 1 and "interrupted" in said, "interrupted", process.returncode,
          said)
    result = hale("import", "--data", folder / "stopped", "-", text="".join(
        json.dumps({"resourceType": "Patient", "id": f"p{i}"}) + "\n" for i in range(3000)))
    check(result.returncode == 0 and "of them unchanged" in result.stderr, "gone on with",
          result.stderr)


def check_key(folder):
    data = folder / "data"
    shown = hale("key", "show", "--data", data)
    check(shown.returncode == 0 and re.search(r"[0-9a-f]{64}", shown.stdout), "key show")
    copy = folder / "copy"
    check(hale("key", "backup", copy, "--data", data).returncode == 0, "key backup")
    check(copy.read_bytes() == (data / "keyring").read_bytes(), "the copy is the keyring")
    check(stat.S_IMODE(copy.stat().st_mode) == 0o600, "the copy is its owner's alone")
    check(hale("key", "backup", copy, "--data", data).returncode == 1, "nothing is overwritten")
    check(hale("key", "dance", "--data", data).returncode == 2, "key dance")
    check(hale("key", "show", "--data", folder / "none").returncode == 1, "no folder, no key")
    keyring = (data / "keyring").read_text()
    (data / "keyring").write_text(keyring.replace("\n", "\n" + "0" * 64 + "\n", 1)[:len(keyring)])
    result = hale("reindex", "--data", data)
    check(result.returncode == 1 and one_sentence(result), "a wrong key is said", result.stderr)
    (data / "keyring").write_bytes(copy.read_bytes())
    check(hale("reindex", "--data", data).returncode == 0, "the key put back")


def check_care(folder):
    data = folder / "data"
    result = hale("doctor", "--data", data)
    check(result.returncode == 0 and "PROBLEM" not in result.stdout, "doctor", result.stdout)
    data.chmod(0o755)
    result = hale("doctor", "--data", data)
    check(result.returncode == 1 and "PROBLEM" in result.stdout, "doctor sees an open folder")
    data.chmod(0o700)
    check("bytes of one request body" in hale("limits").stdout, "limits")
    for url in ("Patient?gender=male", "http://127.0.0.1/fhir/Patient?gender=male"):
        result = hale("explain", "--data", data, url)
        check(result.returncode == 0 and "visited" in result.stdout, "explain", url,
              result.stdout, result.stderr)
    check(hale("explain", "--data", data, "Patient?colour=blue").returncode == 1, "explain refuses")
    for command in ("reindex", "doctor", "export", "audit"):
        more = {"export": [folder / "nowhere"], "audit": ["report"]}.get(command, [])
        result = hale(command, "--data", folder / "none", *more)
        check(result.returncode == 1 and result.stderr.startswith(f"hale {command}: "), command,
              "without a folder", result.returncode, result.stderr)
    check(not (folder / "none").exists(), "looking makes no folder")


def check_export(folder):
    data, out = folder / "data", folder / "out"
    result = hale("export", "--data", data, out)
    check(result.returncode == 0 and result.stdout == "" and one_sentence(result), "export",
          result.stderr)
    manifest = json.loads((out / "manifest.json").read_text())
    check(manifest["format"] == "hale-export" and manifest["resources"] == 100, "manifest")
    check((out / "README.md").exists(), "the export describes itself")
    check(hale("export", "--data", data, out).returncode == 1, "not over an older one")
    check(hale("export", "--data", data, "--patient", "nobody", folder / "o2").returncode == 1,
          "nobody's export")
    result = hale("import", "--data", folder / "again", out)
    check(result.returncode == 0 and "100 resources" in result.stderr, "import of an export",
          result.stderr)
    audits = [hale("audit", "--data", folder / name, "report").stdout for name in ("data", "again")]
    numbered = re.sub(r'^{"record":\d+,', "{", audits[1], flags=re.M)
    check(numbered.startswith((out / "audit.ndjson").read_text()), "the audit came along")
    records = [json.loads(line) for line in audits[0].splitlines()]
    check([r["interaction"] for r in records].count("export") == 1, "exports are in the audit")
    check([r["at"] for r in records] == sorted(r["at"] for r in records), "newest last")


def ask(address, token, path):
    request = urllib.request.Request(f"http://{address}{path}",
                                     headers={"Authorization": "Bearer " + token})
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


def start(*words):
    process = subprocess.Popen([HALE, *map(str, words)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("listening on http://"):
            return process, line.split("http://")[1].strip(), said
    return process, None, said


def check_token(folder):
    data = folder / "data"
    result = hale("token", "--data", data, "--scope", "system/*.cruds")
    check(result.returncode == 0 and re.fullmatch(r"[\w-]{43}\n", result.stdout), "token",
          result.stdout)
    check(result.stderr == "", "token says nothing else")
    before = result.stdout.strip()
    result = hale("token", "--data", data, "--scope", "everything")
    check(result.returncode == 1 and one_sentence(result) and result.stdout == "", "a wrong scope",
          result.stderr)
    process, address, _ = start("serve", "--data", data, "--listen", "127.0.0.1:0", "--quiet")
    check(address, "serve")
    result = hale("token", "--data", data, "--scope", "system/Patient.rs", "--name", "checker")
    check(result.returncode == 0 and re.fullmatch(r"[\w-]{43}\n", result.stdout),
          "token while a server runs", result.stderr)
    check(ask(address, before, "/fhir/Observation") == 200, "a token made before")
    check(ask(address, result.stdout.strip(), "/fhir/Patient/p1") == 200, "a token made meanwhile")
    check(ask(address, result.stdout.strip(), "/fhir/Observation") == 403, "holds to its scope")
    result = hale("token", "--data", data, "--scope", "everything")
    check(result.returncode == 1 and one_sentence(result), "a wrong scope through the server",
          result.stderr)
    check(hale("doctor", "--data", data).returncode == 0, "doctor through the server")
    check(hale("reindex", "--data", data).returncode == 0, "reindex through the server")
    for words in (["import", "--data", data, folder / "a.ndjson"],
                  ["export", "--data", data, folder / "o3"]):
        result = hale(*words)
        check(result.returncode == 1 and "in use" in result.stderr and one_sentence(result),
              words[0], "of a folder in use", result.stderr)
    process.send_signal(signal.SIGTERM)
    check(process.wait(30) == 0, "SIGTERM ends it well")
    audit = hale("audit", "--data", data, "report").stdout
    check('"for checker' in audit and audit.count('"interaction":"token"') == 2,
          "tokens are in the audit", audit)
    check(before not in audit, "but not the secret")


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def proven_root(index, size, hashed, path):
    """RFC 9162 2.1.3.2, from its words."""
    first, last = index, size - 1
    for step in path:
        if first % 2 or first == last:
            hashed = node_hash(step, hashed)
            while first % 2 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            hashed = node_hash(hashed, step)
        first, last = first >> 1, last >> 1
    return hashed if last == 0 else None


def is_proven(proof):
    """Whether the proof leads from its leaf to the root that its checkpoint names."""
    head, note = proof.split("\n\n", 1)
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        return False
    entry = base64.b64decode(lines[1].removeprefix("extra "))
    path = [base64.b64decode(line) for line in lines[3:]]
    _, size, root = note.split("\n")[:3]
    return proven_root(int(lines[2].removeprefix("index ")), int(size), leaf_hash(entry),
                       path) == base64.b64decode(root)


def check_audit(folder):
    data, kept = folder / "data", folder / "kept"
    for words in (["nonsense"], ["prove"], ["prove", "--record", "0"], ["report", "--from", "soon"],
                  ["prove", "--record", "99999"], ["report", "--sort", "colour"],
                  ["verify", "--witness", folder / "a.ndjson"], ["verify", "--witness", folder / "no"]):
        result = hale("audit", "--data", data, *words)
        check(result.returncode == 1 and one_sentence(result) and result.stdout == "", *words,
              result.stderr)
    kept.write_text(hale("audit", "--data", data, "checkpoint").stdout)
    key = hale("audit", "--data", data, "key").stdout
    check(key.startswith(kept.read_text().split("\n")[0] + "+"), "the key has the log's name", key)
    result = hale("audit", "--data", data, "verify", "--witness", kept)
    check(result.returncode == 0 and result.stdout.startswith("intact: "), "verify", result.stdout)
    for record in (1, 2, 7):
        proof = hale("audit", "--data", data, "prove", "--record", record).stdout
        check(is_proven(proof), "a proof holds", proof)
        check(not is_proven(proof.replace("extra ", "extra AAAA")), "but not of another record")
    result = hale("audit", "--data", folder / "again", "verify", "--witness", kept)
    check(result.returncode == 5, "another folder's log", result.stdout, result.stderr)
    records = [json.loads(line) for line in
               hale("audit", "--data", data, "report", "--sort", "-interaction").stdout.splitlines()]
    kinds = [r["interaction"] for r in records]
    check(kinds == sorted(kinds, reverse=True) and len(set(kinds)) > 2, "sorted", kinds)
    check("audit" in kinds, "looking at the log is in the log")
    check(hale("audit", "--data", data, "report", "--to", "1999").stdout == "", "nothing that old")
    lines = hale("audit", "--data", data, "report", "--from", "2020", "--user", "checker").stdout
    check(all(json.loads(line)["name"] == "checker" for line in lines.splitlines()), "by user")
    process, address, _ = start("serve", "--data", data, "--listen", "127.0.0.1:0", "--quiet")
    check(address, "serve")
    result = hale("audit", "--data", data, "verify", "--witness", kept)
    check(result.returncode == 0 and result.stdout.startswith("intact: "),
          "verify through the server", result.stdout, result.stderr)
    check(is_proven(hale("audit", "--data", data, "prove", "--record", 3).stdout),
          "a proof through the server")
    result = hale("audit", "--data", data, "report", "--sort", "colour")
    check(result.returncode == 1 and one_sentence(result), "a wrong sort through the server")
    process.send_signal(signal.SIGTERM)
    check(process.wait(30) == 0, "SIGTERM ends it well")


def check_progress(folder):
    global skipped
    try:
        for end in os.openpty():
            os.close(end)
    except OSError as error:
        skipped += 1
        print(f"skipped what is shown on a terminal: there is none to be had ({error.strerror})")
        return
    check_progress_shown(folder)


def check_progress_shown(folder):
    """On a terminal it is said how far a command is; in a pipe nothing of that."""
    data = folder / "many"
    with open(folder / "many.ndjson", "w") as out:
        for i in range(15000):
            out.write(json.dumps({"resourceType": "Patient", "id": f"p{i}", "name": [
                {"family": f"Family{i}", "given": ["A", "B"]}], "birthDate": "1980-01-01"}) + "\n")
    status, shown = hale_on_terminal("import", "--data", data, folder / "many.ndjson")
    check(status == 0 and shows_progress(shown), "import shows its progress", shown[-300:])
    check(shown.count("\n") == 1 and "hale import: 15000 resources in" in shown,
          "and takes it away", shown[-300:])
    status, shown = hale_on_terminal("reindex", "--data", data)
    check(status == 0 and shows_progress(shown), "reindex shows its progress", shown[-300:])
    check(shown.endswith("\r\x1b[Khale reindex: done\r\n"), "and takes it away", shown[-300:])
    quiet = hale("reindex", "--data", data)
    check(quiet.stderr == "hale reindex: done\n" and quiet.stdout == "", "in a pipe it is quiet",
          quiet.stderr)
    process, address, _ = start("serve", "--data", data, "--listen", "127.0.0.1:0", "--quiet")
    check(address, "serve")
    status, shown = hale_on_terminal("reindex", "--data", data)
    check(status == 0 and shows_progress(shown), "through a server, too", shown[-300:])
    check(shown.endswith("\r\x1b[Khale reindex: done\r\n"), "and takes it away", shown[-300:])
    quiet = hale("reindex", "--data", data)
    check(quiet.stderr == "hale reindex: done\n", "in a pipe it is quiet", quiet.stderr)
    process.send_signal(signal.SIGTERM)
    check(process.wait(30) == 0, "SIGTERM ends it well")


def check_demo(folder):
    data = folder / "demo"
    for attempt in range(2):
        process, address, said = start("demo", "--data", data, "--listen", "127.0.0.1:0")
        check(address, "demo", attempt, said)
        token = re.search(r"TOKEN=(\S+)", said)
        check(token and said.count("curl ") == 2, "demo prints a token and commands", said)
        check(("invented patients" in said.splitlines()[0]) == (attempt == 0), "filled once")
        if address and token:
            check(ask(address, token[1], "/fhir/Patient?_count=1") == 200, "demo answers")
        process.send_signal(signal.SIGTERM)
        check(process.wait(30) == 0, "demo ends well")


def check_asking(folder):
    (folder / "one.xml").write_text('<Patient xmlns="http://hl7.org/fhir"><id value="x"/><active value="true"/></Patient>')
    found = hale("path", "id | active", folder / "one.xml")
    check(found.returncode == 0 and json.loads(found.stdout) == ["x", True], "path reads XML", found)
    (folder / "bad.xml").write_text('<Patient xmlns="http://hl7.org/fhir"><id value="x"/>')
    found = hale("path", "id", folder / "bad.xml")
    check(found.returncode == 1 and found.stdout == "", "path refuses broken XML", found)
    (folder / "view.json").write_text(json.dumps({"resource": "Patient", "select": [
        {"column": [{"name": "id", "path": "id"}]}]}))
    (folder / "some.ndjson").write_text('{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b"}\n')
    check(hale("import", "--data", folder / "viewed", folder / "some.ndjson").returncode == 0, "import for views")
    for words in ((folder / "some.ndjson",), ("--data", folder / "viewed")):
        rows = hale("view", "--format", "csv", folder / "view.json", *words)
        check(rows.returncode == 0 and sorted(rows.stdout.split()) == ["a", "b", "id"], "view", words, rows)
    (folder / "late.ndjson").write_text("".join(json.dumps(
        {"resourceType": "Patient", "id": f"p{n}", "name": [{"family": "A"}] * (1 + n // 599)}) + "\n" for n in range(600)))
    (folder / "late.json").write_text(json.dumps({"resource": "Patient", "select": [
        {"column": [{"name": "id", "path": "id"}, {"name": "family", "path": "name.family"}]}]}))
    check(hale("import", "--data", folder / "late", folder / "late.ndjson").returncode == 0, "import for a late fault")
    rows = hale("view", folder / "late.json", "--data", folder / "late")
    check(rows.returncode == 1 and 0 < len(rows.stdout.splitlines()) < 600, "a view whose last row fails", rows)
    seen = {json.loads(row)["id"] for row in rows.stdout.splitlines()}
    told = [json.loads(line) for line in hale("audit", "--data", folder / "late", "report").stdout.splitlines()]
    told = [line for line in told if line["interaction"] == "$viewdefinition-run"]
    check(len(told) == 1 and told[0]["outcome"] == "failed" and seen <= {told[0]["patient"], *told[0]["others"]},
          "what went out before is recorded", told)
    check(hale("view", folder / "view.json").returncode == 2, "view wants resources")
    check(hale("view", "--format", "parquet", folder / "view.json", folder / "some.ndjson").returncode == 1,
          "view refuses formats that it has not")


def check_generate(folder):
    one = hale("generate", "--patients", 2, "--ndjson", "-").stdout
    check(one == hale("generate", "--patients", 2, "--ndjson", "-").stdout, "the same again")
    check(one != hale("generate", "--patients", 2, "--seed", 9, "--ndjson", "-").stdout, "seeds")
    check(hale("generate", "--patients", 2, "--bundles", folder / "b").returncode == 0, "Bundles")
    check(len(list((folder / "b").iterdir())) == 3, "one for each patient, one for all")
    check(hale("generate").returncode == 2, "generate to nowhere")
    files = sorted((folder / "b").iterdir())
    result = hale("import", "--data", folder / "generated", *files)
    check(result.returncode == 0, "generated Bundles go in", result.stderr[-500:])
    check(hale("generate", "--ndjson", "/dev/full").returncode == 1, "a full disk is noticed")


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hale-commands-"))
    try:
        for part in (check_usage, check_import, check_interruption, check_key, check_care,
                     check_export, check_token, check_audit, check_progress, check_demo,
                     check_generate, check_asking):
            part(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
