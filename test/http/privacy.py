"""privacy.py PROGRAM [WORD…]: notes for the whole team, for a discipline, for named people, for nobody else.

Each kind of note against each kind of reader and each way of asking, on a live server; and who may change
who reads. What is expected is worked out here, from docs/security.md "Private notes". Issue item 2.
"""

import http.client
import json
import sys
import time

import smart
from live import Server, run
from person import Browser, hale
from smart import fhir, ids

PROGRAM = sys.argv[1]
ASKED = "user/*.cruds patient/*.cruds"
SYSTEM = "urn:hale:privacy"
PEOPLE = {"house": ("practitioner", "Practitioner/1"), "wilson": ("practitioner", "Practitioner/2"),
          "cuddy": ("practitioner", "Practitioner/3"), "stray": ("practitioner", None),
          "privacy": ("privacy-officer", "Practitioner/4"), "admin": ("administrator", "Practitioner/5"),
          "anne": ("patient", None), "carer": ("proxy", "RelatedPerson/1")}
DISCIPLINES = {"1": "physio", "2": "physio", "3": "psychology"}
READERS = ["house", "wilson", "cuddy", "stray", "anne", "carer"]
tokens, made, roles = {}, {}, {}


def labels(*codes):
    return {"meta": {"security": [{"system": SYSTEM, "code": code} for code in codes]}}


# note -> its labels, who reads it
NOTES = {
    "unlabelled": ((), set(READERS)),
    "team": (("team",), set(READERS)),
    "mine": (("private", "author:Practitioner/1"), {"house"}),
    "physio": (("private", "author:Practitioner/1", "discipline:physio"), {"house", "wilson"}),
    "named": (("private", "author:Practitioner/1", "reader:Practitioner/3"), {"house", "cuddy"}),
    "both": (("private", "author:Practitioner/3", "discipline:physio", "reader:Patient/{anne}"),
             {"house", "wilson", "cuddy", "anne"}),
    "nobody": (("private", "author:Practitioner/9"), set()),
}


def body_of(type, codes, author="Practitioner/1"):
    codes = [code.format(anne=made.get("anne")) for code in codes]
    subject = {"reference": "Patient/" + made["anne"]}
    more = {
        "Observation": {"status": "final", "code": {"coding": [{"system": "http://o", "code": "note"}]},
                        "subject": subject, "performer": [{"reference": author}], "valueString": "said"},
        "QuestionnaireResponse": {"status": "completed", "subject": subject,
                                  "author": {"reference": author}},
        "DocumentReference": {"status": "current", "subject": subject, "author": [{"reference": author}],
                              "content": [{"attachment": {"title": "x"}}]},
        "Composition": {"status": "final", "type": {"text": "note"}, "date": "2026-11-01", "title": "x",
                        "subject": subject, "author": [{"reference": author}]},
    }[type]
    return {"resourceType": type, **more, **(labels(*codes) if codes else {})}


TYPES = ["Observation", "QuestionnaireResponse", "DocumentReference", "Composition"]


def create(token, type, body):
    status, said = fhir(token, type, "POST", body)
    assert status == 201, (type, status, said)
    return said["id"]


def prepare():
    server = smart.server
    owner = tokens["owner"] = server.token("system/*.cruds")
    made["anne"] = create(owner, "Patient", {"resourceType": "Patient", "name": [{"family": "anne"}]})
    for number in "12345":
        assert fhir(owner, "Practitioner/" + number, "PUT", {
            "resourceType": "Practitioner", "id": number})[0] == 201
    for number, discipline in DISCIPLINES.items():
        roles[number] = create(owner, "PractitionerRole", {
            "resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/" + number},
            "code": [{"coding": [{"system": "urn:x", "code": discipline}]}]})
    hale(PROGRAM, "client", "add", "--id", "everything", "--name", "Everything", "--redirect",
         smart.BACK, "--scope", ASKED, "--data", server.folder)
    for name, (role, linked) in PEOPLE.items():
        more = ["--linked", linked] if linked else []
        if role == "patient":
            more = ["--linked", "Patient/" + made["anne"]]
        if role == "proxy":
            more += ["--patient", made["anne"]]
        browser = smart.people[name] = Browser(server.port)
        browser.take_up(hale(PROGRAM, "user", "add", name, "--role", role, *more, "--data",
                             server.folder), smart.PASSWORD)
        assert browser.sign_in(name, smart.PASSWORD).status == 200
        tokens[name] = smart.App("everything").tokens(browser, ASKED)["access_token"]
    for type in TYPES:
        for name, (codes, _) in NOTES.items():
            made[type, name] = create(owner, type, body_of(type, codes))
    time.sleep(1.1)  # what a PractitionerRole says is looked up with the token


