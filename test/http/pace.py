"""pace.py PROGRAM [WORD…]: who calls too often must wait, and nobody else. Issue item 8; RFC 6585 4, RFC 9110
10.2.3."""

import http.client
import json
import os
import re
import sys
import time

import smart
from live import LIMITS, Server, run, skip
from person import hale

PROGRAM = sys.argv[1]
SANITIZED = "SANITIZED" in os.environ  # too slow to be too many
server = None


def ask(token=None, address=None, path="Patient/none"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if address:
        headers["X-Forwarded-For"] = address
    connection.request("GET", "/fhir/" + path, None, headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheader("retry-after"), body


def flood(calls, lines, method="GET", path="Patient/none"):
    """So many calls on one connection, a hundred at a time: how often which status came."""
    counts = {}
    one = "".join(f"{l}\r\n" for l in (f"{method} /fhir/{path} HTTP/1.1", "Host: x", *lines, "")).encode()
    with server.connect(60) as sock:
        for _ in range(calls // 100):
            sock.sendall(one * 100)
            data, found = b"", []
            while len(found) < 100:
                more = sock.recv(1 << 20)
                assert more, data[-300:]
                data += more
                found = re.findall(rb"HTTP/1\.1 (\d+) ", data)
            for status in found:
                counts[int(status)] = counts.get(int(status), 0) + 1
    return counts


def records():
    lines = hale(PROGRAM, "audit", "report", "--data", server.folder).splitlines()
    return sum(json.loads(line)["interaction"] == "read" for line in lines)


def a_login_that_calls_too_often_waits_and_nobody_else():
    if SANITIZED:
        skip("too slow under a sanitizer")
    app = smart.clients["public"]
    first, second = (app.tokens(smart.people["house"], "user/*.rs")["access_token"] for _ in range(2))
    other = app.tokens(smart.people["anne"])["access_token"]
    before, began = records(), time.monotonic()
    counts = flood(LIMITS["LIMIT_LOGIN_CALLS"] * 3 // 2, [f"Authorization: Bearer {first}"])
    filled = (time.monotonic() - began) * LIMITS["LIMIT_LOGIN_CALLS"] / 60
    if 429 not in counts and filled > LIMITS["LIMIT_LOGIN_CALLS"] / 2 - 100:
        skip("this machine is too slow for it")
    assert set(counts) == {404, 429}, counts
    assert LIMITS["LIMIT_LOGIN_CALLS"] <= counts[404] <= LIMITS["LIMIT_LOGIN_CALLS"] + filled + 1, counts
    assert records() - before == counts[404], (records() - before, counts, "what was refused looked at nothing")
    burst = flood(400, [f"Authorization: Bearer {second}"])
    assert burst.get(429), ("another token of the same login", burst)
    for _ in range(50):
        status, after, body = ask(first)
        if status == 429:
            break
        flood(400, [f"Authorization: Bearer {first}"])
    assert status == 429 and int(after) >= 1 and json.loads(body)["resourceType"] == "OperationOutcome"
    assert ask(other, path="Patient/" + smart.patients["anne"])[0] == 200
    time.sleep(int(after))
    assert ask(first)[0] == 404, "a second later it goes on"


def a_network_that_calls_too_often_waits_and_nobody_else():
    if SANITIZED:
        skip("too slow under a sanitizer")
    there, limit = "X-Forwarded-For: 203.0.113.9", LIMITS["LIMIT_NETWORK_CALLS"]
    began = time.monotonic()
    counts = flood(limit * 3 // 2, [there], "OPTIONS", "Patient")
    filled = (time.monotonic() - began) * limit / 60
    if 429 not in counts and filled > limit / 2 - 100:
        skip("this machine is too slow for it")
    assert set(counts) == {204, 429}, counts
    assert limit <= counts[204] <= limit + filled + 1, (counts, filled)
    burst = flood(3000, ["X-Forwarded-For: 203.0.113.77"], "OPTIONS", "Patient")
    assert burst.get(429), ("its neighbour", burst)
    assert ask(address="198.51.100.9")[0] == 401
    assert ask()[0] == 401, "this machine"
    time.sleep(1)
    assert ask(address="203.0.113.9")[0] == 401


def the_owner_on_this_machine_is_not_limited():
    if SANITIZED:
        skip("too slow under a sanitizer")
    token = server.token("system/*.rs")
    counts = flood(LIMITS["LIMIT_LOGIN_CALLS"] * 2, [f"Authorization: Bearer {token}"])
    assert set(counts) == {404}, counts


TESTS = [a_login_that_calls_too_often_waits_and_nobody_else,
         a_network_that_calls_too_often_waits_and_nobody_else, the_owner_on_this_machine_is_not_limited]


def main():
    global server
    server = smart.server = Server(PROGRAM, "--behind-proxy")
    server.base = f"http://127.0.0.1:{server.port}"
    try:
        smart.prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
