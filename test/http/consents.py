"""consents.py PROGRAM [WORD…]: what a patient withholds, from whom, until when, and who may say so.

Each way of withholding against each kind of reader and each way of asking, on a live server. What is
expected is worked out here. Issue item 5; security rule A11; R4 consent.html.
"""

import datetime
import http.client
import json
import sys
import time

import smart
from live import CAN_MOVE_TIME, Server, run
from person import Browser, hale
from smart import fhir, ids

PROGRAM = sys.argv[1]
ASKED = "user/*.cruds patient/*.cruds user/AuditEvent.rs patient/AuditEvent.rs"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
TYPES = "http://hl7.org/fhir/resource-types"
tokens, made = {}, {}
PEOPLE = {"house": ("practitioner", "Practitioner/1"), "wilson": ("practitioner", "Practitioner/2"),
          "desk": ("front-desk", "Practitioner/3"), "stray": ("practitioner", None),
          "anne": ("patient", None), "carer": ("proxy", "RelatedPerson/1"),
          "privacy": ("privacy-officer", "Practitioner/4")}


def make(type, body, token=None):
    status, said = fhir(token or tokens["owner"], type, "POST", {"resourceType": type, **body})
    assert status == 201, (status, said)
    return said["id"]


def prepare():
    server = smart.server
    owner = tokens["owner"] = server.token("system/*.cruds")
    anne = made["anne"] = make("Patient", {"name": [{"family": "anne"}]})
    bert = made["bert"] = make("Patient", {"name": [{"family": "bert"}]})
    for name in ("anne", "bert"):
        whose = {"reference": "Patient/" + made[name]}
        for label in (None, "SEX"):
            made[name, "Condition", label] = make("Condition", {
                "subject": whose, "code": {"coding": [{"system": "http://c", "code": label or "plain"}]},
                **({"meta": {"security": [{"system": ACT, "code": label}]}} if label else {})})
        made[name, "Observation", None] = make("Observation", {
            "status": "final", "subject": whose, "code": {"coding": [{"system": "http://o", "code": "bp"}]}})
        made[name, "Coverage", None] = make("Coverage", {
            "status": "active", "beneficiary": whose, "payor": [{"display": "x"}]})
    for number, organization in (("1", "north"), ("2", "south")):
        for type, id in (("Organization", organization), ("Practitioner", number)):
            assert fhir(owner, f"{type}/{id}", "PUT", {"resourceType": type, "id": id, "name": [
                {"family": id}] if type == "Practitioner" else id})[0] == 201
        make("PractitionerRole", {"practitioner": {"reference": "Practitioner/" + number},
                                  "organization": {"reference": "Organization/" + organization}})
    hale(PROGRAM, "client", "add", "--id", "everything", "--name", "Everything", "--redirect",
         smart.BACK, "--scope", ASKED, "--data", server.folder)
    for name, (role, linked) in PEOPLE.items():
        more = ["--linked", linked] if linked else []
        if role == "patient":
            more = ["--linked", "Patient/" + anne]
        if role == "proxy":
            more += ["--patient", anne]
        browser = smart.people[name] = Browser(server.port)
        browser.take_up(hale(PROGRAM, "user", "add", name, "--role", role, *more, "--data",
                             server.folder), smart.PASSWORD)
        assert browser.sign_in(name, smart.PASSWORD).status == 200
        tokens[name] = smart.App("everything").tokens(browser, ASKED)["access_token"]


# ---- what a Consent says ----

def role(word):
    return {"role": {"coding": [{"system": "urn:hale:role", "code": word}]},
            "reference": {"display": "everyone there"}}


def actor(reference):
    return {"role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                                 "code": "IRCP"}]}, "reference": {"reference": reference}}


def consent(provision, patient="anne", status="active"):
    return {"resourceType": "Consent", "status": status, "scope": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"text": "lock-box"}], "patient": {"reference": "Patient/" + made[patient]},
        "policyRule": {"text": "the practice's"}, "provision": provision}


def deny(**parts):
    return {"type": "deny", **parts}


def class_of(*types):
    return [{"system": TYPES, "code": type} for type in types]