def views(name, type, id):
    """Whether somebody finds it, by each way of asking."""
    token, path = tokens[name], f"{type}/{id}"
    anne = made["anne"]
    everything = fhir(token, f"{type}?_count=100&_total=accurate")[1]
    assert everything["total"] == len(ids(everything)), (name, type)
    plan = fhir(token, f"{type}/$explain?_id={id}")
    said = {
        "read": fhir(token, path)[0] == 200,
        "vread": fhir(token, path + "/_history/1")[0] == 200,
        "history": fhir(token, path + "/_history")[0] == 200,
        "search": path in ids(everything),
        "label": path in ids(fhir(token, f"{type}?_security={SYSTEM}%7Cprivate,{SYSTEM}%7Cteam&_count=100")[1])
        or path not in ids(fhir(tokens["owner"], f"{type}?_security={SYSTEM}%7Cprivate,{SYSTEM}%7Cteam")[1])
        and fhir(token, path)[0] == 200,
        "count": fhir(token, f"{type}?_id={id}&_summary=count")[1]["total"] == 1,
        "sort": path in ids(fhir(token, f"{type}?_sort=-_lastUpdated&_count=100")[1]),
        "in record": path in ids(fhir(token, f"{type}?patient=Patient/{anne}&_count=100")[1]),
        "type history": path in ids(fhir(token, f"{type}/_history?_count=100")[1]),
        "everything": path in ids(fhir(token, f"Patient/{anne}/$everything?_count=100")[1]),
        "revinclude": path in ids(fhir(token, f"Patient?_id={anne}&_revinclude={type}:patient&_count=100")[1]),
        "_has": anne in str(fhir(token, f"Patient?_has:{type}:patient:_id={id}")[1]),
        "bundle": json.loads(json.dumps(fhir(token, "", "POST", {
            "resourceType": "Bundle", "type": "batch", "entry": [
                {"request": {"method": "GET", "url": path}}]})[1]))["entry"][0]["response"]["status"][:3] == "200",
    }
    if plan[0] == 200 and not said["read"]:
        assert '"valueInteger":1' not in json.dumps(plan[1]).replace(" ", ""), (name, plan)
    return said


def each_note_is_seen_by_whom_it_is_for_and_by_nobody_else():
    for name in READERS:
        for type in TYPES if name == "wilson" else TYPES[:2]:
            for note, (_, who) in NOTES.items():
                said = views(name, type, made[type, note])
                assert set(said.values()) == {name in who}, (name, type, note, said)
    for type in TYPES:  # the owner of the data is bound by none
        assert fhir(tokens["owner"], f"{type}?_summary=count")[1]["total"] == len(NOTES)


def whose_discipline_ends_sees_no_more_and_cannot_give_themselves_another():
    wanted = "Observation/" + made["Observation", "physio"]
    role = fhir(tokens["owner"], "PractitionerRole/" + roles["2"])[1]
    assert fhir(tokens["wilson"], wanted)[0] == 200
    for change in ({"active": False}, {"period": {"end": "2020-01-01"}}, {"period": {"start": "2090"}},
                   {"code": [{"coding": [{"code": "other"}]}]}):
        assert fhir(tokens["admin"], "PractitionerRole/" + roles["2"], "PUT", {**role, **change})[0] == 200
        time.sleep(1.1)
        assert fhir(tokens["wilson"], wanted)[0] == 404, change
    assert fhir(tokens["admin"], "PractitionerRole/" + roles["2"], "PUT", role)[0] == 200
    time.sleep(1.1)
    assert fhir(tokens["wilson"], wanted)[0] == 200
    # security A7, A11: who is bound does not change what binds
    mine = fhir(tokens["owner"], "PractitionerRole/" + roles["3"])[1]
    physio = {"code": [{"coding": [{"system": "urn:x", "code": "physio"}]}]}
    for change in (physio, {"organization": {"reference": "Organization/1"}}, {"active": False},
                   {"period": {"end": "2030-01-01"}}, {"practitioner": {"reference": "Practitioner/2"}}):
        status, said = fhir(tokens["cuddy"], "PractitionerRole/" + roles["3"], "PUT", {**mine, **change})
        assert status == 403 and "PractitionerRole." in str(said), (change, status, said)
    assert fhir(tokens["cuddy"], "PractitionerRole", "POST", {
        "resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/3"}, **physio})[0] == 403
    assert fhir(tokens["cuddy"], "PractitionerRole/" + roles["3"], "DELETE")[0] == 403
    hours = {"availableTime": [{"daysOfWeek": ["mon"]}]}
    assert fhir(tokens["cuddy"], "PractitionerRole/" + roles["3"], "PUT", {**mine, **hours})[0] == 200
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": {**mine, **physio}, "request": {"method": "PUT", "url": "PractitionerRole/" + roles["3"]}}]}
    assert fhir(tokens["cuddy"], "", "POST", bundle)[0] == 403
    time.sleep(1.1)
    assert fhir(tokens["cuddy"], wanted)[0] == 404


