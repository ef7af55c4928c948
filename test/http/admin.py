"""admin.py PROGRAM [WORD…]: administrators look after logins, and records are opened in emergencies, on a
live server. Issue items 1, 4; security rule A9."""

import base64
import http.client
import io
import json
import subprocess
import sys
import tarfile
import time

import smart
from live import CAN_MOVE_TIME, Server, run, skip
from person import Browser, hale, totp

PROGRAM = sys.argv[1]
PASSWORD = "four plain words here"
OURS = {"X-Hale-Request": "1", "Content-Type": "application/json"}
server = None
people = {}
patients = []


def order(browser, path, deed, headers=OURS, **members):
    """An order as a page of ours would give it: status and what was said."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items()) if browser else ""
    connection.request("POST", path, json.dumps({"do": deed, **members}), {"Cookie": cookies, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if body else None


def fhir(token, path, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, "/fhir/" + path, json.dumps(body) if body else None,
                       {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"})
    answer = connection.getresponse()
    document = answer.read()
    connection.close()
    return answer.status, json.loads(document) if document else None


def member(name, role, *more):
    link = hale(PROGRAM, "user", "add", name, "--role", role, *more, "--data", server.folder)
    browser = Browser(server.port)
    browser.take_up(link, PASSWORD)
    assert browser.sign_in(name, PASSWORD).status == 200
    return browser


def prepare():
    owner = server.token("system/*.cruds")
    for name in ("one", "two"):
        number = fhir(owner, "Patient", "POST", {"resourceType": "Patient"})[1]["id"]
        fhir(owner, "Observation", "POST", {
            "resourceType": "Observation", "status": "final", "code": {"text": "weight"},
            "subject": {"reference": "Patient/" + number}})
        patients.append(number)
    for name, role, more in (("ada", "administrator", []), ("house", "practitioner", []),
                             ("wilson", "practitioner", []), ("paula", "privacy-officer", []),
                             ("desk", "front-desk", []), ("bill", "biller", []),
                             ("anne", "patient", ["--linked", "Patient/" + patients[0]]),
                             ("carer", "proxy", ["--linked", "RelatedPerson/1", "--patient", patients[0]])):
        people[name] = member(name, role, *more)


def details():
    return [json.loads(l) for l in
            hale(PROGRAM, "audit", "report", "--data", server.folder).splitlines()]


# ---- logins ----

def an_administrator_makes_lists_and_ends_logins():
    ada = people["ada"]
    status, said = order(ada, "/admin/user", "add", name="new.one", role="biller")
    assert status == 200 and "/welcome?link=" in said["link"], said
    browser = Browser(server.port)
    browser.take_up(said["link"], PASSWORD)
    assert browser.sign_in("new.one", PASSWORD).status == 200
    status, said = order(ada, "/admin/user", "list")
    row = next(u for u in said["users"] if u["name"] == "new.one")
    assert status == 200 and row["role"] == "biller" and row["state"] == "active"
    status, said = order(ada, "/admin/user", "sessions", name="new.one")
    assert status == 200 and len(said["sessions"]) == 1
    assert order(ada, "/admin/user", "sign-out", name="new.one",
                 session=said["sessions"][0]["session"])[0] == 200
    assert browser.get("/account").status == 303
    browser.sign_in("new.one", PASSWORD)
    assert order(ada, "/admin/user", "role", name="new.one", role="front-desk")[0] == 200
    assert browser.get("/account").status == 303, "a session outlived its role"
    assert "front-desk" in browser.sign_in("new.one", PASSWORD).body
    assert order(ada, "/admin/user", "disable", name="new.one")[0] == 200
    assert browser.get("/account").status == 303
    assert order(ada, "/admin/user", "enable", name="new.one")[0] == 200
    status, said = order(ada, "/admin/user", "reset", name="new.one")
    assert status == 200 and "link" in said
    assert any(r.get("detail") == "login ada: login new.one disabled" for r in details())


def an_administrator_adds_and_removes_packages():
    ada = people["ada"]
    files = {"package.json": {"name": "org.house", "version": "1.0.0", "fhirVersions": ["4.0.1"]},
             "CodeSystem-h.json": {"resourceType": "CodeSystem", "url": "urn:house", "status": "active",
                                   "content": "complete", "concept": [{"code": "a"}]}}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, document in files.items():
            text = json.dumps(document).encode()
            info = tarfile.TarInfo("package/" + name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    archive = base64.b64encode(packed.getvalue()).decode()
    assert order(ada, "/admin/package", "add", archive="!")[0] == 400
    status, said = order(ada, "/admin/package", "add", archive=archive)
    assert status == 200 and said["definitions"] == "1", said
    status, said = order(ada, "/admin/package", "list")
    assert [p["name"] for p in said["packages"]] == ["org.house"], said
    assert order(ada, "/admin/package", "remove", name="org.house")[0] == 200
    assert order(ada, "/admin/package", "list")[1] == {"packages": []}
    assert any(r.get("detail") == "login ada: package org.house#1.0.0 added" for r in details())


def nobody_else_does():
    for name, browser in [*people.items(), ("nobody", None)]:
        if name == "ada":
            continue
        for path, deed in (("/admin/user", "list"), ("/admin/user", "add"), ("/admin/user", "reset"),
                           ("/admin/user", "role"), ("/admin/user", "sessions"),
                           ("/admin/client", "list"), ("/admin/client", "add"),
                           ("/admin/package", "list"), ("/admin/package", "add"),
                           ("/admin/package", "remove")):
            status, said = order(browser, path, deed, name="house", role="administrator")
            assert status == (403 if browser else 401), (name, path, deed, status)
            assert "users" not in said and "link" not in said
    assert any(r.get("detail") == "login desk: user add" and r["outcome"] == "denied" for r in details())


def administrators_hear_why_somebody_may_not_and_nobody_else():
    there, absent = ("Observation/" + fhir(server.token("system/*.rs"), "Observation?patient=" + patients[0])[1][
        "entry"][0]["resource"]["id"], "Observation/none")
    status, said = order(people["ada"], "/admin/access", "explain", name="desk", resource=there)
    assert status == 200 and said["allowed"] == "no" and said["by"] == "policy", said
    assert "weight" not in json.dumps(said)
    asked = [r for r in details() if "asked what login desk" in r.get("detail", "")]
    assert asked[-1]["detail"].startswith("login ada: ") and asked[-1]["patient"] == patients[0]
    for name in ("house", "paula", "desk", "bill", "anne", "carer"):
        answers = [order(people[name], "/admin/access", "explain", name="house", resource=resource)
                   for resource in (there, absent)]
        assert [a[0] for a in answers] == [403, 403], name
        said = [json.dumps(a[1]) for a in answers]
        assert said[0] == said[1], said
    assert any(r.get("detail") == "login desk: access explain" and r["outcome"] == "denied"
               for r in details())
    assert order(None, "/admin/access", "explain", name="house", resource=there)[0] == 401
    assert order(people["ada"], "/admin/access", "explain", name="house", resource=there,
                 headers={"Content-Type": "application/json"})[0] == 403


def an_administrator_does_nothing_to_their_own_login():
    for deed in ("disable", "reset", "role", "sign-out"):
        status, _ = order(people["ada"], "/admin/user", deed, name="Ada", role="practitioner")
        assert status == 403, deed


def other_sites_cannot_give_orders():
    ada = people["ada"]
    for headers in ({"Content-Type": "application/json"},
                    {**OURS, "Sec-Fetch-Site": "cross-site"}, {**OURS, "Sec-Fetch-Site": "same-site"},
                    {**OURS, "Origin": "https://evil.example"}):
        assert order(ada, "/admin/user", "list", headers=headers)[0] == 403, headers
    assert order(ada, "/admin/user", "list",
                 headers={"X-Hale-Request": "1", "Content-Type": "text/plain"})[0] == 415
    bad = order(ada, "/admin/user", "crown")
    assert bad[0] in (400, 422) and bad[1]["resourceType"] == "OperationOutcome", bad


def what_is_dangerous_needs_a_fresh_proof():
    if not CAN_MOVE_TIME:
        skip("the clock cannot be moved")
    ada = people["ada"]
    server.later(6 * 60)
    try:
        assert order(ada, "/admin/user", "list")[0] == 200
        for deed in ("add", "disable", "enable", "reset", "role", "sign-out", "allow", "withdraw"):
            status, said = order(ada, "/admin/user", deed, name="house", role="biller")
            assert status == 403 and "proof" in json.dumps(said), (deed, said)
        status, _ = order(ada, "/admin/access", "explain", name="house", resource="Patient/" + patients[0])
        assert status == 403
        status, _ = order(people["house"], "/break-glass", "begin", patient=patients[0],
                          reason="emergency", words="found unconscious")
        assert status == 403
        page = ada.get("/account/prove")
        ada.send(page, "/account/prove", code=totp(ada.totp_key, int(time.time() + 360) // 30))
        assert order(ada, "/admin/user", "add", name="after.proof", role="biller")[0] == 200
    finally:
        server.later(0)


# ---- emergencies ----

def begin(browser, **changes):
    asked = dict(patient=patients[0], reason="emergency", words="found unconscious at the door")
    asked.update(changes)
    return order(browser, "/break-glass", "begin", **asked)


def one_record_opens_for_reading():
    house = people["house"]
    status, said = begin(house)
    assert status == 200, said
    token = said["token"]
    assert fhir(token, "Patient/" + patients[0])[0] == 200
    assert len(fhir(token, "Observation")[1]["entry"]) == 1
    assert fhir(token, "Patient/" + patients[1])[0] == 404
    assert fhir(token, "Observation?patient=" + patients[1])[1].get("total", 0) == 0
    for method, path in (("POST", "Observation"), ("PUT", "Patient/" + patients[0]),
                         ("DELETE", "Patient/" + patients[0])):
        body = {"resourceType": path.partition("/")[0], "id": patients[0]}
        assert fhir(token, path, method, body)[0] in (400, 403, 404, 422), method
    assert fhir(server.token("system/*.rs"), "Patient/" + patients[0])[0] == 200, "it was not harmed"
    used = [r for r in details() if r.get("emergency")]
    assert any(r.get("detail", "").startswith("login house: login house opens in an emergency")
               and r["patient"] == patients[0] for r in used), used
    assert any(r["interaction"] == "read" and r["id"] == patients[0] for r in used), used
    others = [r for r in details() if r["interaction"] == "read" and not r.get("emergency")]
    assert others, "every record is flagged"


def only_practitioners_open_records_and_say_why():
    for name in ("ada", "paula", "desk", "bill", "anne", "carer"):
        assert begin(people[name])[0] == 403, name
    assert begin(None)[0] == 401
    for changes in (dict(patient=""), dict(patient="a b"), dict(reason="curious"), dict(reason=""),
                    dict(words="short"), dict(words="x" * 1001), dict(minutes="61"), dict(minutes="0"),
                    dict(minutes="-5"), dict(minutes="soon")):
        status, said = begin(people["house"], **changes)
        assert status in (400, 422), (changes, status)
        assert "token" not in said
    done = subprocess.run([PROGRAM, "break-glass", "begin", "--data", server.folder],
                          capture_output=True, text=True)
    assert done.returncode == 2, "the command line opens no record"


def no_token_opens_one():
    bearer = {**OURS, "Authorization": "Bearer " + server.token("system/*.cruds")}
    assert order(None, "/break-glass", "begin", headers=bearer, patient=patients[0],
                 reason="emergency", words="found unconscious")[0] == 401


def it_ends_at_once():
    house, wilson, paula = people["house"], people["wilson"], people["paula"]
    first, second, third = (begin(house)[1] for _ in range(3))
    assert order(wilson, "/break-glass", "end", number=first["number"])[0] == 404, "another's"
    assert order(house, "/break-glass", "end", number=first["number"])[0] == 200
    assert order(paula, "/break-glass", "end", number=second["number"])[0] == 200
    hale(PROGRAM, "break-glass", "end", third["number"], "--data", server.folder)
    time.sleep(1.1)
    for one in (first, second, third):
        assert fhir(one["token"], "Patient/" + patients[0])[0] == 401
    assert order(house, "/break-glass", "end", number=first["number"])[0] == 404, "a second time"


def it_ends_with_its_time_its_session_and_its_login():
    cuddy = member("cuddy", "practitioner")
    token = begin(cuddy, minutes="10")[1]["token"]
    assert fhir(token, "Patient/" + patients[0])[0] == 200
    if CAN_MOVE_TIME:
        server.later(10 * 60 + 1)
        try:
            assert fhir(token, "Patient/" + patients[0])[0] == 401
        finally:
            server.later(0)
    assert begin(cuddy, minutes="60")[0] == 200
    token = begin(cuddy)[1]["token"]
    page = cuddy.get("/account/prove")
    assert cuddy.send(page, "/account/prove", code=cuddy.code()).status == 303
    time.sleep(1.1)
    assert fhir(token, "Patient/" + patients[0])[0] == 200, "a new secret is the same session"
    cuddy.send(cuddy.get("/account"), "/sign-out")
    time.sleep(1.1)
    assert fhir(token, "Patient/" + patients[0])[0] == 401
    cuddy.sign_in("cuddy", PASSWORD)
    token = begin(cuddy)[1]["token"]
    hale(PROGRAM, "user", "disable", "cuddy", "--data", server.folder)
    time.sleep(1.1)
    assert fhir(token, "Patient/" + patients[0])[0] == 401


def what_is_withheld_opens_and_closes_again_and_what_is_sealed_stays_closed():
    owner, house = server.token("system/*.cruds"), people["house"]
    level = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

    def condition(patient, system, code):
        return fhir(owner, "Condition", "POST", {
            "resourceType": "Condition", "code": {"text": "kept"},
            "meta": {"security": [{"system": system, "code": code}]},
            "subject": {"reference": "Patient/" + patient}})[1]["id"]

    kept = condition(patients[0], level, "V")
    sealed = condition(patients[0], act, "PSYTHPN")
    both = condition(patients[0], act, "PSYTHPN,x")  # not that code
    anothers = condition(patients[1], level, "V")
    hale(PROGRAM, "client", "add", "--id", "chart", "--name", "Chart", "--redirect", smart.BACK,
         "--scope", "user/*.rs", "--data", server.folder)
    smart.server = server
    everyday = smart.App("chart").tokens(house, "user/*.rs")["access_token"]
    expected = {kept: 404, sealed: 200, both: 200, anothers: 404}

    def seen(token, wanted):
        for id, status in wanted.items():
            for path in (f"Condition/{id}", f"Condition/{id}/_history", f"Condition/{id}/_history/1"):
                assert fhir(token, path)[0] == status, (path, status)
        for patient in patients:
            found = smart.ids(fhir(token, f"Condition?patient={patient}")[1])
            there = {kept, sealed, both} if patient == patients[0] else {anothers}
            assert found == {"Condition/" + i for i in there if wanted[i] == 200}, found

    seen(everyday, expected)
    said = begin(house)[1]
    seen(said["token"], {kept: 200, sealed: 404, both: 200, anothers: 404})
    everything = fhir(said["token"], f"Patient/{patients[0]}/$everything")[1]
    assert {"Condition/" + kept} <= smart.ids(everything)
    assert "Condition/" + sealed not in smart.ids(everything)
    seen(everyday, expected)
    assert order(house, "/break-glass", "end", number=said["number"])[0] == 200
    time.sleep(1.1)
    assert fhir(said["token"], "Condition/" + kept)[0] == 401
    seen(everyday, expected)


def each_is_reviewed_in_time_by_who_watches_over_privacy():
    house, wilson, paula = people["house"], people["wilson"], people["paula"]
    number = begin(house)[1]["number"]

    def row(browser, number=number):
        status, said = order(browser, "/break-glass", "list")
        assert status == 200
        return next((r for r in said["emergencies"] if r["number"] == number), None)

    assert row(paula)["state"] == "open" and row(paula)["words"].startswith("found")
    assert row(house)["login"] == "house" and row(wilson) is None
    assert order(people["ada"], "/break-glass", "list")[0] == 403
    order(house, "/break-glass", "end", number=number)
    assert row(paula)["state"] == "to review"
    for name in ("house", "wilson", "ada", "desk"):
        assert order(people[name], "/break-glass", "review", number=number, verdict="fine")[0] == 403
    assert order(paula, "/break-glass", "review", number=number)[0] in (400, 422), "nothing was found"
    if CAN_MOVE_TIME:
        server.later(73 * 3600)
        try:
            line = next(l for l in hale(PROGRAM, "break-glass", "list", "--data",
                                        server.folder).splitlines() if l.split()[0] == number)
            assert " overdue " in line, line
        finally:
            server.later(0)
    assert order(paula, "/break-glass", "review", number=number, verdict="on call")[0] == 200
    assert row(paula)["state"] == "reviewed" and row(paula)["verdict"] == "on call"
    assert order(paula, "/break-glass", "review", number=number, verdict="again")[0] == 409


TESTS = [
    an_administrator_makes_lists_and_ends_logins, an_administrator_adds_and_removes_packages, nobody_else_does,
    administrators_hear_why_somebody_may_not_and_nobody_else,
    an_administrator_does_nothing_to_their_own_login, other_sites_cannot_give_orders,
    what_is_dangerous_needs_a_fresh_proof, one_record_opens_for_reading,
    only_practitioners_open_records_and_say_why, no_token_opens_one, it_ends_at_once,
    it_ends_with_its_time_its_session_and_its_login,
    what_is_withheld_opens_and_closes_again_and_what_is_sealed_stays_closed,
    each_is_reviewed_in_time_by_who_watches_over_privacy,
]


def main():
    global server
    server = Server(PROGRAM, "--behind-proxy")
    server.base = f"http://127.0.0.1:{server.port}"
    try:
        prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