def ended(id, body):
    assert fhir(tokens["owner"], "Consent/" + id, "PUT", {**body, "id": id, "status": "inactive"})[0] == 200


# ---- what somebody sees ----

def view(name):
    """The keys of `made` that somebody finds, by every way of asking alike."""
    token = tokens[name]
    seen = set()
    by_type = {type: fhir(token, f"{type}?_count=100&_total=accurate") for type in
               ("Condition", "Observation", "Coverage")}
    for key, id in made.items():
        if not isinstance(key, tuple):
            continue
        whose, type, _ = key
        path = f"{type}/{id}"
        status = fhir(token, path)[0]
        if status == 403:
            continue
        assert status in (200, 404), (name, path, status)
        answers = {
            "vread": fhir(token, path + "/_history/1")[0] == 200,
            "history": fhir(token, path + "/_history")[0] == 200,
            "search": path in ids(by_type[type][1]),
            "by id": fhir(token, f"{type}?_id={id}&_summary=count")[1]["total"] == 1,
            "type history": path in ids(fhir(token, f"{type}/_history?_count=100")[1]),
        }
        if by_type["Condition"][0] == 200 and fhir(token, "Patient/" + made[whose])[0] == 200:
            answers["everything"] = path in ids(
                fhir(token, f"Patient/{made[whose]}/$everything?_count=100")[1])
            answers["revinclude"] = path in ids(fhir(
                token, f"Patient?_id={made[whose]}&_revinclude={type}:patient&_count=100")[1])
            answers["_has"] = made[whose] in str(fhir(
                token, f"Patient?_has:{type}:patient:_id={id}")[1])
        assert set(answers.values()) == {status == 200}, (name, key, status, answers)
        seen |= {key} if status == 200 else set()
    for type, (status, bundle) in by_type.items():
        if status == 200:
            assert bundle["total"] == len(ids(bundle)), (name, type)
    return seen


def all_views(names):
    return {name: view(name) for name in names}


READERS = ["house", "wilson", "desk", "stray", "anne", "carer"]


def annes(*only):
    return {k for k in made if isinstance(k, tuple) and k[0] == "anne" and (not only or k[1] in only)}


def each_way_of_withholding_takes_that_from_those_and_nothing_from_others():
    before = all_views(READERS)
    assert all(annes() <= before[name] for name in ("house", "wilson", "stray", "anne")), before
    staff = {"house", "wilson", "desk", "stray"}
    everybody, but_anne = set(READERS), set(READERS) - {"anne"}
    instance = [{"meaning": "instance", "reference": {
        "reference": "Condition/" + made["anne", "Condition", None]}}]
    cases = [  # what is said, from whom it takes, what
        (deny(), but_anne, annes()),
        (deny(**{"class": class_of("Condition")}), but_anne, annes("Condition")),
        (deny(actor=[actor("Practitioner/1")]), {"house", "stray"}, annes()),
        (deny(actor=[role("front-desk")]), {"desk"}, annes()),
        (deny(actor=[role("practitioner"), role("proxy")], **{"class": class_of("Observation")}),
         {"house", "wilson", "stray", "carer"}, annes("Observation")),
        (deny(actor=[actor("RelatedPerson/1")]), {"carer", "stray"}, annes()),
        (deny(actor=[actor("Organization/north")]), {"house", "desk", "stray"}, annes()),
        (deny(securityLabel=[{"system": ACT, "code": "SEX"}]), but_anne,
         {("anne", "Condition", "SEX")}),
        (deny(code=[{"coding": [{"system": "http://c", "code": "plain"}]}],
              **{"class": class_of("Condition")}), but_anne, {("anne", "Condition", None)}),
        (deny(data=instance), but_anne, {("anne", "Condition", None)}),
        (deny(purpose=[{"system": REASON, "code": "HPAYMT"}]), set(), set()),
        (deny(purpose=[{"system": REASON, "code": "TREAT"}]), staff, annes()),
        (deny(provision=[{"type": "permit", "actor": [actor("Practitioner/2")]}]),
         but_anne - {"wilson"}, annes()),
        (deny(provision=[{"type": "permit", "class": class_of("Coverage")}]), but_anne,
         annes("Condition", "Observation")),
        ({"type": "permit", "actor": [actor("Practitioner/1")], "provision": [
            deny(**{"class": class_of("Observation")})]}, {"house", "stray"}, annes("Observation")),
        ({"provision": [deny(period={"end": "2020-01-01"})]}, set(), set()),
        (deny(period={"start": "2100-01-01"}), set(), set()),
        (deny(period={"start": "2020-01-01", "end": "2100-01-01"}), but_anne, annes()),
        ({"type": "permit", "actor": [actor("Practitioner/1")]}, set(), set()),
    ]
    for provision, whom, what in cases:
        body = consent(provision)
        id = make("Consent", body)
        if "Organization" in str(provision):
            time.sleep(1.1)  # whose people somebody is, is looked up with the token
        for name in READERS:
            expected = before[name] - what if name in whom else before[name]
            assert view(name) == expected, (provision, name, expected ^ view(name))
        ended(id, body)
    assert all_views(READERS) == before