def only_the_author_changes_who_reads():
    mine, shared = ("private", "author:Practitioner/1"), "reader:Practitioner/2"
    id = create(tokens["house"], "Observation", body_of("Observation", (*mine, shared)))
    path = "Observation/" + id

    def put(name, codes, **more):
        return fhir(tokens[name], path, "PUT", {**body_of("Observation", codes), "id": id, **more})[0]

    assert put("wilson", (), valueString="added to") == 200, "whom it is shared with may work on it"
    assert fhir(tokens["cuddy"], path)[0] == 404, "what is left out stays"
    for codes in ((*mine, shared, "reader:Practitioner/3"), ("team",), ("private", "author:Practitioner/2"),
                  mine, ("private", "author:Practitioner/2", "author:Practitioner/1")):
        assert put("wilson", codes) in (403, 422), codes
    for operation, codes in (("$meta-delete", ("private", "author:Practitioner/1", shared)),
                             ("$meta-delete", (shared,)), ("$meta-add", ("reader:Practitioner/3",)),
                             ("$meta-add", ("discipline:psychology",))):
        parameters = {"resourceType": "Parameters", "parameter": [
            {"name": "meta", "valueMeta": labels(*codes)["meta"]}]}
        assert fhir(tokens["wilson"], f"{path}/{operation}", "POST", parameters)[0] in (403, 422)
        assert fhir(tokens["cuddy"], f"{path}/{operation}", "POST", parameters)[0] == 404
    patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"}, {"name": "path", "valueString":
         "Observation.meta.security.where(code='" + shared + "').code"},
        {"name": "value", "valueCode": "reader:Practitioner/3"}]}]}
    assert fhir(tokens["wilson"], path, "PATCH", patch)[0] == 403
    assert put("cuddy", ("team",)) == 404
    assert {name for name in READERS if fhir(tokens[name], path)[0] == 200} == {"house", "wilson"}
    # the author widens, narrows, opens
    assert put("house", (*mine, "reader:Practitioner/3")) == 200
    assert [fhir(tokens[n], path)[0] for n in ("wilson", "cuddy")] == [404, 200]
    # versions from before go by themselves, too
    assert [fhir(tokens["cuddy"], f"{path}/_history/{n}")[0] for n in "123"] == [404, 404, 200]
    assert put("house", ("team",)) == 200
    assert [fhir(tokens[n], path)[0] for n in READERS] == [200] * len(READERS)
    assert len(fhir(tokens["stray"], path + "/_history")[1]["entry"]) == 1


def nobody_hides_what_others_wrote_or_speaks_in_anothers_name():
    private = ("private", "author:Practitioner/2")
    assert fhir(tokens["house"], "Observation", "POST", body_of("Observation", private))[0] == 403
    assert fhir(tokens["stray"], "Observation", "POST", body_of("Observation", (
        "private", "author:Practitioner/1")))[0] == 403
    assert fhir(tokens["house"], "Observation", "POST", body_of("Observation", (
        *private, "reader:Practitioner/1")))[0] == 403
    id = create(tokens["wilson"], "Observation", body_of("Observation", (), "Practitioner/2"))
    for name, number, expected in (("cuddy", 3, 403), ("stray", 9, 403), ("wilson", 2, 200)):
        status = fhir(tokens[name], "Observation/" + id, "PUT", {
            **body_of("Observation", ("private", f"author:Practitioner/{number}"), "Practitioner/2"),
            "id": id})[0]
        assert status == expected, (name, status)
    assert [fhir(tokens[n], "Observation/" + id)[0] for n in ("wilson", "house", "anne")] == [200, 404, 404]


