"""hidden.py PROGRAM [WORD…]: elements that a role may not see, by every way a resource goes out.

What is expected is worked out here, from the table "Hidden elements" in docs/security.md and what the owner of
the data sees; and by pairs of resources that differ in nothing but what is hidden, which must answer alike.
"""

import copy
import json
import re
import sys

import policy
import smart
from live import Server, run
from policy import ROOT, Line, put_in_force, shipped

DESK = {}
LEVEL = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
FHIR = "application/fhir+json"
# R4's search parameters that look at what is hidden from the front desk in some Appointments, and words
REFUSED = {"reason-code": "x", "reason-reference": "Condition/1", "service-category": "x",
           "service-type": "x", "specialty": "x", "appointment-type": "x", "based-on": "ServiceRequest/1",
           "supporting-info": "Condition/1", "_security": "PSY", "_text": "x", "_content": "x"}
# Those that do not.
ASKED = {"date": "2027-05-03", "status": "booked", "patient": "Patient/{patient}", "_id": "{id}",
         "identifier": "{number}", "_tag": "x", "_profile": "http://x", "_lastUpdated": "gt2020-01-01",
         "actor": "Patient/{patient}", "part-status": "accepted", "slot": "Slot/1"}


def table():
    """role -> type -> (names of elements, labels they are hidden with; none: always)."""
    text = (ROOT / "docs/security.md").read_text()
    part = text[text.index("## Hidden elements"):]
    found = {}
    for roles, kind, names, where in re.findall(
            r"^\| ([a-z, -]+) \| ([A-Z][A-Za-z]+) \| ([A-Za-z., ]+) \| ([A-Za-z, ]+) \|$", part, re.M):
        labels = None if where == "always" else {w.strip() for w in where.split("labelled", 1)[1].split(",")}
        for role in roles.split(","):
            found.setdefault(role.strip(), {})[kind] = ([n.strip() for n in names.split(",")], labels)
    assert len(found["front-desk"]) >= 3, found
    return found


def shown(role, whole):
    """What the role is to see of a resource."""
    part = copy.deepcopy(whole)
    if whole["resourceType"] not in TABLE[role]:
        return part
    names, labels = TABLE[role][whole["resourceType"]]
    has = {label["code"] for label in whole.get("meta", {}).get("security", [])}
    for name in names if labels is None or labels & has else []:
        holder = part
        *way, last = name.split(".")
        for step in way:
            holder = holder.get(step, {})
        for key in list(holder):
            if key.lstrip("_") == last:
                del holder[key]
    for name in ("text", "contained"):
        part.pop(name, None)
    return part


def without_mark(part):
    """Takes the tag off that says that it is a part; it must be there."""
    part = copy.deepcopy(part)
    tags = part["meta"]["tag"]
    mark = [t for t in tags if t.get("code") == "SUBSETTED" and t.get("id") == "withheld"]
    assert len(mark) == 1, part
    tags.remove(mark[0])
    if not tags:
        del part["meta"]["tag"]
    return part


def appointment(patient, label, secret, **more):
    made = {
        "resourceType": "Appointment", "status": "booked", "start": "2027-05-03T09:00:00Z",
        "end": "2027-05-03T09:30:00Z",
        "participant": [{"actor": {"reference": "Patient/" + patient}, "status": "accepted"}], **more}
    if label:
        made["meta"] = {"security": [{"system": LEVEL if label in "NRV" else ACT, "code": label}]}
    if secret:
        made.update({
            "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">SECRET</div>'},
            "contained": [{"resourceType": "Condition", "id": "c",
                           "subject": {"reference": "Patient/" + patient}, "code": {"text": "SECRET"}}],
            "reasonCode": [{"text": "SECRET"}], "reasonReference": [{"reference": "#c"}],
            "description": "SECRET", "_comment": {"extension": [{"url": "http://x", "valueString": "SECRET"}]},
            "comment": "SECRET", "patientInstruction": "SECRET",
            "supportingInformation": [{"reference": "Condition/SECRET"}],
            "basedOn": [{"reference": "ServiceRequest/SECRET"}], "serviceCategory": [{"text": "SECRET"}],
            "serviceType": [{"text": "SECRET"}], "specialty": [{"text": "SECRET"}],
            "appointmentType": {"text": "SECRET"}})
    return made