def it_holds_within_a_second_and_ends_with_its_day_and_with_a_new_version():
    body = consent(deny(actor=[actor("Practitioner/2")]))
    wanted = "Condition/" + made["anne", "Condition", None]
    assert fhir(tokens["wilson"], wanted)[0] == 200
    id = make("Consent", body)
    began = time.monotonic()
    while fhir(tokens["wilson"], wanted)[0] == 200:
        assert time.monotonic() - began < 1
    assert fhir(tokens["owner"], "Consent/" + id, "DELETE")[0] == 204
    assert fhir(tokens["wilson"], wanted)[0] == 200
    tomorrow = (datetime.datetime.now(datetime.timezone.utc)
                + datetime.timedelta(seconds=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = consent(deny(actor=[actor("Practitioner/2")], period={"end": tomorrow}))
    id = make("Consent", body)
    assert fhir(tokens["wilson"], wanted)[0] == 404
    if CAN_MOVE_TIME:
        smart.server.later(102)
        assert fhir(tokens["wilson"], wanted)[0] == 200
        smart.server.later(0)
    ended(id, body)


def only_the_patient_and_who_stands_for_them_open_it():
    body = consent(deny(actor=[actor("Practitioner/1")]))
    for name, status in (("house", 403), ("wilson", 403), ("desk", 403), ("carer", 201),
                         ("anne", 201), ("privacy", 201)):
        said = fhir(tokens[name], "Consent", "POST", body)
        assert said[0] == status, (name, said)
        if status == 201:
            ended(said[1]["id"], body)
    plain = {**consent({"type": "permit"}), "scope": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "treatment"}]}}
    assert fhir(tokens["house"], "Consent", "POST", plain)[0] == 201, "a consent to treatment"
    id = make("Consent", body, tokens["anne"])
    path = "Consent/" + id
    # whom it binds does not even hear of it; whom it does not may read it
    assert fhir(tokens["house"], path)[0] == 404 and path not in ids(fhir(tokens["house"], "Consent")[1])
    assert fhir(tokens["wilson"], path)[0] == 200
    for name in ("house", "wilson"):
        hidden = 404 if name == "house" else 403
        for change in ({"status": "inactive"}, {"provision": {"type": "permit"}}):
            assert fhir(tokens[name], path, "PUT", {**body, "id": id, **change})[0] == hidden, name
        assert fhir(tokens[name], path, "DELETE")[0] in (hidden, 204 if name == "house" else 403)
    assert fhir(tokens["anne"], path)[0] == 200, "it is still there"
    assert fhir(tokens["house"], "Condition/" + made["anne", "Condition", None])[0] == 404
    # a proxy cannot open what is withheld from it, also with its switch
    against = consent(deny(actor=[actor("RelatedPerson/1")]))
    other = make("Consent", against, tokens["anne"])
    assert fhir(tokens["carer"], "Consent/" + other, "PUT", {**against, "id": other, "status": "inactive"})[0] == 404
    hale(PROGRAM, "user", "allow", "carer", "--patient", made["anne"], "--may", "see", "--data",
         smart.server.folder)
    time.sleep(1.1)
    assert fhir(tokens["carer"], "Consent", "POST", body)[0] == 403, "without its switch"
    hale(PROGRAM, "user", "allow", "carer", "--patient", made["anne"], "--data", smart.server.folder)
    # another patient's record cannot be closed
    assert fhir(tokens["anne"], "Consent", "POST", consent(deny(), "bert"))[0] == 403
    # the privacy officer sees it, though everybody is meant
    everybody = consent(deny())
    third = make("Consent", everybody, tokens["anne"])
    assert fhir(tokens["privacy"], "Consent/" + third)[0] == 200
    for one, said in ((id, body), (other, against), (third, everybody)):
        assert fhir(tokens["privacy"], "Consent/" + one, "PUT", {**said, "id": one, "status": "inactive"})[0] == 200
    time.sleep(1.1)
    assert fhir(tokens["house"], "Condition/" + made["anne", "Condition", None])[0] == 200


