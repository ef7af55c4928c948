"""watch.py PROGRAM [WORD…]: who watches over privacy: the register of breaches, and the signed log by tiles.

What the tiles come to is worked out here (RFC 6962, c2sp.org/tlog-tiles, tlog-checkpoint).
"""

import base64
import hashlib
import http.client
import json
import subprocess
import sys
import time

import smart
from live import Server, run
from person import hale
from smart import fhir

PROGRAM = sys.argv[1]
ASKED = "user/*.cruds patient/*.cruds user/AuditEvent.rs patient/AuditEvent.rs"
tokens = {}


def order(name, **fields):
    browser = smart.people[name]
    connection = http.client.HTTPConnection("127.0.0.1", smart.server.port, timeout=30)
    connection.request("POST", "/breach", json.dumps(fields), {
        "Content-Type": "application/json", "X-Hale-Request": "1", "X-Forwarded-For": browser.address,
        "Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items())})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def breach(*words):
    return hale(PROGRAM, "breach", *words, "--data", smart.server.folder)


def refused(*words):
    return subprocess.run([PROGRAM, "breach", *words, "--data", smart.server.folder],
                          capture_output=True, text=True, timeout=60).returncode != 0


def today(days=0):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86400))


# ---- the register ----

def whom_a_breach_affects_is_told_from_the_log():
    anne, bert = smart.patients["anne"], smart.patients["bert"]
    assert fhir(tokens["house"], "Patient/" + anne)[0] == 200
    assert fhir(tokens["desk"], "Patient/" + bert)[0] == 200
    said = breach("add", "--from", today(), "--until", today(), "--login", "house", "--words",
                  "looked into the chart of a neighbour")
    number = said.split()[-1]
    affected = breach("affected", number)
    assert anne in affected and bert not in affected, affected
    status, said = order("privacy", do="add", **{"from": today(), "until": today()},
                         words="somebody had the key of the house")
    assert status == 200, said
    status, said = order("privacy", do="affected", number=said["number"])
    assert {p["patient"] for p in said["affected"]} >= {anne, bert}, said
    status, said = order("privacy", do="add", **{"from": "2001-01-01", "until": "2001-01-02"},
                         words="long before there was a log")
    assert order("privacy", do="affected", number=said["number"])[1]["affected"] == []


def it_goes_from_what_was_found_to_who_was_told_and_nothing_is_lost():
    status, said = order("privacy", do="add", **{"from": today(-1), "until": today()},
                         words="a letter went to the wrong address")
    number = said["number"]

    def state():
        rows = {r["number"]: r for r in order("privacy", do="list")[1]["breaches"]}
        return rows[number]

    assert state()["state"] == "to assess"
    assert order("privacy", do="close", number=number, words="nothing came of it")[0] == 409
    assert order("privacy", do="assess", number=number, risk="some", words="perhaps it is bad")[0] == 400
    assert order("privacy", do="assess", number=number, risk="real", words="it names a diagnosis")[0] == 200
    assert state()["state"] == "to tell"
    assert order("privacy", do="told", number=number, whom="people", on=today(2), words="a letter to them")[0] == 400
    assert order("privacy", do="told", number=number, whom="people", on=today(), words="a letter to them")[0] == 200
    assert order("privacy", do="close", number=number, words="done with this one")[0] == 409
    assert order("privacy", do="told", number=number, whom="authority", on=today(), words="by their form")[0] == 200
    assert state()["state"] == "open" and state()["people"] == today() == state()["authority"]
    assert order("privacy", do="close", number=number, words="done with this one")[0] == 200
    last = state()
    assert last["state"] == "closed" and "wrong address" in last["words"] and "letter to them" in last["words"]
    assert last["keptUntil"][:10] >= today(730) and last["tellUntil"][:10] == today(60)
    assert order("privacy", do="assess", number=number, risk="none", words="after it was closed")[0] == 409
    report = hale(PROGRAM, "audit", "report", "--data", smart.server.folder)
    assert f"breach {number}: people {today()}" in report


def nobody_else_sees_or_writes_it():
    for name in ("house", "desk", "admin", "anne", "carer"):
        for fields in ({"do": "list"}, {"do": "add", "from": today(), "until": today(), "words": "w" * 20},
                       {"do": "affected", "number": "1"}):
            assert order(name, **fields)[0] == 403, (name, fields)
    assert refused("add", "--from", today(), "--until", today(), "--words", "short")
    assert refused("add", "--from", "soon", "--until", today(), "--words", "long enough a text")
    assert refused("add", "--from", today(), "--until", today(-2), "--words", "long enough a text")
    assert refused("affected", "999")