def make(resource):
    status, made = smart.fhir(DESK["owner"], resource["resourceType"], "POST", resource)
    assert status == 201, made
    return made


def desk(method, path, body=None, kind=FHIR, token=None):
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
    status, text = DESK["line"].ask(token or DESK["token"], method, path, kind if body is not None else None,
                                    body)
    return status, json.loads(text) if text else None


def resources_in(body):
    if body["resourceType"] != "Bundle":
        return [body]
    found = []
    for entry in body.get("entry", []):
        if "resource" in entry:
            found += resources_in(entry["resource"])
    return found


def nothing_hidden_goes_out_by_any_way():
    patient = smart.patients["anne"]
    made = [make(appointment(patient, label, True)) for label in (None, "N", "R", "PSY", "HIV", "SDV")]
    made += [make({"resourceType": "ChargeItem", "status": "billable", "code": {"text": "visit"},
                   "subject": {"reference": "Patient/" + patient}, "reason": [{"text": "SECRET"}],
                   "note": [{"text": "SECRET"}]})]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": "GET", "url": f"{r['resourceType']}/{r['id']}"}} for r in made]}
    ways = [("POST", "", batch)] + [
        ("GET", path, None) for path in
        ["Appointment", "Appointment?_elements=comment,reasonCode,status", "Appointment?_summary=true",
         "Appointment?_summary=data", "Appointment?_summary=text", "Appointment/_history", "_history",
         "?_type=Appointment,ChargeItem", "ChargeItem",
         f"Patient?_id={patient}&_revinclude=Appointment:patient&_revinclude=ChargeItem:subject",
         f"Patient?_id={patient}&_revinclude=*", "Appointment?_include=*", f"Patient/{patient}/Appointment",
         f"Patient/{patient}/$everything", f"Patient/{patient}/$everything?_type=Appointment"]]
    for r in made:
        at = f"{r['resourceType']}/{r['id']}"
        ways += [("GET", path, None) for path in
                 (at, at + "/_history", at + "/_history/1", at + "?_elements=comment,note,reason", at + "/$meta",
                  at + "?_summary=true")]
    whole = {(r["resourceType"], r["id"]): r for r in made}
    seen = 0
    for role in ("front-desk", "biller"):
        for method, path, body in ways:
            status, answer = desk(method, path, body, token=policy.tokens[role])
            assert status == 200, (role, method, path, status, answer)
            for r in resources_in(answer):
                key = (r["resourceType"], r.get("id"))
                if key not in whole:
                    continue
                expected = shown(role, whole[key])
                if "_summary" in path or "_elements" in path:
                    assert {k: v for k, v in r.items() if k != "meta"}.items() <= expected.items(), (role, path, r)
                elif "_history" not in path or "/_history" in path and path.count("/") > 1:
                    assert without_mark(r) == expected, (role, path, r, expected)
                else:
                    assert without_mark(r) == expected, (role, path, r, expected)
                seen += 1
    assert seen > 100, seen
    # what is kept from nobody is there for who sees all of it
    assert "SECRET" in json.dumps(smart.fhir(DESK["owner"], f"Appointment/{made[3]['id']}")[1])
    assert "SECRET" in json.dumps(desk("GET", f"Appointment/{made[3]['id']}",
                                       token=policy.tokens["practitioner"])[1])