def what_is_withheld_can_be_filed_and_not_looked_at():
    body = consent(deny())
    id = make("Consent", body)
    new = make("Observation", {"status": "final", "code": {"text": "came in"}, "subject": {
        "reference": "Patient/" + made["anne"]}}, tokens["house"])
    assert fhir(tokens["house"], "Observation/" + new)[0] == 404
    assert fhir(tokens["house"], "Observation/" + new, "PUT", {
        "resourceType": "Observation", "id": new, "status": "final", "code": {"text": "x"},
        "subject": {"reference": "Patient/" + made["bert"]}})[0] == 404
    # an id of one's own would tell whether it is taken
    assert fhir(tokens["house"], "Observation/mine", "PUT", {
        "resourceType": "Observation", "id": "mine", "status": "final", "code": {"text": "x"}})[0] == 404
    assert fhir(tokens["anne"], "Observation/" + new)[0] == 200
    ended(id, body)
    assert fhir(tokens["owner"], "Observation/" + new, "DELETE")[0] == 204


def what_was_deleted_is_not_told_of_any_more():
    gone = {name: "Condition/" + make("Condition", {"subject": {"reference": "Patient/" + made[name]}})
            for name in ("anne", "bert")}
    for path in gone.values():
        assert fhir(tokens["owner"], path, "DELETE")[0] == 204
        assert fhir(tokens["house"], path)[0] == 410
    body = consent(deny())
    id = make("Consent", body)
    assert fhir(tokens["anne"], gone["anne"])[0] == 410
    told = str(fhir(tokens["house"], "Condition/_history?_count=100")[1])
    assert gone["bert"] not in told and gone["anne"] not in told
    for more in ("", "/_history", "/_history/1", "/_history/2"):
        assert fhir(tokens["house"], gone["anne"] + more)[0] == 404, more
    ended(id, body)


