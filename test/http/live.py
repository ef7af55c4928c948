"""A live server for tests that speak to it with raw sockets, and a way to say how they went."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import traceback

LIMITS = {name: eval(value, {"__builtins__": {}}) for name, value in re.findall(
    r"LIMIT\((LIMIT_\w+), ([\d* ]+),",
    (pathlib.Path(__file__).parents[2] / "src/base/limits.h").read_text())}


# Whether a server's clock can be moved: not under a sanitizer (test/http/later.c).
CAN_MOVE_TIME = "LATER" in os.environ


class OwnerConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("owner", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Server:
    """`hale serve` on a folder of its own and a free port, or the one given."""

    def __init__(self, program, *options, folder=None, port=0):
        self.program = program
        self.temporary = None if folder else tempfile.TemporaryDirectory(prefix="hale-http-")
        self.folder = folder or os.path.join(self.temporary.name, "data")
        self.log = tempfile.TemporaryFile("w+")
        self.clock = tempfile.NamedTemporaryFile(prefix="hale-clock-")
        self.clock.write(bytes(8))
        self.clock.flush()
        environment = dict(os.environ)
        if CAN_MOVE_TIME:
            environment.update(LD_PRELOAD=os.environ["LATER"], LATER_FILE=self.clock.name)
        self.process = subprocess.Popen(
            [program, "serve", "--data", self.folder, "--listen", f"127.0.0.1:{port}",
             *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on (https?)://(?:127\.0\.0\.1|localhost):(\d+)\n", line)
        if not match:
            self.process.wait()
            raise RuntimeError(f"the server did not start: {line!r} {self.log_text()}")
        self.port = int(match[2])

    def log_text(self):
        self.log.seek(0)
        return self.log.read()

    def later(self, seconds):
        """From now on the server's wall clock is that much ahead of the machine's."""
        assert CAN_MOVE_TIME
        self.clock.seek(0)
        self.clock.write(seconds.to_bytes(8, sys.byteorder, signed=True))
        self.clock.flush()

    def token(self, scope="system/*.cruds"):
        connection = OwnerConnection(os.path.join(self.folder, "hale.sock"))
        connection.request("POST", "/owner/token", json.dumps({"scope": scope}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)["token"]

    def connect(self, timeout=15):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def is_alive(self):
        return self.process.poll() is None

    def stop(self, how=signal.SIGTERM, wait=20):
        if self.is_alive():
            self.process.send_signal(how)
        status = self.process.wait(wait)
        self.process.stdout.close()
        return status

    def close(self):
        try:
            self.stop(signal.SIGKILL)
        finally:
            self.log.close()
            self.clock.close()
            if self.temporary:
                self.temporary.cleanup()


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def outcome(self):
        document = json.loads(self.body)
        assert document["resourceType"] == "OperationOutcome", document
        return document


def read_answer(sock, to_head=False):
    """One answer from a socket; None if the connection ends before one."""
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            more = sock.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split()[1])
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if status == 100:
        return Answer(100, headers, b"")
    length = 0 if to_head or status in (204, 304) else int(headers.get("content-length", 0))
    while len(body) < length:
        more = sock.recv(65536)
        if not more:
            break
        body += more
    return Answer(status, headers, body)


def is_closed(sock, timeout=5):
    """Whether the other side ends the connection, saying nothing more."""
    sock.settimeout(timeout)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


class Skipped(Exception):
    """A test cannot be held here."""


def skip(reason):
    raise Skipped(reason)


def run(tests, arguments):
    """Calls each function; prints what failed and the line of figures tools/run_tests reads."""
    wanted = [word for word in arguments if not word.startswith("-")]
    passed = failed = skipped = 0
    for test in tests:
        name = test.__name__
        if wanted and not any(word in name for word in wanted):
            continue
        try:
            test()
            passed += 1
        except Skipped as reason:
            skipped += 1
            print(f"skipped {name}: {reason}")
        except Exception:
            failed += 1
            print(f"FAILED {name}")
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