def rows_of_views_and_graphs_hide_it_too():
    patient = smart.patients["anne"]
    made = make(appointment(patient, "R", True))
    view = {"resourceType": "ViewDefinition", "resource": "Appointment", "status": "active", "select": [
        {"column": [{"name": "id", "path": "id"}, {"name": "comment", "path": "comment"},
                    {"name": "reason", "path": "reasonCode.text.first()"},
                    {"name": "words", "path": "text.div"}]}]}
    sent = {"resourceType": "Parameters", "parameter": [{"name": "viewResource", "resource": view}]}
    query = "{ AppointmentList(_id: \"%s\") { id status comment description reasonCode { text } } }"
    asked = [("$viewdefinition-run", sent), ("$graphql", {"query": query % made["id"]}),
             (f"Appointment/{made['id']}/$graphql", {"query": "{ id comment reasonCode { text } }"})]
    for role, visible in (("front-desk", False), ("practitioner", True)):
        for path, body in asked:
            status, text = DESK["line"].ask(policy.tokens[role], "POST", path, FHIR, json.dumps(body))
            assert status == 200, (role, path, status, text)
            own = [line for line in text.splitlines() if made["id"].encode() in line]
            assert len(own) == 1 and (b"SECRET" in own[0]) == visible, (role, path, text)
    # what looks at it cannot be asked there either
    status, text = DESK["line"].ask(DESK["token"], "POST", "$graphql", FHIR, json.dumps(
        {"query": '{ AppointmentList(reason_code: "x") { id } }'}))
    assert status == 400, text


def what_was_open_once_is_not_open_afterwards():
    made = make(appointment(smart.patients["anne"], None, True))
    at = f"Appointment/{made['id']}"
    assert "SECRET" in json.dumps(desk("GET", at)[1])
    labelled = {**made, "meta": {"security": [{"system": ACT, "code": "PSY"}]}}
    assert smart.fhir(DESK["owner"], at, "PUT", labelled)[0] == 200
    for path in (at, at + "/_history/1", at + "/_history/2", at + "/_history", "Appointment/_history",
                 "_history?_count=50"):
        for r in resources_in(desk("GET", path)[1]):
            assert r.get("id") != made["id"] or "SECRET" not in json.dumps(r), path


def what_looks_at_hidden_elements_cannot_be_asked():
    patient = smart.patients["anne"]
    unknown = desk("GET", "Appointment?colour=x")
    same = lambda answer, name: json.dumps(answer).replace(name, "colour")
    for name, value in REFUSED.items():
        assert same(desk("GET", f"Appointment?{name}={value}"), name) == json.dumps(unknown), name
        lenient = DESK["line"].connection
        lenient.request("GET", f"/fhir/Appointment?{name}={value}&status=nothing-such", None,
                        {"Authorization": "Bearer " + DESK["token"], "Prefer": "handling=lenient"})
        answer = lenient.getresponse()
        text = answer.read().decode()
        assert answer.status in (200, 400) and "SECRET" not in text and f"{name}={value}" not in text, (name, text)
        for path in (f"Appointment?_sort={name}", f"Appointment?_sort=-{name}",
                     f"Patient?_has:Appointment:patient:{name}={value}", f"Appointment?{name}:missing=true",
                     f"Appointment?{name}:not={value}", f"Appointment?_filter={name}%20eq%20{value}",
                     f"Patient/{patient}/Appointment?{name}={value}", f"?_type=Appointment&{name}={value}",
                     f"AppointmentResponse?appointment.{name}={value}",
                     f"AppointmentResponse?appointment:Appointment.{name}={value}"):
            status, answer = desk("GET", path)
            assert status in (400, 403), (path, status, answer)
        for method, path, body in (("PUT", f"Appointment?{name}={value}", appointment(patient, None, False)),
                                   ("DELETE", f"Appointment?{name}={value}", None)):
            status, answer = desk(method, path, body)
            assert status in (400, 403), (method, path, status, answer)
        line = DESK["line"].connection
        line.request("POST", "/fhir/Appointment", json.dumps(appointment(patient, None, False)),
                     {"Authorization": "Bearer " + DESK["token"], "Content-Type": FHIR,
                      "If-None-Exist": f"{name}={value}"})
        answer = line.getresponse()
        answer.read()
        assert answer.status in (400, 403), (name, answer.status)
    for path in ("Appointment?_include=Appointment:reason-reference", "Condition?_revinclude=Appointment:reason-reference",
                 "Appointment?reason-reference:Condition.code=x", "Appointment?based-on.status=active"):
        assert desk("GET", path)[0] in (400, 403), path
    for role in ("practitioner",):
        assert desk("GET", "Appointment?reason-code=x", token=policy.tokens[role])[0] == 200
    # types of which nothing is hidden are as they were
    assert desk("GET", "Patient?_security=x")[0] == 200 and desk("GET", "Coverage?_sort=status")[0] == 200


