"""Calls that take long: answered whole, counted once, and nobody else waits behind them."""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

from life import get_bytes
from live import LIMITS, Server, read_answer, run

PROGRAM = sys.argv[1]
LONG = "/fhir/Patient?_count=1000&_revinclude=*"


def folder_with_records(parent):
    folder = os.path.join(parent, "data")
    records = os.path.join(parent, "records.ndjson")
    subprocess.run([PROGRAM, "generate", "--patients", "3", "--seed", "7", "--ndjson", records],
                   check=True, capture_output=True)
    subprocess.run([PROGRAM, "import", "--data", folder, records], check=True, capture_output=True)
    return folder


def ask(server, token, path, timeout=120):
    with server.connect(timeout=timeout) as sock:
        sock.sendall(get_bytes(path, token))
        return read_answer(sock)


def long_calls(server):
    text = ask(server, None, "/metrics").body.decode()
    return int(re.search(r"^hale_http_long_total (\d+)", text, re.M)[1])


def searches(folder):
    report = subprocess.run([PROGRAM, "audit", "--data", folder, "report"], check=True,
                            capture_output=True, text=True).stdout
    return [line for line in map(json.loads, report.splitlines())
            if line["interaction"] == "search-type"]


def a_long_call_is_answered_whole_and_audited_once():
    with tempfile.TemporaryDirectory() as parent:
        server = Server(PROGRAM, "--quiet", folder=folder_with_records(parent))
        try:
            token = server.token()
            answer = ask(server, token, LONG)
            assert answer.status == 200, answer.body[:300]
            entries = collections.Counter(entry["search"]["mode"]
                                          for entry in json.loads(answer.body)["entry"])
            assert entries["match"] == 3 and entries["include"] > 500, entries
            assert long_calls(server) == 1
            assert ask(server, token, "/fhir/Patient?_count=1").status == 200
            assert long_calls(server) == 1, "a short call was taken for a long one"
            assert server.stop() == 0
            assert len(searches(server.folder)) == 2
        finally:
            server.close()


def one_who_asks_much_keeps_nobody_waiting():
    with tempfile.TemporaryDirectory() as parent:
        server = Server(PROGRAM, "--quiet", folder=folder_with_records(parent))
        try:
            greedy, other = server.token(), server.token()
            order = []

            def long_one(token, name):
                answer = ask(server, token, LONG)
                order.append(name)
                if answer.status != 200:
                    assert answer.status == 503 and answer.headers["retry-after"], answer.status
                    answer.outcome()
                return answer.status

            with concurrent.futures.ThreadPoolExecutor(40) as pool:
                many = [pool.submit(long_one, greedy, "greedy") for _ in range(30)]
                while long_calls(server) < LIMITS["LIMIT_LONG_CALLS"] // 4:
                    assert not all(job.done() for job in many), "none of them was long"
                assert pool.submit(long_one, other, "other").result() == 200
                assert "greedy" in order[order.index("other"):] or len(order) < 31
                statuses = collections.Counter(job.result() for job in many)
            assert statuses[200] >= 2, statuses
            assert statuses[200] + statuses[503] == 30, statuses
            assert statuses[503], "as many waited as liked to"
        finally:
            server.close()


def the_end_waits_for_long_calls():
    with tempfile.TemporaryDirectory() as parent:
        server = Server(PROGRAM, "--quiet", folder=folder_with_records(parent))
        try:
            token = server.token()
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                jobs = [pool.submit(ask, server, token, LONG) for _ in range(3)]
                while long_calls(server) < 1:
                    pass
                assert server.stop() == 0
                assert [job.result().status for job in jobs] == [200] * 3
        finally:
            server.close()


TESTS = [
    a_long_call_is_answered_whole_and_audited_once,
    one_who_asks_much_keeps_nobody_waiting,
    the_end_waits_for_long_calls,
]

if __name__ == "__main__":
    sys.exit(run(TESTS, sys.argv[2:]))
