"""life.py PROGRAM [WORD…]: how a server begins, serves many, and ends.

What it refuses to do at the start, TLS, ten thousand idle connections, a full queue, SIGTERM in the
middle of work, what is in its log. Issue items 5, 8; security research 1.2, B10, D2.
"""

import concurrent.futures
import json
import os
import resource
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time

from live import LIMITS, OwnerConnection, Server, read_answer, run

PROGRAM = sys.argv[1]
PATIENT = {"resourceType": "Patient", "name": [{"family": "Canarybird", "given": ["Tweety"]}],
           "identifier": [{"system": "urn:canary", "value": "CANARY-4711"}]}
SANITIZED = bool(os.environ.get("SANITIZED"))


def post_bytes(token, body):
    body = json.dumps(body).encode()
    return (f"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode() + body


def get_bytes(path, token=None):
    login = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{login}\r\n".encode()


def status_kilobytes(server, name):
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith(name):
            return int(line.split()[1])
    raise AssertionError(name)


def start_refused(*options, folder=None):
    """`hale serve` does not start; its exit status and what it said."""
    with tempfile.TemporaryDirectory() as temporary:
        done = subprocess.run([PROGRAM, "serve", "--data", folder or temporary + "/data", *options],
                              capture_output=True, text=True, timeout=60)
        assert "listening" not in done.stdout, done.stdout
        assert done.returncode in (1, 2), done.returncode
        assert done.stderr.count("\n") == 1, done.stderr
        return done.returncode, done.stderr


# ---- beginning ----

def plain_http_beyond_this_machine_is_refused():
    status, said = start_refused("--listen", "0.0.0.0:0")
    assert status == 1 and "--tls-certificate" in said and "--behind-proxy" in said, said


def a_proxy_in_front_makes_it_fine():
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([PROGRAM, "serve", "--data", folder + "/data", "--listen",
                                    "0.0.0.0:0", "--behind-proxy", "--quiet"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline().startswith("listening on http://0.0.0.0:")
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            process.stdout.close()


def wrong_usage_is_refused_in_one_sentence():
    for options in (["--listen", "nonsense"], ["--listen", "127.0.0.1:99999"],
                    ["--tls-key", "/nowhere"], ["--tls-certificate", "/nowhere"],
                    ["--base-url", "ehr.example.org"], ["--workers", "0"], ["--workers", "x"],
                    ["--nonsense"], ["--quiet=yes"], ["surplus"]):
        start_refused(*options)


def a_folder_in_use_is_refused():
    server = Server(PROGRAM)
    try:
        status, said = start_refused("--listen", "127.0.0.1:0", folder=server.folder)
        assert status == 1, said
        assert server.token(), "the one that runs was disturbed"
    finally:
        server.close()


def a_port_in_use_is_refused():
    server = Server(PROGRAM)
    try:
        status, said = start_refused("--listen", f"127.0.0.1:{server.port}")
        assert status == 1 and "--listen" in said, said
    finally:
        server.close()


def it_is_ready_soon_and_small():
    server = Server(PROGRAM)
    server.stop()
    started = time.monotonic()
    again = Server(PROGRAM, folder=server.folder)
    try:
        took = time.monotonic() - started
        with again.connect() as sock:
            sock.sendall(get_bytes("/health"))
            assert read_answer(sock).status == 200
        if not SANITIZED:
            assert took < 1, took
            assert status_kilobytes(again, "VmRSS") < 64 * 1024
    finally:
        again.close()
        server.close()


def files_are_for_the_owner_alone():
    server = Server(PROGRAM)
    try:
        assert stat.S_IMODE(os.stat(server.folder).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(server.folder + "/hale.sock").st_mode) == 0o600
    finally:
        server.close()


def the_owners_socket_is_no_way_around_http_rules():
    server = Server(PROGRAM)
    try:
        connection = OwnerConnection(server.folder + "/hale.sock")
        connection.request("GET", "/owner/facts")
        answer = connection.getresponse()
        assert answer.status == 200 and "cipher" in json.loads(answer.read())
        connection.request("GET", "/owner/token")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 405
    finally:
        server.close()


# ---- TLS ----

def make_certificate(folder):
    key, certificate = folder + "/key.pem", folder + "/certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    os.chmod(key, 0o600)
    return certificate, key


def tls_is_new_and_strong_only():
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        server = Server(PROGRAM, "--tls-certificate", certificate, "--tls-key", key)
        try:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = ssl.create_default_context(cafile=certificate)
                context.minimum_version = context.maximum_version = version
                with context.wrap_socket(server.connect(), server_hostname="127.0.0.1") as sock:
                    name = sock.cipher()[0]
                    assert "GCM" in name or "CHACHA20" in name, name
                    assert "ECDHE" in name or name.startswith("TLS_"), name
                    sock.sendall(get_bytes("/health"))
                    answer = read_answer(sock)
                    assert answer.status == 200
                    assert "max-age=" in answer.headers["strict-transport-security"]
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.set_ciphers("ALL:@SECLEVEL=0")
            for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                refused_handshake(server, old, version)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
            for weak in ("AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"):
                old.set_ciphers(weak + ":@SECLEVEL=0")
                refused_handshake(server, old)
            with server.connect() as sock:
                sock.sendall(get_bytes("/health"))
                sock.settimeout(15)
                assert b"HTTP/1.1 200" not in (sock.recv(100) or b"")
        finally:
            server.close()


def a_body_that_grows_too_long_under_tls_is_refused():
    chunk = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        server = Server(PROGRAM, "--tls-certificate", certificate, "--tls-key", key)
        try:
            context = ssl.create_default_context(cafile=certificate)
            with context.wrap_socket(server.connect(), server_hostname="127.0.0.1") as sock:
                sock.sendall(f"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                             f"{server.token()}\r\nContent-Type: application/fhir+json\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n".encode())
                try:
                    for _ in range(LIMITS["LIMIT_BODY_BYTES"] // 2**20 + 4):
                        sock.sendall(chunk)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                    pass
                answer = read_answer(sock)
                assert answer and answer.status == 413, answer
                answer.outcome()
                sock.settimeout(15)
                assert sock.recv(1) == b""
            with context.wrap_socket(server.connect(), server_hostname="127.0.0.1") as sock:
                sock.sendall(b"GET /health\r\nHost: x\r\n\r\n")
                answer = read_answer(sock)
                assert answer.status == 400, answer.status
                answer.outcome()
        finally:
            server.close()


def refused_handshake(server, context, version=None):
    if version:
        context.maximum_version = context.minimum_version = version
    try:
        with context.wrap_socket(server.connect()) as sock:
            raise AssertionError(f"{sock.version()} {sock.cipher()} was agreed to")
    except (ssl.SSLError, ConnectionResetError):
        pass


def a_key_others_can_read_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        os.chmod(key, 0o644)
        status, said = start_refused("--listen", "127.0.0.1:0", "--tls-certificate", certificate,
                                     "--tls-key", key)
        assert status == 1 and "chmod 600" in said, said


def a_key_of_another_certificate_is_refused():
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        certificate, _ = make_certificate(first)
        _, key = make_certificate(second)
        start_refused("--listen", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key)


# ---- many ----

def ten_thousand_idle_connections_are_kept():
    wanted = 10000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted + 1000:
        wanted = hard - 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, wanted + 1000), hard))
    server = Server(PROGRAM, "--quiet")
    idle = []
    try:
        before = status_kilobytes(server, "VmRSS")
        for _ in range(wanted):
            sock = server.connect()
            sock.sendall(get_bytes("/health"))
            idle.append(sock)
            if len(idle) % 500 == 0:
                for waiting in idle[-500:]:
                    assert read_answer(waiting).status == 200
        grown = (status_kilobytes(server, "VmRSS") - before) / 1024
        times = []
        for _ in range(200):
            started = time.monotonic()
            with server.connect() as sock:
                sock.sendall(get_bytes("/health"))
                assert read_answer(sock).status == 200
            times.append(time.monotonic() - started)
        ticks = sum(map(int, open(f"/proc/{server.process.pid}/stat").read().split()[13:15]))
        time.sleep(5)
        spent = sum(map(int, open(f"/proc/{server.process.pid}/stat").read().split()[13:15])) - ticks
        share = spent / os.sysconf("SC_CLK_TCK") / 5
        print(f"  {wanted} idle connections: {grown:.0f} MB, {share:.1%} of a core, a new one "
              f"{sorted(times)[-2] * 1000:.1f} ms")
        if not SANITIZED:
            assert grown < 350, grown
            assert share < 0.05, share
            assert sorted(times)[-2] < 0.25, sorted(times)[-5:]
        for sock in idle[::997]:
            sock.sendall(get_bytes("/health"))
            assert read_answer(sock).status == 200
    finally:
        for sock in idle:
            sock.close()
        server.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def a_full_queue_is_said_and_passes():
    server = Server(PROGRAM, "--quiet", "--workers", "1")
    sockets = []
    try:
        token = server.token()
        data = post_bytes(token, PATIENT)
        for _ in range(900):
            sockets.append(server.connect(timeout=60))
        for _ in range(3):
            for sock in sockets:
                sock.sendall(data)
            statuses = [read_answer(sock) for sock in sockets]
            kinds = {answer.status for answer in statuses}
            assert kinds <= {201, 503}, kinds
            for answer in statuses:
                if answer.status == 503:
                    assert answer.headers["retry-after"]
                    answer.outcome()
            if 503 in kinds:
                break
        assert 503 in kinds, "the queue never was full"
        assert 201 in kinds
        for _ in range(100):
            sockets[0].sendall(data)
            if read_answer(sockets[0]).status == 201:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("it stayed busy")
    finally:
        for sock in sockets:
            sock.close()
        server.close()


# ---- ending ----

def calls_under_way_are_finished():
    server = Server(PROGRAM, "--quiet")
    sockets = []
    try:
        token = server.token()
        for i in range(64):
            sock = server.connect(timeout=30)
            sock.sendall(get_bytes("/health"))
            assert read_answer(sock).status == 200
            sockets.append(sock)
        for i, sock in enumerate(sockets):
            sock.sendall(post_bytes(token, {**PATIENT, "id": f"p{i}"}))
        server.process.send_signal(signal.SIGTERM)
        kept = []
        for sock in sockets:
            answer = read_answer(sock)
            if answer and answer.status == 201:
                kept.append(json.loads(answer.body)["id"])
                assert answer.headers.get("connection", "close") == "close"
            else:
                assert answer is None or answer.status == 503, answer.status
        assert server.process.wait(20) == 0
        assert len(kept) > 32, len(kept)
        again = Server(PROGRAM, "--quiet", folder=server.folder)
        try:
            with again.connect() as sock:
                for id in kept:
                    sock.sendall(get_bytes(f"/fhir/Patient/{id}", token))
                    assert read_answer(sock).status == 200
            assert again.stop() == 0
        finally:
            again.close()
    finally:
        for sock in sockets:
            sock.close()
        server.close()


def idle_connections_do_not_hold_the_end_up():
    server = Server(PROGRAM, "--quiet")
    sockets = [server.connect() for _ in range(50)]
    try:
        sockets[0].sendall(b"GET /health HTTP/1.1\r\nHo")
        time.sleep(0.2)
        started = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
        assert time.monotonic() - started < 5
        assert not os.path.exists(server.folder + "/hale.sock")
    finally:
        for sock in sockets:
            sock.close()
        server.close()


def what_was_acknowledged_survives_kill():
    server = Server(PROGRAM, "--quiet")
    try:
        token = server.token()

        def write(number):
            kept = []
            with server.connect() as sock:
                for i in range(100):
                    try:
                        sock.sendall(post_bytes(token, PATIENT))
                        answer = read_answer(sock)
                    except OSError:
                        break
                    if not answer:
                        break
                    assert answer.status == 201, answer.status
                    kept.append(json.loads(answer.body)["id"])
            return kept

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(write, i) for i in range(8)]
            time.sleep(0.7)
            server.stop(signal.SIGKILL)
            kept = [id for job in jobs for id in job.result()]
        assert kept, "nothing was written"
        again = Server(PROGRAM, "--quiet", folder=server.folder)
        try:
            with again.connect() as sock:
                for id in kept:
                    sock.sendall(get_bytes(f"/fhir/Patient/{id}", token))
                    assert read_answer(sock).status == 200, id
        finally:
            again.close()
    finally:
        server.close()


# ---- the log ----

def the_log_holds_nothing_of_a_patient():
    server = Server(PROGRAM)
    try:
        token = server.token()
        with server.connect() as sock:
            sock.sendall(post_bytes(token, PATIENT))
            id = json.loads(read_answer(sock).body)["id"]
            for path in (f"/fhir/Patient/{id}", "/fhir/Patient?family=Canarybird",
                         "/fhir/Patient?identifier=urn:canary|CANARY-4711", "/Canarybird",
                         "/fhir/Canarybird/1", "/fhir/Patient/Canarybird%zz"):
                sock.sendall(get_bytes(path, token))
                read_answer(sock)
        server.stop()
        text = server.log_text()
        lines = [json.loads(line) for line in text.splitlines()]
        calls = [line for line in lines if line["event"] == "call"]
        assert len(calls) == 8, len(calls)
        for call in calls:
            for name in ("time", "id", "method", "route", "status", "us", "bytes"):
                assert name in call, call
        for secret in ("Canarybird", "Tweety", "CANARY-4711", "urn:canary", token, id):
            assert secret not in text, secret
    finally:
        server.close()


def quiet_means_no_line_for_each_call():
    server = Server(PROGRAM, "--quiet")
    try:
        with server.connect() as sock:
            sock.sendall(get_bytes("/health"))
            assert read_answer(sock).status == 200
        server.stop()
        assert '"call"' not in server.log_text()
    finally:
        server.close()


TESTS = [
    plain_http_beyond_this_machine_is_refused,
    a_proxy_in_front_makes_it_fine,
    wrong_usage_is_refused_in_one_sentence,
    a_folder_in_use_is_refused,
    a_port_in_use_is_refused,
    it_is_ready_soon_and_small,
    files_are_for_the_owner_alone,
    the_owners_socket_is_no_way_around_http_rules,
    tls_is_new_and_strong_only,
    a_body_that_grows_too_long_under_tls_is_refused,
    a_key_others_can_read_is_refused,
    a_key_of_another_certificate_is_refused,
    ten_thousand_idle_connections_are_kept,
    a_full_queue_is_said_and_passes,
    calls_under_way_are_finished,
    idle_connections_do_not_hold_the_end_up,
    what_was_acknowledged_survives_kill,
    the_log_holds_nothing_of_a_patient,
    quiet_means_no_line_for_each_call,
]

if __name__ == "__main__":
    sys.exit(run(TESTS, sys.argv[2:]))