def pairs_that_differ_in_what_is_hidden_answer_alike():
    patient = smart.patients["anne"]
    number = 0
    for label in ("PSY", "R"):
        pair = []
        for secret in (True, False):
            number += 1
            pair.append(make(appointment(patient, label, secret, identifier=[
                {"system": "http://n", "value": f"pair-{number}"}], minutesDuration=30)))

        def both(method, path, body=None, kind=FHIR):
            answers = []
            for one in pair:
                fill = {"{id}": one["id"], "{number}": one["identifier"][0]["value"], "{patient}": patient}

                def put_in(text):
                    for mark, value in fill.items():
                        text = text.replace(mark, value)
                    return text

                sent = body and put_in(body if isinstance(body, str) else json.dumps(body))
                status, answer = desk(method, put_in(path), sent, kind)
                text = json.dumps(answer)
                for mark, value in fill.items():
                    text = text.replace(value, mark)
                text = re.sub(r'"(lastUpdated|lastModified|valueInstant)": "[^"]*"', r'"\1": ""', text)
                answers.append((status, text))
            assert answers[0] == answers[1], (label, method, path, answers)
            return answers[0]

        for name, value in {**ASKED, **REFUSED}.items():
            for query in (f"{name}={value}", f"{name}:missing=false", f"{name}:not={value}"):
                for more in ("", "&_summary=count", "&_total=accurate", "&_sort=" + name, "&_elements=comment"):
                    both("GET", f"Appointment?{query}&identifier=http://n|{{number}}{more}")
        both("GET", "Appointment/{id}")
        both("GET", "Appointment/{id}/_history")
        both("GET", "Appointment/{id}/$meta")
        status, text = both("GET", "Appointment/{id}?_format=json")
        read = json.loads(text)
        del read["meta"]["lastUpdated"]
        # the same once more: no new version of either
        assert both("PUT", "Appointment/{id}", read)[0] == 200
        assert json.loads(both("GET", "Appointment/{id}")[1])["meta"]["versionId"] == "1"
        for patch, expected in (
                ([{"op": "test", "path": "/comment", "value": "SECRET"}], None),
                ([{"op": "test", "path": "/comment", "value": None}], None),
                ([{"op": "remove", "path": "/comment"}], None),
                ([{"op": "copy", "from": "/comment", "path": "/status"}], None),
                ([{"op": "copy", "from": "/comment", "path": "/cancelationReason"}], None),
                ([{"op": "test", "path": "/contained/0/id", "value": "c"}], None),
                ([{"op": "add", "path": "/comment", "value": "SECRET"}], 403),
                ([{"op": "add", "path": "/comment", "value": "other"}], 403),
                ([{"op": "add", "path": "/text", "value": {"status": "empty"}}], None),
                ([{"op": "test", "path": "/status", "value": "booked"}], 200),
                ([{"op": "replace", "path": "/minutesDuration", "value": 45}], 200)):
            status, _ = both("PATCH", "Appointment/{id}", json.dumps(patch), "application/json-patch+json")
            assert status == expected if expected else status >= 400, (patch, status)
        for changed, expected in (({"comment": "SECRET"}, 403), ({"comment": "other"}, 403),
                                  ({"_comment": {"id": "x"}}, 403), ({"reasonCode": [{"text": "SECRET"}]}, 403),
                                  ({"contained": [{"resourceType": "Condition", "id": "c", "subject": {
                                      "reference": "Patient/1"}}]}, 403),
                                  ({"text": {"status": "generated",
                                             "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}}, 403),
                                  ({"meta": {"security": [{"system": ACT, "code": "PSY"}]}}, 403),
                                  ({"minutesDuration": 60}, 200), ({"status": "arrived"}, 200)):
            body = {**read, **changed}
            assert both("PUT", "Appointment/{id}", body)[0] == expected, (changed, expected)
        both("POST", "Appointment/{id}/$meta-add", {"resourceType": "Parameters", "parameter": [
            {"name": "meta", "valueMeta": {"tag": [{"system": "http://t", "code": "seen"}]}}]})
        status, _ = both("POST", "Appointment/{id}/$meta-delete", {"resourceType": "Parameters", "parameter": [
            {"name": "meta", "valueMeta": {"security": [{"system": LEVEL if label == "R" else ACT,
                                                         "code": label}]}}]})
        assert status == 403, status
        # what was hidden is there still, all of it, but for the narrative that was generated
        for one, secret in zip(pair, (True, False)):
            now = smart.fhir(DESK["owner"], "Appointment/" + one["id"])[1]
            wanted = {k: v for k, v in one.items() if k not in ("meta", "text")}
            wanted.update(minutesDuration=30, status="arrived")
            now.pop("extension")  # when it arrived: the server's own
            assert {k: v for k, v in now.items() if k != "meta"} == wanted, (now, wanted)
            assert [s["code"] for s in now["meta"]["security"]] == [label]
            assert [t["code"] for t in now["meta"]["tag"]] == ["seen"], now["meta"]


def a_transaction_keeps_what_is_hidden_too():
    made = make(appointment(smart.patients["anne"], "PSY", True))
    at = "Appointment/" + made["id"]
    read = desk("GET", at)[1]
    read["status"] = "fulfilled"
    read["participant"].append({"actor": {"reference": "urn:uuid:4b1d2d5e-0d4b-4a0c-9a6e-8d0f0c7a1b11"},
                                "status": "accepted"})
    status, answer = desk("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": "urn:uuid:4b1d2d5e-0d4b-4a0c-9a6e-8d0f0c7a1b11", "request": {"method": "POST", "url": "Patient"},
         "resource": {"resourceType": "Patient", "name": [{"text": "Second"}]}},
        {"resource": read, "request": {"method": "PUT", "url": at}}]})
    assert status == 200, answer
    now = smart.fhir(DESK["owner"], at)[1]
    assert now["comment"] == "SECRET" and now["reasonCode"] == [{"text": "SECRET"}], now
    assert now["status"] == "fulfilled" and now["participant"][1]["actor"]["reference"].startswith("Patient/"), now
    assert "tag" not in now["meta"], now["meta"]
    # a summary of it is none that could be put back
    for part in ("_elements=status,participant", "_summary=data"):
        status, answer = desk("PUT", at, desk("GET", f"{at}?{part}")[1])
        assert status == 422 and "SUBSETTED" in json.dumps(answer), (part, status, answer)


