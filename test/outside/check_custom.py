#!/usr/bin/env python3
"""Search parameters of the practice's own, from outside: made over HTTP while there are records,
stopped by kill -9 in the middle, gone on with, searched in every way, and compared with a count
made here of the same records."""

import json
import signal
import time
from urllib.parse import quote

from outside import Counter, Folder, Server, hale

PATIENTS = 3000
SECONDS_MAX = 120
COLOUR = "http://clinic.example/colour"


def colour_of(i):
    return ("red", "green", "blue", None)[i % 4]


def records():
    for i in range(PATIENTS):
        patient = {"resourceType": "Patient", "id": f"p{i}", "gender": ("female", "male")[i % 2],
                   "name": [{"family": f"Family{i % 50}", "use": "official"},
                            {"family": f"Maiden{i % 7}", "use": "maiden"}]}
        if colour_of(i):
            patient["extension"] = [{"url": COLOUR, "valueCode": colour_of(i)}]
        yield patient
        yield {"resourceType": "Observation", "id": f"b{i}", "status": "final",
               "code": {"coding": [{"system": "urn:s", "code": f"c{i % 5}"}]},
               "subject": {"reference": f"Patient/p{i}"},
               "valueQuantity": {"value": i, "unit": "g", "system": "urn:u", "code": "g"}}


def parameter(name, base, kind, expression, **more):
    return {"resourceType": "SearchParameter", "id": name, "url": f"https://clinic.example/{name}",
            "name": name, "status": "active", "description": name, "code": name, "base": base,
            "type": kind, "expression": expression, **more}


PARAMETERS = [
    parameter("colour", ["Patient"], "token", f"Patient.extension('{COLOUR}').value"),
    parameter("maiden", ["Patient"], "string", "Patient.name.where(use = 'maiden').family"),
    parameter("whose", ["Observation"], "reference",
              "Observation.subject.where(resolve() is Patient)"),
    parameter("amount", ["Observation"], "quantity", "(Observation.value as Quantity)"),
    parameter("code-amount", ["Observation"], "composite", "Observation", component=[
        {"definition": "http://hl7.org/fhir/SearchParameter/clinical-code", "expression": "code"},
        {"definition": "https://clinic.example/amount", "expression": "value.as(Quantity)"}]),
]

REFUSED = [
    (422, "character 9", parameter("x", ["Patient"], "string", "Patient.nmae")),
    (422, "SearchParameter.type", parameter("x", ["Patient"], "date", "Patient.name")),
    (422, "SearchParameter.code", {**parameter("_x", ["Patient"], "string", "Patient.name"),
                                   "id": "x"}),
    (409, "SearchParameter.code", parameter("gender", ["Patient"], "token", "Patient.gender")),
    (409, "SearchParameter.code",
     {**parameter("colour", ["Patient"], "token", "Patient.gender"), "id": "another"}),
    (422, "SearchParameter.expression", {k: v for k, v in parameter(
        "x", ["Patient"], "token", "").items() if k != "expression"}),
]


class Talk:
    """Calls with their answers as JSON."""

    def __init__(self, server, counter):
        self.server, self.counter = server, counter

    def call(self, method, path, body=None, token=None):
        headers = {"Authorization": "Bearer " + (token or self.server.token),
                   "Content-Type": "application/fhir+json"}
        connection = self.server.connection
        connection.request(method, "/fhir/" + path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}

    def total(self, path, token=None):
        status, body = self.call("GET", path + "&_total=accurate&_count=0", token=token)
        return body.get("total", (status, body))

    def wait_for(self, path):
        """Until a search is answered; how often it was refused before, always as it must be."""
        until, refused = time.time() + SECONDS_MAX, 0
        while time.time() < until:
            status, body = self.call("GET", path)
            if status == 200:
                return refused
            issue = body["issue"][0]
            self.counter.check(status == 503 and issue["code"] == "transient"
                               and "is being made: " in issue["details"]["text"], path, body)
            refused += 1
            time.sleep(0.02)
        raise RuntimeError(path + " was not made in time")