def labels_that_cannot_be_carried_out_are_refused():
    for codes in (("private",), ("author:Practitioner/1",), ("discipline:physio",), ("team", "private"),
                  ("private", "author:Practitioner/1", "author:Practitioner/2"), ("me",),
                  ("private", "author:Practitioner/1", "reader:Wilson"), ("secret", "team"),
                  ("private", "author:Practitioner/1", "discipline:a,b"), ("team", "reader:Practitioner/2"),
                  ("private", "author:Practitioner/1", "discipline:")):
        for name in ("house", "owner"):
            status, said = fhir(tokens[name], "Observation", "POST", body_of("Observation", codes))
            assert status in (400, 422), (codes, status, said)
            assert status == 400 or "Observation.meta.security" in str(said), said
    status, said = fhir(tokens["house"], "Patient", "POST", {
        "resourceType": "Patient", **labels("private", "author:Practitioner/1")})
    assert status == 422 and "Patient.meta.security" in str(said), (status, said)


def what_is_not_shared_is_not_touched_either():
    for note in ("mine", "nobody"):
        id = made["Observation", note]
        path = "Observation/" + id
        none = fhir(tokens["cuddy"], "Observation/none", "DELETE")[0]
        assert fhir(tokens["cuddy"], path, "DELETE")[0] == none
        assert fhir(tokens["cuddy"], path, "PUT", {**body_of("Observation", ()), "id": id})[0] == 404
        assert fhir(tokens["cuddy"], f"Observation?_id={id}", "DELETE")[0] == fhir(
            tokens["cuddy"], "Observation?_id=none", "DELETE")[0]
        assert fhir(tokens["cuddy"], path + "/$meta")[0] == 404
        assert fhir(tokens["owner"], path)[0] == 200
    used = json.dumps(fhir(tokens["cuddy"], "Observation/$meta")[1])
    assert "author:Practitioner/9" not in used and "author:Practitioner/1" in used, used


def an_emergency_opens_it_and_the_reason_is_told():
    connection = http.client.HTTPConnection("127.0.0.1", smart.server.port, timeout=30)
    browser = smart.people["cuddy"]
    cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
    connection.request("POST", "/break-glass", json.dumps(
        {"do": "begin", "patient": made["anne"], "reason": "emergency", "words": "found at the door"}),
        {"Cookie": cookies, "Content-Type": "application/json", "X-Hale-Request": "1",
         "X-Forwarded-For": browser.address})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    assert answer.status == 200, said
    assert fhir(said["token"], "Observation/" + made["Observation", "mine"])[0] == 200
    assert fhir(tokens["cuddy"], "Observation/" + made["Observation", "mine"])[0] == 404
    why = hale(PROGRAM, "access", "explain", "--as", "cuddy", "Observation/" + made["Observation", "mine"],
               "--data", smart.server.folder)
    assert "privacy" in why and "not shared" in why, why


def it_holds_after_the_next_start_and_a_reindex():
    smart.server.stop()
    hale(PROGRAM, "reindex", "--data", smart.server.folder)
    smart.server = Server(PROGRAM, "--behind-proxy", folder=smart.server.folder)
    for name in ("house", "wilson", "cuddy"):
        for note, (_, who) in NOTES.items():
            status = fhir(tokens[name], "Observation/" + made["Observation", note])[0]
            assert status == (200 if name in who else 404), (name, note, status)


TESTS = [each_note_is_seen_by_whom_it_is_for_and_by_nobody_else,
         whose_discipline_ends_sees_no_more_and_cannot_give_themselves_another,
         only_the_author_changes_who_reads,
         nobody_hides_what_others_wrote_or_speaks_in_anothers_name,
         labels_that_cannot_be_carried_out_are_refused,
         what_is_not_shared_is_not_touched_either,
         an_emergency_opens_it_and_the_reason_is_told,
         it_holds_after_the_next_start_and_a_reindex]


def main():
    first = smart.server = Server(PROGRAM, "--behind-proxy")
    smart.server.base = f"http://127.0.0.1:{smart.server.port}"
    try:
        prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        if smart.server is not first:
            smart.server.close()
        first.close()


if __name__ == "__main__":
    sys.exit(main())