def moving_a_visit_keeps_what_is_hidden_and_its_labels():
    made = make(appointment(smart.patients["anne"], "PSY", True))
    at = "Appointment/" + made["id"]
    for parameters in ([{"name": "scope", "valueCode": "this"}, {"name": "start", "valueDateTime": "2031-06-03T10:00:00Z"}],
                       [{"name": "scope", "valueCode": "this"}, {"name": "status", "valueCode": "cancelled"}]):
        status, answer = desk("POST", at + "/$series", {"resourceType": "Parameters", "parameter": parameters})
        assert status == 200 and "SECRET" not in json.dumps(answer), (status, answer)
        now = smart.fhir(DESK["owner"], at)[1]
        for name in ("comment", "reasonCode", "serviceType", "patientInstruction", "contained"):
            assert now.get(name) == made[name], (name, now)
        assert now["meta"]["security"] == made["meta"]["security"] and "tag" not in now["meta"], now["meta"]
    assert now["status"] == "cancelled" and now["start"].startswith("2031-06-03T10:00"), now


def parts_of_lists_and_read_only_elements():
    rows = shipped() + [
        {"role": "front-desk", "hide": ["Patient.contact.telecom", "Patient.maritalStatus"]},
        {"role": "front-desk", "readOnly": ["Patient.birthDate", "Patient.communication.preferred"]}]
    put_in_force(rows)
    made = make({"resourceType": "Patient", "birthDate": "1980-01-01", "name": [{"family": "Lister"}],
                 "maritalStatus": {"text": "SECRET"},
                 "communication": [{"language": {"text": "fr"}, "preferred": True}],
                 "contact": [{"name": {"text": "A"}, "telecom": [{"value": "SECRET 1"}]},
                             {"telecom": [{"value": "SECRET 2"}]},
                             {"name": {"text": "B"}, "telecom": [{"value": "SECRET 3"}]}]})
    at = "Patient/" + made["id"]
    read = desk("GET", at)[1]
    assert read["contact"] == [{"name": {"text": "A"}}, {"name": {"text": "B"}}], read
    assert "maritalStatus" not in read and read["birthDate"] == "1980-01-01"
    more = {**read, "name": [{"family": "Lyster"}],
            "contact": read["contact"] + [{"name": {"text": "C"}}]}
    status, answer = desk("PUT", at, more)
    assert status == 200 and answer["contact"] == more["contact"], answer
    now = smart.fhir(DESK["owner"], at)[1]
    assert now["maritalStatus"] == {"text": "SECRET"} and now["name"] == [{"family": "Lyster"}]
    assert sorted(json.dumps(x, sort_keys=True) for x in now["contact"]) == sorted(
        json.dumps(x, sort_keys=True) for x in made["contact"] + [{"name": {"text": "C"}}]), now
    for changed, place in (({"contact": read["contact"][1:]}, "Patient.contact"),
                           ({"contact": [{"name": {"text": "X"}}] + read["contact"][1:]}, "Patient.contact"),
                           ({"contact": more["contact"] + [{"telecom": [{"value": "mine"}]}]},
                            "Patient.contact.telecom"),
                           ({"birthDate": "1980-01-02"}, "Patient.birthDate"),
                           ({"maritalStatus": {"text": "SECRET"}}, "Patient.maritalStatus"),
                           ({"communication": [{"language": {"text": "fr"}}]}, "Patient.communication.preferred")):
        status, answer = desk("PUT", at, {**more, **changed})
        assert status == 403 and place in json.dumps(answer), (changed, status, answer)
    assert desk("PUT", at, {k: v for k, v in more.items() if k != "birthDate"})[0] == 403
    status, answer = desk("POST", "Patient", {"resourceType": "Patient", "birthDate": "1990-01-01"})
    assert status == 403 and "Patient.birthDate" in json.dumps(answer), answer
    for query in ("phone=1", "telecom=1"):  # of the patient, not of contacts
        assert desk("GET", "Patient?" + query)[0] == 200, query
    put_in_force(shipped())