# ---- the log ----

def get(token, path):
    connection = http.client.HTTPConnection("127.0.0.1", smart.server.port, timeout=30)
    connection.request("GET", path, headers={"Authorization": "Bearer " + token} if token else {})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheader("Content-Type")


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(hashes):
    """RFC 6962 2.1 of leaves' hashes."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root(hashes[:split]), root(hashes[split:]))


def address(level, number, width):
    text = f"{number % 1000:03}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03}/{text}"
    return f"/audit/tile/{level}/{text}" + (f".p/{width}" if width < 256 else "")


def hashes_of(token, level, count):
    all = b""
    for number in range((count + 255) // 256):
        width = min(256, count - number * 256)
        status, body, kind = get(token, address(level, number, width))
        assert status == 200 and len(body) == 32 * width and kind == "application/octet-stream", (status, level, number)
        all += body
    return [all[i:i + 32] for i in range(0, len(all), 32)]


def the_tiles_come_to_the_root_that_is_signed():
    for _ in range(6):
        for _ in range(100):
            fhir(tokens["house"], "Patient?_count=1")
    hale(PROGRAM, "audit", "checkpoint", "--data", smart.server.folder)
    status, note, _ = get(tokens["privacy"], "/audit/checkpoint")
    assert status == 200
    origin, size, hash, *_ = note.decode().splitlines()
    assert get(tokens["privacy"], "/audit/verifier")[1].decode().startswith(origin)
    size = int(size)
    leaves = hashes_of(tokens["privacy"], 0, size)
    assert size > 600 and root(leaves) == base64.b64decode(hash)
    above = hashes_of(tokens["privacy"], 1, size // 256)
    assert above == [root(leaves[i * 256:i * 256 + 256]) for i in range(size // 256)]
    beyond = [address(0, size // 256, 256), address(0, size // 256 + 1, 1), address(2, 0, 1), address(9, 0, 1),
              "/audit/tile/0/0", "/audit/tile/0/0000", "/audit/tile/0/x000/000", "/audit/tile/0/000.p/0",
              "/audit/tile/0/000.p/256", "/audit/tile/0/-01", "/audit/tile/entries/000", "/audit/tile/0/../000",
              "/audit/tile/", "/audit/tile/0/x999/x999/x999/x999/x999/999"]
    for path in beyond:
        assert get(tokens["privacy"], path)[0] == 404, path


def only_who_may_read_all_of_the_log_gets_it():
    tokens["log"] = smart.server.token("system/AuditEvent.rs")
    for name, expected in (("privacy", 200), ("log", 200), ("house", 403), ("desk", 403), ("admin", 403),
                           ("anne", 403), ("carer", 403), ("owner", 403), (None, 401)):
        for path in ("/audit/checkpoint", "/audit/verifier", "/audit/tile/0/000"):
            assert get(name and tokens[name], path)[0] == expected, (name, path)
    report = hale(PROGRAM, "audit", "report", "--data", smart.server.folder).splitlines()
    assert any('"detail":"checkpoint"' in line and '"status":403' in line for line in report)


TESTS = [whom_a_breach_affects_is_told_from_the_log,
         it_goes_from_what_was_found_to_who_was_told_and_nothing_is_lost,
         nobody_else_sees_or_writes_it, the_tiles_come_to_the_root_that_is_signed,
         only_who_may_read_all_of_the_log_gets_it]


def main():
    smart.server = Server(PROGRAM, "--behind-proxy")
    smart.server.base = f"http://127.0.0.1:{smart.server.port}"
    try:
        smart.prepare()
        hale(PROGRAM, "client", "add", "--id", "everything", "--name", "Everything", "--redirect",
             smart.BACK, "--scope", ASKED, "--data", smart.server.folder)
        for name in ("house", "desk", "admin", "anne", "carer", "privacy"):
            tokens[name] = smart.App("everything").tokens(smart.people[name], ASKED)["access_token"]
        tokens["owner"] = smart.server.token("system/*.cruds")
        return run(TESTS, sys.argv[2:])
    finally:
        smart.server.close()


if __name__ == "__main__":
    sys.exit(main())