def an_emergency_opens_it_and_the_reason_is_told_to_who_may_ask():
    body = consent(deny())
    id = make("Consent", body)
    wanted = "Condition/" + made["anne", "Condition", None]
    said = hale(PROGRAM, "access", "explain", "--as", "house", wanted, "--data", smart.server.folder)
    assert "no" in said.splitlines()[0] and f"Consent/{id}" in said, said
    connection = http.client.HTTPConnection("127.0.0.1", smart.server.port, timeout=30)
    browser = smart.people["house"]
    connection.request("POST", "/break-glass", json.dumps({
        "do": "begin", "patient": made["anne"], "reason": "emergency",
        "words": "found unconscious at the door"}), {
            "Content-Type": "application/json", "X-Hale-Request": "1",
            "X-Forwarded-For": browser.address,
            "Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items())})
    answer = connection.getresponse()
    opened = json.loads(answer.read())
    assert answer.status == 200, opened
    assert fhir(opened["token"], wanted)[0] == 200
    assert fhir(tokens["house"], wanted)[0] == 404, "the other token opens no more than before"
    ended(id, body)


def what_cannot_be_carried_out_is_refused_with_its_place():
    cases = [
        (deny(dataPeriod={"start": "2020-01-01"}), "Consent.provision.dataPeriod"),
        (deny(actor=[actor("Device/1")]), "Consent.provision.actor[0].reference"),
        (deny(actor=[role("cook")]), "Consent.provision.actor.role"),
        (deny(securityLabel=[{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                              "code": "R"}]), "Consent.provision.securityLabel[0]"),
        (deny(**{"class": [{"system": "urn:x", "code": "y"}]}), "Consent.provision.class[0]"),
        (deny(code=[{"coding": [{"system": "http://c", "code": "x"}]}]), "Consent.provision"),
        (deny(data=[{"meaning": "related", "reference": {"reference": "Condition/1"}}]),
         "Consent.provision.data[0]"),
        (deny(purpose=[{"system": REASON, "code": "XYZ"}]), "Consent.provision.purpose[0]"),
        (deny(action=[{"coding": [{"code": "correct"}]}]), "Consent.provision.action[0]"),
        (deny(provision=[{"type": "deny"}]), "Consent.provision.provision[0]"),
        (deny(provision=[{"type": "permit", "securityLabel": [{"system": ACT, "code": "SEX"}]}]),
         "Consent.provision.provision[0]"),
        ({"provision": [{"provision": [{"provision": [{"provision": [deny()]}]}]}]},
         "Consent.provision.provision[0].provision[0].provision[0].provision[0]"),
    ]
    for provision, place in cases:
        status, said = fhir(tokens["owner"], "Consent", "POST", consent(provision))
        places = [e for issue in said["issue"] for e in issue.get("expression", [])]
        assert status == 422 and place in places, (provision, status, said)
    assert fhir(tokens["owner"], "Consent", "POST", {
        **consent(deny()), "scope": {"text": "something"}})[0] == 422
    for role_word, status in (("cook", 422), ("front-desk", 200)):
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{
            "resource": consent(deny(actor=[role(role_word)])),
            "request": {"method": "POST", "url": "Consent"}}]}
        said = fhir(tokens["owner"], "", "POST", bundle)
        assert said[0] == status, (role_word, said)
        if status == 200:
            ended(said[1]["entry"][0]["response"]["location"].split("/")[-3],
                  bundle["entry"][0]["resource"])
    # what gives nobody anything is kept and not looked at further
    assert fhir(tokens["owner"], "Consent", "POST", consent(
        {"type": "permit", "dataPeriod": {"start": "2020-01-01"}}))[0] == 201


def it_holds_after_the_next_start_and_in_many():
    bodies = [consent(deny(actor=[actor("Practitioner/2")], data=[{
        "meaning": "instance", "reference": {"reference": f"Condition/number-{i}"}}])) for i in range(40)]
    bodies.append(consent(deny(actor=[actor("Practitioner/2")], data=[{
        "meaning": "instance", "reference": {"reference": "Condition/" + made["anne", "Condition", None]}}])))
    made_ids = [make("Consent", body) for body in bodies]
    wanted = "Condition/" + made["anne", "Condition", None]
    assert fhir(tokens["wilson"], wanted)[0] == 404
    assert fhir(tokens["wilson"], "Condition/" + made["bert", "Condition", None])[0] == 200
    assert fhir(tokens["house"], wanted)[0] == 200
    smart.server.stop()
    smart.server = Server(PROGRAM, "--behind-proxy", folder=smart.server.folder)
    assert fhir(tokens["wilson"], wanted)[0] == 404
    assert fhir(tokens["house"], wanted)[0] == 200
    for id, body in zip(made_ids, bodies):
        ended(id, body)
    assert fhir(tokens["wilson"], wanted)[0] == 200


TESTS = [each_way_of_withholding_takes_that_from_those_and_nothing_from_others,
         it_holds_within_a_second_and_ends_with_its_day_and_with_a_new_version,
         only_the_patient_and_who_stands_for_them_open_it,
         what_is_withheld_can_be_filed_and_not_looked_at,
         what_was_deleted_is_not_told_of_any_more,
         an_emergency_opens_it_and_the_reason_is_told_to_who_may_ask,
         what_cannot_be_carried_out_is_refused_with_its_place,
         it_holds_after_the_next_start_and_in_many]


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