def check_searches(talk, c):
    every = range(PATIENTS)
    for colour in ("red", "green", "blue"):
        c.equal(talk.total(f"Patient?colour={colour}"),
                sum(colour_of(i) == colour for i in every), colour)
    c.equal(talk.total("Patient?colour:missing=true"), PATIENTS // 4, "missing")
    c.equal(talk.total("Patient?colour:not=red"), PATIENTS - PATIENTS // 4, "not")
    c.equal(talk.total("Patient?maiden=maiden3"), sum(i % 7 == 3 for i in every), "maiden")
    c.equal(talk.total("Patient?maiden:exact=maiden3"), 0, "exact")
    c.equal(talk.total("Patient?maiden:contains=DEN3"), sum(i % 7 == 3 for i in every), "contains")
    c.equal(talk.total("Observation?amount=gt2000"), PATIENTS - 2001, "amount")
    c.equal(talk.total("Observation?whose.colour=red"), PATIENTS // 4, "chain")
    c.equal(talk.total("Patient?_has:Observation:whose:amount=lt100"), 100, "_has")
    c.equal(talk.total(f"Observation?code-amount={quote('urn:s|c1$lt100')}"), 20, "composite")
    status, page = talk.call("GET", "Observation?_id=b7&_include=Observation:whose")
    c.equal([e["resource"]["id"] for e in page["entry"]], ["b7", "p7"], "include")
    status, page = talk.call("GET", "Patient?_id=p7&_revinclude=Observation:whose")
    c.equal([e["resource"]["id"] for e in page["entry"]], ["p7", "b7"], "revinclude")
    status, page = talk.call("GET", "Observation?_sort=-amount&_count=3")
    c.equal([e["resource"]["id"] for e in page["entry"]],
            [f"b{PATIENTS - n}" for n in (1, 2, 3)], "sort")


def check_permits(data, talk, c):
    """What a parameter finds is narrowed like all else; a patient's app makes none."""
    made = hale("token", "--data", data, "--scope", "patient/*.cruds", "--patient", "p0")
    token = made.stdout.strip()
    c.equal(talk.total("Patient?colour=red", token), 1, "own record")
    c.equal(talk.total("Observation?whose.colour=green", token), 0, "others' record")
    c.equal(talk.total("Observation?amount=gt2000", token), 0, "others' values")
    for method, path in (("PUT", "SearchParameter/mine"), ("POST", "SearchParameter")):
        status, _ = talk.call(method, path, {**PARAMETERS[0], "id": "mine", "code": "mine"}, token)
        c.check(status in (403, 404), "a patient's app makes a parameter", method, status)
    token = hale("token", "--data", data, "--scope", "user/*.rs").stdout.strip()
    status, _ = talk.call("DELETE", "SearchParameter/colour", token=token)
    c.equal(status, 403, "a reader deletes a parameter")
    status, _ = talk.call("GET", "Patient?mine=1")
    c.equal(status, 400, "what was not made")


def listed(talk, kind):
    _, statement = talk.call("GET", "metadata")
    resources = statement["rest"][0]["resource"]
    return {p["name"] for r in resources if r["type"] == kind for p in r["searchParam"]}


def status_of(talk, ident):
    """($status in a word, the lowest percent of its types)."""
    _, body = talk.call("GET", f"SearchParameter/{ident}/$status")
    first, *parts = body["parameter"]
    found = [{p["name"]: p for p in part["part"]} for part in parts]
    return first["valueCode"], min(f["percent"]["valueInteger"] for f in found)


def wait_until_under_way(talk):
    """Until a part of the Observations is indexed."""
    for _ in range(1000):
        status, body = talk.call("GET", "Observation?whose=x")
        if status != 503 or "made: 0 %" not in json.dumps(body):
            return


def fill_and_kill(data, c):
    with Server(data) as server:
        talk = Talk(server, c)
        for one in PARAMETERS:
            status, body = talk.call("PUT", "SearchParameter/" + one["id"], one)
            c.equal(status, 201, one["id"], body)
        status, body = talk.call("GET", "Observation?amount=gt5")
        c.equal(status, 503, "search while it is being made", body)
        told = status_of(talk, "amount")
        c.check((told[0] == "filling" and told[1] < 100)
                or (told == ("ready", 100) and talk.call("GET", "Observation?amount=gt5")[0] == 200),
                "$status while it is being made", told)
        c.check("colour" not in listed(talk, "Patient") or
                talk.call("GET", "Patient?colour=red")[0] == 200, "listed before it is ready")
        status, _ = talk.call("PUT", "Patient/p1", {
            "resourceType": "Patient", "id": "p1", "name": [{"family": "Changed"}],
            "extension": [{"url": COLOUR, "valueCode": "green"}]})
        c.equal(status, 200, "a change while it is being made")
        wait_until_under_way(talk)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()


def main():
    c = Counter()
    with Folder() as folder:
        data, lines = folder / "data", folder / "all.ndjson"
        lines.write_text("".join(json.dumps(r) + "\n" for r in records()), encoding="utf-8")
        c.equal(hale("import", "--data", data, lines).returncode, 0, "import")
        fill_and_kill(data, c)
        with Server(data) as server:
            talk = Talk(server, c)
            for path in ("Patient?colour=red", "Patient?maiden=x", "Observation?whose=x",
                         "Observation?amount=1", "Observation?code-amount=x$1"):
                talk.wait_for(path)
            for one in PARAMETERS:
                c.equal(status_of(talk, one["id"]), ("ready", 100), "$status", one["id"])
            talk.call("PUT", "Patient/p1", next(r for r in records() if r["id"] == "p1"))
            check_searches(talk, c)
            check_permits(data, talk, c)
            c.check({"colour", "maiden"} <= listed(talk, "Patient"), "CapabilityStatement")
            for status, says, body in REFUSED:
                got, answer = talk.call("PUT", "SearchParameter/" + body["id"], body)
                c.check(got == status and says in json.dumps(answer), body["code"], got, answer)
            c.equal(hale("reindex", "--data", data).returncode, 0, "reindex")
            check_searches(talk, c)
            status, _ = talk.call("DELETE", "SearchParameter/maiden")
            c.equal(status, 204, "delete")
            c.equal(talk.call("GET", "Patient?maiden=x")[0], 400, "deleted")
            c.check("maiden" not in listed(talk, "Patient"), "listed after it was deleted")
        check_moved(folder, data, c)
    c.finish()


def check_moved(folder, data, c):
    """An export carries them; a reindexing of the folder finishes what an import began."""
    out, other = folder / "out", folder / "other"
    c.equal(hale("export", "--data", data, out).returncode, 0, "export")
    made = hale("import", "--data", other, out)
    c.equal(made.returncode, 0, "import of the export", made.stderr)
    c.equal(hale("reindex", "--data", other).returncode, 0, "reindex of the folder")
    with Server(other) as server:
        talk = Talk(server, c)
        c.equal(talk.total("Patient?colour=red"), PATIENTS // 4, "after the export")
        c.equal(talk.total("Observation?whose.colour=red"), PATIENTS // 4, "chain after it")


main()
