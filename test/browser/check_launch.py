"""check_launch.py PROGRAM [WORD…]: fhirclient, as published, in Chromium: standalone and EHR launch.

Skips, saying so, where Chromium, Node or the packages of this folder are not there.
"""

import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))

import launch  # noqa: E402
import smart  # noqa: E402
from live import Server, run  # noqa: E402
from person import hale  # noqa: E402

PROGRAM = sys.argv[1]
LIBRARY = HERE / "node_modules" / "fhirclient" / "build" / "fhir-client.js"
CHROMIUM = shutil.which("chromium")
server = None
settings = {}


class Pages(http.server.SimpleHTTPRequestHandler):
    """The app's own pages."""

    def do_GET(self):
        files = {"/index.html": HERE / "index.html", "/fhir-client.js": LIBRARY}
        path = self.path.partition("?")[0]
        if path == "/app.json":
            body, kind = json.dumps(settings).encode(), "application/json"
        elif path in files:
            body = files[path].read_bytes()
            kind = "text/html" if path.endswith("html") else "text/javascript"
        else:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
threading.Thread(target=pages.serve_forever, daemon=True).start()
APP = f"http://127.0.0.1:{pages.server_port}"


def browse(start, person, code=None):
    order = {"chromium": CHROMIUM, "start": start, "name": person, "password": smart.PASSWORD,
             "code": code}
    done = subprocess.run(["node", str(HERE / "launch.mjs")], input=json.dumps(order), text=True,
                          capture_output=True, timeout=120, cwd=HERE)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert done.stdout.startswith("{"), done.stdout
    return json.loads(done.stdout)


def a_patient_opens_an_app_by_itself():
    said = browse(APP + "/index.html?start=1", "anne")
    assert said["patient"] == smart.patients["anne"] and said["name"] == "anne", said
    assert said["observations"] == 1 and said["refreshed"] is True
    assert said["user"] == "Patient/" + smart.patients["anne"]


def a_practitioner_starts_an_app_from_the_record():
    status, said = launch.start(launch.own_token("house"), client="browser",
                                patient=smart.patients["bert"], encounter=launch.encounters["bert"])
    assert status == 201, said
    shown = browse(said["url"], "house", smart.people["house"].code())
    assert shown["patient"] == smart.patients["bert"] and shown["name"] == "bert", shown
    assert shown["encounter"] == launch.encounters["bert"] and shown["observations"] == 1
    assert shown["user"] == "Practitioner/1"


def prepare():
    launch.server = server
    launch.prepare()
    owner = server.token()
    smart.fhir(owner, "Practitioner/1", "PUT", {"resourceType": "Practitioner", "id": "1",
                                                "name": [{"family": "House"}]})
    hale(PROGRAM, "client", "add", "--id", "browser", "--name", "In a browser", "--redirect",
         APP + "/index.html", "--launch-url", APP + "/index.html", "--scope",
         "launch launch/patient patient/*.rs user/*.rs openid fhirUser offline_access", "--data",
         server.folder)
    settings.update({
        "clientId": "browser",
        "ehr": {"scope": "launch patient/*.rs user/Practitioner.r openid fhirUser offline_access"},
        "alone": {"iss": server.base + "/fhir",
                  "scope": "launch/patient patient/*.rs openid fhirUser offline_access"}})


TESTS = [a_patient_opens_an_app_by_itself, a_practitioner_starts_an_app_from_the_record]


def main():
    global server
    if not (CHROMIUM and shutil.which("node") and LIBRARY.exists()):
        print("Chromium, Node or the packages of test/browser are not there")
        print(f"0 passed, 0 failed, {len(TESTS)} skipped")
        return 0
    server = smart.server = Server(PROGRAM)
    server.base = f"http://127.0.0.1:{server.port}"
    try:
        prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()
        pages.shutdown()


if __name__ == "__main__":
    sys.exit(main())
