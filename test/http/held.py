"""Answers that wait for their records together: in order, none lost, none early, whoever leaves."""

import concurrent.futures
import json
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

from life import get_bytes, make_certificate, post_bytes
from live import Server, read_answer, run

PROGRAM = sys.argv[1]


def make_patients(server, token, count):
    ids = []
    with server.connect() as sock:
        for number in range(count):
            sock.sendall(post_bytes(token, {"resourceType": "Patient",
                                            "multipleBirthInteger": number}))
            ids.append(json.loads(read_answer(sock).body)["id"])
    return ids


def records(folder):
    """Ids of patients that were read, as the audit log has them: one for each time."""
    report = subprocess.run([PROGRAM, "audit", "--data", folder, "report"], check=True,
                            capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in report.splitlines()]
    return [line["id"] for line in lines if line["interaction"] == "read"]


class Reader:
    """Reads whole answers from a stream that may hold several."""

    def __init__(self, sock):
        self.file = sock.makefile("rb")

    def answer(self):
        status = self.file.readline()
        if not status:
            return None
        length = 0
        while (line := self.file.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(status.split()[1]), self.file.read(length)


def what_was_asked_in_one_go_is_answered_in_order():
    server = Server(PROGRAM, "--quiet")
    try:
        token = server.token()
        ids = make_patients(server, token, 20)
        with server.connect() as sock:
            sock.sendall(b"".join(get_bytes(f"/fhir/Patient/{id}", token) for id in ids * 5))
            reader = Reader(sock)
            for id in ids * 5:
                status, body = reader.answer()
                assert status == 200 and json.loads(body)["id"] == id, (status, body)
        assert server.stop() == 0
        assert sorted(records(server.folder)) == sorted(ids * 5)
    finally:
        server.close()


def leave_at_once(server, token, id):
    """Asks, and resets the connection; sometimes before the request is there, sometimes behind it."""
    sock = server.connect()
    sock.sendall(get_bytes(f"/fhir/Patient/{id}", token))
    time.sleep(0.001 * (ord(id[-1]) % 3))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def who_leaves_meanwhile_does_no_harm():
    server = Server(PROGRAM, "--quiet")
    try:
        token = server.token()
        ids = make_patients(server, token, 8)

        def read(number):
            with server.connect() as sock:
                for i in range(60):
                    id = ids[(number + i) % len(ids)]
                    sock.sendall(get_bytes(f"/fhir/Patient/{id}", token))
                    answer = read_answer(sock)
                    assert answer.status == 200 and json.loads(answer.body)["id"] == id
            return 60

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            readers = [pool.submit(read, i) for i in range(8)]
            leavers = [pool.submit(leave_at_once, server, token, ids[i % 8]) for i in range(400)]
            answered = sum(job.result() for job in readers)
            for job in leavers:
                job.result()
        assert server.stop() == 0
        assert len(records(server.folder)) >= answered
    finally:
        server.close()


def a_long_answer_goes_out_under_tls_while_others_wait():
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        server = Server(PROGRAM, "--quiet", "--tls-certificate", certificate, "--tls-key", key)
        try:
            token = server.token()
            context = ssl.create_default_context(cafile=certificate)
            done = threading.Event()

            def connect():
                return context.wrap_socket(server.connect(), server_hostname="127.0.0.1")

            with connect() as sock:
                long = {"resourceType": "Binary", "contentType": "text/plain", "data": "QUFB" * 500000}
                body = json.dumps(long).encode()
                sock.sendall(f"POST /fhir/Binary HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}"
                             "\r\nContent-Type: application/fhir+json\r\nContent-Length: "
                             f"{len(body)}\r\n\r\n".encode() + body)
                id = json.loads(read_answer(sock).body)["id"]

            def read_on():
                with connect() as sock:
                    while not done.is_set():
                        sock.sendall(get_bytes("/fhir/Patient/nobody", token))
                        assert read_answer(sock).status == 404

            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                jobs = [pool.submit(read_on) for _ in range(6)]
                try:
                    with connect() as sock:
                        start = time.monotonic()
                        for _ in range(3):
                            sock.sendall(get_bytes(f"/fhir/Binary/{id}", token)[:-2]
                                         + b"Accept: application/fhir+json\r\n\r\n")
                            answer = read_answer(sock)
                            assert answer.status == 200 and len(answer.body) > 2000000
                        assert time.monotonic() - start < 20
                finally:
                    done.set()
                for job in jobs:
                    job.result()
        finally:
            server.close()


def what_was_answered_is_in_the_log_after_kill():
    server = Server(PROGRAM, "--quiet")
    try:
        token = server.token()
        ids = make_patients(server, token, 16)

        def read(id):
            count = 0
            with server.connect() as sock:
                try:
                    while True:
                        sock.sendall(get_bytes(f"/fhir/Patient/{id}", token))
                        if not read_answer(sock):
                            return id, count
                        count += 1
                except OSError:
                    return id, count

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            jobs = [pool.submit(read, id) for id in ids]
            time.sleep(1)
            server.stop(signal.SIGKILL)
            answered = dict(job.result() for job in jobs)
        kept = records(server.folder)
        assert sum(answered.values()) > 100
        for id, count in answered.items():
            assert kept.count(id) >= count, (id, kept.count(id), count)
            assert kept.count(id) <= count + 1, "a record of a read nobody asked for"
    finally:
        server.close()


def the_end_waits_for_what_is_held():
    server = Server(PROGRAM, "--quiet")
    try:
        token = server.token()
        ids = make_patients(server, token, 4)
        ending = threading.Event()

        def read(id):
            refused = 0
            while not refused:
                with server.connect() as sock:
                    sock.sendall(get_bytes(f"/fhir/Patient/{id}", token))
                    answer = read_answer(sock)
                    assert answer or ending.is_set(), "a connection ended without an answer"
                    refused = not answer

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(read, id) for id in ids]
            time.sleep(0.3)
            ending.set()
            assert server.stop() == 0
            for job in jobs:
                assert job.exception() is None or isinstance(job.exception(), OSError)
    finally:
        server.close()


TESTS = [
    what_was_asked_in_one_go_is_answered_in_order,
    who_leaves_meanwhile_does_no_harm,
    a_long_answer_goes_out_under_tls_while_others_wait,
    what_was_answered_is_in_the_log_after_kill,
    the_end_waits_for_what_is_held,
]

if __name__ == "__main__":
    sys.exit(run(TESTS, sys.argv[2:]))
