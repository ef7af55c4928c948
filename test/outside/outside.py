"""What the checks from outside share: running the program, asking the server, counting.

These checks know Hale only by its command line and its FHIR interface, and work out by themselves,
from the files, what should come back.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(os.environ.get("SOURCE", pathlib.Path(__file__).resolve().parents[2]))
PACKAGES = pathlib.Path(os.environ.get("PACKAGES", SOURCE / "definitions" / "node_modules"))
DATA = pathlib.Path(os.environ.get("DATA", SOURCE.parent / "shared" / "data"))
HALE = os.environ.get("HALE", str(SOURCE / "build" / "release" / "hale"))

MAX_FAILURES_TOLD = 30


class Counter:
    """Counts checks; says which failed, and at the end how many there were."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, good, *what):
        if good:
            self.passed += 1
            return True
        self.failed += 1
        if self.failed <= MAX_FAILURES_TOLD:
            print("FAILED", *what, flush=True)
        return False

    def equal(self, actual, expected, *what):
        return self.check(actual == expected, *what, "is", short(actual), "not", short(expected))

    def skip(self, reason):
        self.skipped += 1
        print("skipped:", reason, flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed else 0)


def short(value):
    text = repr(value)
    return text if len(text) < 300 else text[:300] + "…"


class Number(str):
    """A JSON number by its digits: 1.0 and 1.00 differ."""


def parse(text):
    return json.loads(text, parse_float=Number, parse_int=Number)


def compact(value):
    """JSON text again, digits as they were."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + compact(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value)


def without_server_meta(resource):
    """The resource without what the server owns: meta.versionId and meta.lastUpdated."""
    meta = {k: v for k, v in resource.get("meta", {}).items()
            if k not in ("versionId", "lastUpdated")}
    rest = {k: v for k, v in resource.items() if k != "meta"}
    return {**rest, "meta": meta} if meta else rest


def unpack(path):
    """The lines of a file packed with zstd, or None if there is no program to unpack it."""
    program = shutil.which("zstd")
    if not program or not path.exists():
        return None
    return subprocess.run([program, "-dc", "--long=27", str(path)], check=True,
                          stdout=subprocess.PIPE).stdout


def unpack_folder(path, target):
    """Unpacks a .tar.zst into a folder. False if that cannot be done here."""
    data = unpack(path)
    if data is None:
        return False
    subprocess.run(["tar", "x", "-C", str(target)], input=data, check=True)
    return True


class Folder:
    """A temporary folder that goes with its user."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="hale-outside-"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def hale(*words, **more):
    return subprocess.run([HALE, *map(str, words)], text=True, capture_output=True, **more)


class Server:
    """A server on a data folder, with a token that may do everything."""

    def __init__(self, data):
        made = hale("token", "--data", data, "--scope", "system/*.cruds system/AuditEvent.cruds")
        if made.returncode != 0:
            raise RuntimeError("hale token: " + made.stderr)
        self.token = made.stdout.strip()
        self.process = subprocess.Popen(
            [HALE, "serve", "--data", str(data), "--listen", "127.0.0.1:0", "--quiet"],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on http://"):
                self.address = line.split("http://")[1].split()[0].rstrip("/")
                break
        else:
            raise RuntimeError("the server did not start")
        self.connection = http.client.HTTPConnection(self.address, timeout=120)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, text) of a call below /fhir."""
        every = {"Authorization": "Bearer " + self.token, "Accept": "application/fhir+json",
                 **(headers or {})}
        if body is not None:
            every.setdefault("Content-Type", "application/fhir+json")
            body = body.encode() if isinstance(body, str) else body
        try:
            self.connection.request(method, "/fhir" + path, body, every)
            response = self.connection.getresponse()
        except http.client.RemoteDisconnected:
            if method != "GET":
                raise
            self.connection.close()  # it was idle for too long: once more, on a new one
            self.connection.request(method, "/fhir" + path, body, every)
            response = self.connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode(errors="replace")

    def get(self, path):
        status, _, text = self.ask("GET", path)
        return status, parse(text) if text else None

    def pages(self, path):
        """All entries of a searchset or history, following next links."""
        entries = []
        while path:
            status, bundle = self.get(path)
            if status != 200:
                raise RuntimeError(f"GET {path}: {status}")
            entries += bundle.get("entry", [])
            links = [link["url"] for link in bundle.get("link", []) if link["relation"] == "next"]
            path = links[0].split("/fhir", 1)[1] if links else None
        return entries

    def total(self, kind):
        status, bundle = self.get(f"/{kind}?_summary=count")
        return int(bundle["total"]) if status == 200 else None


def wait_a_little():
    time.sleep(0.05)