def what_cannot_be_hidden_is_refused():
    for path in ("Appointment", "Appointment.nothing", "Nothing.comment", "Appointment.status", "Appointment.id",
                 "Appointment.participant", "Appointment.participant.actor", "Appointment.meta",
                 "Appointment.meta.versionId", "Appointment.text", "ValueSet.name", "Observation.value.code",
                 "Patient.contact.name.family", "Appointment.comment.value", "Observation.subject"):
        import tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            json.dump({"rows": [{"role": "biller", "hide": [path]}]}, f)
            f.flush()
            said = policy.policy_refused("set", f.name)
        assert path.split(".")[-1] in said or "hidden" in said or "whose" in said, (path, said)


TESTS = [nothing_hidden_goes_out_by_any_way, rows_of_views_and_graphs_hide_it_too, what_was_open_once_is_not_open_afterwards,
         what_looks_at_hidden_elements_cannot_be_asked, pairs_that_differ_in_what_is_hidden_answer_alike,
         a_transaction_keeps_what_is_hidden_too, moving_a_visit_keeps_what_is_hidden_and_its_labels, parts_of_lists_and_read_only_elements,
         what_cannot_be_hidden_is_refused]
TABLE = table()


def main():
    smart.server = Server(sys.argv[1], "--behind-proxy")
    smart.server.base = f"http://127.0.0.1:{smart.server.port}"
    try:
        smart.prepare()
        policy.take_tokens()
        DESK.update(owner=smart.server.token("system/*.cruds"), token=policy.tokens["front-desk"],
                    line=Line(smart.server))
        return run(TESTS, sys.argv[2:])
    finally:
        smart.server.close()


if __name__ == "__main__":
    sys.exit(main())
