"""notes.py PROGRAM [WORD…]: clinicians sign, co-sign and add to notes on a live server, several at once; who may
not see notes learns nothing of them. Issue "The chart", 3, 4 and 9; docs/api.md, Notes."""

import concurrent.futures
import hashlib
import http.client
import json
import re
import shutil
import subprocess
import sys
import time

import smart
from live import Server, run
from person import Browser, hale
from policy import put_in_force, shipped

PROGRAM = sys.argv[1]
ASKED = "user/*.cruds patient/*.cruds"
TEMPLATE = "urn:hale:template:general:note|1"
SECRET = "zebra"
LOGINS = {"house": ("practitioner", "Practitioner/1"), "wilson": ("practitioner", "Practitioner/2"),
          "cameron": ("practitioner", "Practitioner/3"), "desk": ("front-desk", None), "bill": ("biller", None),
          "admin": ("administrator", None), "privacy": ("privacy-officer", None)}
HIDDEN_FROM = ("desk", "bill", "admin", "privacy")
tokens, made = {}, {}


def ask(who, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", smart.server.port, timeout=30)
    connection.request(method, "/fhir/" + path, json.dumps(body) if body else None,
                       {"Authorization": f"Bearer {tokens[who]}", "Content-Type": "application/fhir+json",
                        **{name.replace("_", "-"): value for name, value in headers.items()}})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def said(who, path, method="GET", body=None, **headers):
    status, text = ask(who, path, method, body, **headers)
    return status, json.loads(text) if text else None


def prepare():
    smart.server.base = f"http://127.0.0.1:{smart.server.port}"
    tokens["owner"] = smart.server.token("system/*.cruds")
    for number, name in ((1, "House"), (2, "Wilson"), (3, "Cameron")):
        student = [{"code": {"coding": [{"system": "urn:hale:supervised", "code": "student"}]}}]
        status, answer = said("owner", f"Practitioner/{number}", "PUT", {
            "resourceType": "Practitioner", "id": str(number), "name": [{"family": name}],
            **({"qualification": student} if number == 3 else {})})
        assert status == 201, answer
    hale(PROGRAM, "client", "add", "--id", "notes", "--name", "Notes", "--redirect", smart.BACK, "--scope", ASKED,
         "--data", smart.server.folder)
    for name, (role, linked) in LOGINS.items():
        link = hale(PROGRAM, "user", "add", name, "--role", role, *(["--linked", linked] if linked else []),
                    "--data", smart.server.folder)
        browser = Browser(smart.server.port)
        browser.take_up(link, smart.PASSWORD)
        assert browser.sign_in(name, smart.PASSWORD).status == 200
        tokens[name] = smart.App("notes").tokens(browser, ASKED)["access_token"]
    status, answer = said("house", "Questionnaire/$install", "POST")
    assert status == 200, answer
    status, answer = said("owner", "Patient", "POST", {"resourceType": "Patient", "name": [{"family": "Adler"}]})
    made["p"] = answer["id"]


def draft(author="1", text="She feels better", **more):
    status, note = said("house", "QuestionnaireResponse", "POST", {
        "resourceType": "QuestionnaireResponse", "questionnaire": TEMPLATE, "status": "in-progress",
        "subject": {"reference": "Patient/" + made["p"]}, "author": {"reference": "Practitioner/" + author},
        "authored": "2026-11-22T10:00:00Z", **more,
        "item": [{"linkId": name, "answer": [{"valueString": text}]} for name in ("reason", "assessment", "plan")]})
    assert status == 201, note
    return note


def parameters(**values):
    return {"resourceType": "Parameters", "parameter": [{"name": name, "valueString": value}
                                                        for name, value in values.items()]}


def signed(who="house", author="1", **more):
    note = draft(author, **more)
    status, answer = said(who, f"QuestionnaireResponse/{note['id']}/$sign", "POST")
    assert status == 200, answer
    return note["id"]


def a_person_signs_their_own_notes_and_nobody_elses():
    note = "QuestionnaireResponse/" + draft()["id"]
    assert said("wilson", note + "/$sign", "POST")[0] == 403
    assert said("house", note + "/$sign", "POST", {"resourceType": "Parameters", "parameter": [
        {"name": "who", "valueReference": {"reference": "Practitioner/2"}}]})[0] == 403
    status, answer = said("house", note + "/$sign", "POST")
    assert status == 200 and answer["status"] == "completed", answer
    provenance = said("house", "Provenance?target=" + note)[1]["entry"][0]["resource"]
    assert provenance["signature"][0]["who"]["reference"] == "Practitioner/1"
    assert "onBehalfOf" not in provenance["signature"][0]


def the_digest_is_that_of_what_is_read():
    note = "QuestionnaireResponse/" + signed(text="naïve “quotes” \\ and\nlines", meta={"security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]})
    text = ask("house", note)[1].decode()
    start = text.index('"meta":')
    meta, length = json.JSONDecoder().raw_decode(text[start + len('"meta":'):])
    plain = text[:start] + text[start + len('"meta":') + length + 1:]
    provenance = said("house", "Provenance?target=" + note)[1]["entry"][0]["resource"]
    assert provenance["target"][0]["reference"] == f"{note}/_history/{meta['versionId']}"
    assert provenance["signature"][0]["extension"][0]["valueString"] == hashlib.sha256(plain.encode()).hexdigest()
    assert provenance["meta"]["security"][0]["code"] == "R"


def of_two_who_sign_at_once_one_does_and_no_save_comes_after():
    for _ in range(5):
        note = draft()
        path = "QuestionnaireResponse/" + note["id"]

        def save(number):
            changed = {**note, "item": note["item"][:2] + [{"linkId": "plan", "answer": [{"valueString": f"p{number}"}]}]}
            return said("house", path, "PUT", changed)[0]

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            saves = [pool.submit(save, n) for n in range(4)]
            signs = [pool.submit(said, "house", path + "/$sign", "POST") for _ in range(2)]
            assert sorted(s.result()[0] for s in signs) == [200, 409], [s.result() for s in signs]
            assert {s.result() for s in saves} <= {200, 409}
        history = said("house", path + "/_history")[1]["entry"]
        assert history[0]["resource"]["status"] == "completed", history[0]
        assert len(said("house", "Composition?entry=" + path)[1]["entry"]) == 1


def a_students_note_waits_for_somebody_else():
    note = signed("cameron", "3")
    waiting = said("wilson", "Composition?status=preliminary")[1]
    assert any(note in json.dumps(e) for e in waiting["entry"])
    path = f"QuestionnaireResponse/{note}/$cosign"
    assert said("cameron", path, "POST")[0] == 403
    assert said("wilson", path, "POST")[0] == 200
    kinds = {e["resource"]["signature"][0]["type"][0]["code"]
             for e in said("wilson", "Provenance?target=QuestionnaireResponse/" + note)[1]["entry"]}
    assert kinds == {"1.2.840.10065.1.12.1.1", "1.2.840.10065.1.12.1.5"}


def text_of(pdf):
    assert pdf.startswith(b"%PDF"), pdf[:200]
    if not shutil.which("pdftotext"):
        return None
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, stdout=subprocess.PIPE, check=True).stdout.decode()


def paper_shows_the_original_and_what_was_said_later():
    note = "QuestionnaireResponse/" + draft(text="The left shoulder")["id"]
    status, pdf = ask("house", note + "/$paper")
    text = text_of(pdf)
    assert status == 200 and (text is None or "DRAFT" in text and "Signed" not in text), text
    assert said("house", note + "/$sign", "POST")[0] == 200
    status, answer = said("wilson", note + "/$amend", "POST",
                          parameters(kind="late-entry", reason="called back", text="Slept well",
                                     occurred="2026-11-22T18:00:00Z"))
    assert status == 201, answer
    status, answer = said("house", note + "/$amend", "POST", parameters(kind="correction", reason="wrong side",
                                                                       text="The right shoulder"))
    assert status == 201, answer
    status, pdf = ask("house", note + "/$paper", Accept_Language="fr")
    text = text_of(pdf)
    assert status == 200, pdf
    if text is None:
        return
    places = [text.index(word) for word in ("Adler", "The left shoulder", "Signé", "Inscription tardive", "called back",
                                            "2026-11-22T18:00:00Z", "Slept well", "Correction", "The right shoulder")
              if word != "Signé"]
    assert places == sorted(places), text
    assert "BROUILLON" not in text and "House" in text and "Wilson" in text, text


def a_chart_of_a_hundred_notes_is_one_paper():
    patient = said("owner", "Patient", "POST", {"resourceType": "Patient", "name": [{"family": "Watson"}]})[1]["id"]
    for number in range(100):
        note = draft(text=f"Note number {number}. " + "She walks further every week. " * 10,
                     subject={"reference": "Patient/" + patient})["id"]
        assert said("house", f"QuestionnaireResponse/{note}/$sign", "POST")[0] == 200
    started = time.perf_counter()
    status, pdf = ask("house", f"Patient/{patient}/$paper")
    print(f"chart of 100 notes: {(time.perf_counter() - started) * 1000:.0f} ms, {len(pdf)} bytes")
    text = text_of(pdf)
    assert status == 200 and (text is None or all(f"number {n}." in text for n in range(100)))


def a_private_note_stays_so_in_all_that_is_made_of_it():
    system = "urn:hale:privacy"
    note = signed(text=SECRET, meta={"security": [{"system": system, "code": code} for code in (
        "private", "author:Practitioner/1", "reader:Practitioner/2")]})
    path = "QuestionnaireResponse/" + note
    status, answer = said("wilson", path + "/$amend", "POST", parameters(kind="addendum", reason="seen", text=SECRET))
    assert status == 201, answer
    codes = {label["code"] for label in answer["meta"]["security"]}
    assert codes == {"private", "author:Practitioner/2", "reader:Practitioner/1", "reader:Practitioner/2"}, codes
    for who, count in (("house", 2), ("wilson", 2), ("cameron", 0)):
        for search in (f"QuestionnaireResponse?_id={note},{answer['id']}",
                       f"Composition?entry={path},QuestionnaireResponse/{answer['id']}",
                       f"Provenance?target={path},QuestionnaireResponse/{answer['id']}"):
            found = said(who, search)[1].get("entry", [])
            assert len(found) == count, (who, search, len(found))
        assert (ask(who, path + "/$paper")[0] == 200) == (count > 0)
    pdf = text_of(ask("cameron", f"Patient/{made['p']}/$paper")[1])
    assert pdf is None or SECRET not in pdf


def who_may_not_see_notes_learns_nothing_of_them():
    note = signed(text=SECRET)
    status, answer = said("house", f"QuestionnaireResponse/{note}/$amend", "POST",
                          parameters(kind="addendum", reason=SECRET, text=SECRET))
    assert status == 201, answer
    composition = said("house", "Composition?entry=QuestionnaireResponse/" + note)[1]["entry"][0]["resource"]["id"]
    provenance = said("house", "Provenance?target=QuestionnaireResponse/" + note)[1]["entry"][0]["resource"]["id"]
    paths = ["QuestionnaireResponse", f"QuestionnaireResponse/{note}", f"QuestionnaireResponse/{note}/_history",
             f"QuestionnaireResponse/{note}/_history/2", "QuestionnaireResponse?_summary=count",
             f"QuestionnaireResponse/{note}/$check", f"QuestionnaireResponse/{note}/$paper",
             f"Patient/{made['p']}/$paper", "Composition", f"Composition/{composition}",
             "Composition?status=preliminary&_summary=count", "Provenance", f"Provenance/{provenance}",
             "_history", f"?_id={note}&_type=QuestionnaireResponse", f"?_content={SECRET}",
             f"Patient/{made['p']}/$everything", f"Patient/{made['p']}/*",
             "Patient?_has:QuestionnaireResponse:subject:status=completed",
             "Patient?_revinclude=QuestionnaireResponse:subject", "Patient?_revinclude=Composition:subject",
             f"Practitioner?_has:Composition:author:_id={composition}", "Patient/$everything",
             "QuestionnaireResponse/$meta", "$meta"]
    empty = {path: None for path in paths}
    for who in HIDDEN_FROM:
        for path in empty:
            status, text = ask(who, path)
            assert note.encode() not in text.replace(path.encode(), b"") or status >= 400, (who, path, text[:300])
            assert SECRET.encode() not in text.replace(path.encode(), b""), (who, path, text[:300])
            assert status >= 400 or b'"total":1' not in text or b"Patient" in text, (who, path, text[:300])
            assert b"QuestionnaireResponse/" + note.encode() not in text or status >= 400
        for deed in ("$sign", "$cosign", "$amend", "$score"):
            there = ask(who, f"QuestionnaireResponse/{note}/{deed}", "POST", parameters(kind="addendum"))
            absent = ask(who, f"QuestionnaireResponse/nobody/{deed}", "POST", parameters(kind="addendum"))
            assert there[0] in (403, 404), (who, deed, there)
            assert re.sub(rb"[\w-]*nobody[\w-]*", note.encode(), absent[1]) == there[1], (there, absent)
        status, _ = said(who, f"QuestionnaireResponse/{note}", "DELETE")
        assert status in (403, 404)
        status, _ = said(who, "Questionnaire/$install", "POST")
        assert status == 403, (who, status)


def nobody_says_of_themselves_that_they_sign_alone():
    status, cameron = said("house", "Practitioner/3")
    plain = {name: value for name, value in cameron.items() if name != "qualification"}
    for who in ("cameron", "house"):
        assert said(who, "Practitioner/3", "PUT", plain)[0] == 403
        assert said(who, "Practitioner/3", "PATCH", [{"op": "remove", "path": "/qualification"}],
                    Content_Type="application/json-patch+json")[0] == 403
        assert said(who, "Practitioner/3", "DELETE")[0] == 403
        ended = {**cameron, "qualification": [{**cameron["qualification"][0], "period": {"end": "2026-01-01"}}]}
        assert said(who, "Practitioner/3", "PUT", ended)[0] == 403
    assert said("cameron", "Practitioner/3", "PUT", {**cameron, "gender": "female"})[0] == 200
    composition = said("house", "Composition?entry=QuestionnaireResponse/" + signed("cameron", "3"))[1]
    assert composition["entry"][0]["resource"]["status"] == "preliminary", composition
    assert said("owner", "Practitioner/3", "DELETE")[0] == 204
    assert said("cameron", "Practitioner/3", "PUT", plain)[0] in (403, 404)
    assert said("owner", "Practitioner/3", "PUT", plain)[0] == 201
    assert said("admin", "Practitioner/3", "PUT", cameron)[0] == 200


def form(url, **more):
    return {"resourceType": "Questionnaire", "url": url, "version": "1", "status": "active", "title": "Short form",
            "item": [{"linkId": "a", "text": "First words", "type": "string"}], **more}


def response(url, text="yes", status="in-progress", author="1", **more):
    note = {"resourceType": "QuestionnaireResponse", "questionnaire": url + "|1", "status": status,
            "subject": {"reference": "Patient/" + made["p"]}, "author": {"reference": "Practitioner/" + author},
            "authored": "2026-11-22T10:00:00Z", "item": [{"linkId": "a", "answer": [{"valueString": text}]}], **more}
    status, answer = said("house", "QuestionnaireResponse", "POST", note)
    assert status == 201, answer
    return answer


def signs(note, who="house", **headers):
    return said(who, f"QuestionnaireResponse/{note['id']}/$sign", "POST", **headers)


def what_signed_notes_are_made_from_keeps_its_words():
    status, template = said("house", "Questionnaire", "POST", form("urn:t:words"))
    path = "Questionnaire/" + template["id"]
    note = response("urn:t:words")
    other = [{"linkId": "a", "text": "Other words", "type": "string"}]
    assert said("house", path, "PUT", {**template, "title": "Better title"})[0] == 200
    template["title"] = "Better title"
    assert signs(note)[0] == 200
    for who in ("house", "owner"):
        status, answer = said(who, path, "PUT", {**template, "item": other})
        assert status == 409 and "new version" in json.dumps(answer), answer
        assert said(who, path, "DELETE")[0] == 409
        assert said(who, path, "PUT", {**template, "version": "2"})[0] == 409
        assert said(who, "Questionnaire", "POST", form("urn:t:words", item=other))[0] == 409
    assert said("house", path, "PUT", {**template, "status": "retired", "date": "2026-11-22"})[0] == 200
    assert said("house", "Questionnaire", "POST", {**form("urn:t:words", item=other), "version": "2"})[0] == 201
    status, unused = said("house", "Questionnaire", "POST", form("urn:t:unused"))
    assert said("house", "Questionnaire/" + unused["id"], "DELETE")[0] == 204
    text = text_of(ask("house", f"QuestionnaireResponse/{note['id']}/$paper")[1])
    assert text is None or "First words" in text and "Other words" not in text, text


def of_two_templates_of_one_version_none_is_chosen():
    assert said("house", "Questionnaire", "POST", form("urn:t:two"))[0] == 201
    note = response("urn:t:two")
    assert said("house", "Questionnaire", "POST", form("urn:t:two", title="Lax"))[0] == 201
    status, answer = signs(note)
    assert status == 422 and "several" in json.dumps(answer), answer
    empty = response("urn:t:two", questionnaire="urn:t:two|")
    assert signs(empty)[0] == 422


def who_signs_has_read_what_is_signed():
    note = draft()
    path = "QuestionnaireResponse/" + note["id"]
    assert said("house", path, "PUT", {**note, "language": "fr"})[0] == 200
    for deed in ("$sign", "$cosign", "$amend"):
        status, answer = said("house", f"{path}/{deed}", "POST", If_Match='W/"1"')
        assert status == 412 and "since you read it" in json.dumps(answer), (deed, answer)
    assert said("house", path)[1]["status"] == "in-progress"
    assert said("house", path + "/$sign", "POST", If_Match='W/"2"')[0] == 200


def scores_of(note):
    return [e["resource"] for e in said("house", "Observation?identifier=urn:hale:score|" + note["id"])[1].get("entry", [])]


def a_score_is_that_of_the_answers_that_are_signed():
    measure = [{"url": "urn:hale:measure", "extension": [
        {"url": "code", "valueCoding": {"system": "urn:t", "code": "m"}}, {"url": "item", "valueString": "a"},
        {"url": "formula", "valueCode": "sum"}]}]
    item = [{"linkId": "a", "text": "How much", "type": "integer"}]
    assert said("house", "Questionnaire", "POST", form("urn:t:score", extension=measure, item=item))[0] == 201
    answers = [[{"linkId": "a", "answer": [{"valueInteger": number}]}] for number in (3, 5, 8)]
    note = response("urn:t:score", status="completed", item=answers[0])
    path = "QuestionnaireResponse/" + note["id"]
    for number, now in ((3, answers[0]), (5, answers[1])):
        assert said("house", path, "PUT", {**note, "item": now})[0] == 200
        for _ in range(2):
            status, score = said("house", path + "/$score", "POST")
            assert status == 200 and score["valueQuantity"]["value"] == number, score
    assert score["meta"]["versionId"] == "2", score
    assert said("house", path, "PUT", {**note, "item": answers[2]})[0] == 200
    assert signs(note)[0] == 200
    found = scores_of(note)
    assert len(found) == 1 and found[0]["valueQuantity"]["value"] == 8, found
    assert found[0]["meta"]["tag"][0]["code"] == "signed", found
    assert said("house", "Observation/" + found[0]["id"], "PUT", {**found[0], "status": "amended"})[0] == 409
    missing = response("urn:t:score", status="completed", item=answers[0])
    assert said("house", f"QuestionnaireResponse/{missing['id']}/$score", "POST")[0] == 200
    bare = {name: value for name, value in missing.items() if name != "item"}
    assert said("house", "QuestionnaireResponse/" + missing["id"], "PUT", bare)[0] == 200
    assert signs(missing)[0] == 200
    assert [one["status"] for one in scores_of(missing)] == ["entered-in-error"]


def rules_believe_signed_consents_alone_as_they_were_corrected():
    ask_consent = [{"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-constraint", "extension": [
        {"url": "key", "valueId": "c"}, {"url": "severity", "valueCode": "error"}, {"url": "human", "valueString": "No consent"},
        {"url": "expression", "valueString": "%consents.where(item.answer.value = 'yes').exists()"}]}]
    kind = [{"system": "urn:hale:template", "code": "consent"}]
    assert said("house", "Questionnaire", "POST", form("urn:t:treats", extension=ask_consent))[0] == 201
    assert said("house", "Questionnaire", "POST", form("urn:t:consent", code=kind))[0] == 201
    patient = said("owner", "Patient", "POST", {"resourceType": "Patient", "name": [{"family": "Moran"}]})[1]["id"]
    subject = {"subject": {"reference": "Patient/" + patient}}
    treats = response("urn:t:treats", **subject)
    forged = response("urn:t:consent", **subject)
    assert said("house", "Composition", "POST", {
        "resourceType": "Composition", "status": "entered-in-error", "type": {"text": "x"}, "date": "2026-11-22",
        **subject, "author": [{"reference": "Practitioner/1"}], "title": "x", "event": [{"period": {"start": "2026-11-22T10:00:00Z"}}],
        "category": [{"coding": [{"system": "urn:hale:template", "code": "consent"}]}],
        "section": [{"entry": [{"reference": "QuestionnaireResponse/" + forged["id"]}]}]})[0] == 201
    assert signs(treats)[0] == 422
    early = response("urn:t:consent", **subject, authored="2026-11-21T23:00:00Z")
    assert signs(early)[0] == 200 and signs(treats)[0] == 422
    consent = response("urn:t:consent", **subject, authored="2026-11-22T00:30:00Z")
    assert signs(consent)[0] == 200
    assert said("house", f"QuestionnaireResponse/{treats['id']}/$check")[1]["issue"][0]["severity"] == "information"
    status, answer = said("house", f"QuestionnaireResponse/{consent['id']}/$amend", "POST", {
        "resourceType": "Parameters", "parameter": [
            {"name": "kind", "valueString": "correction"}, {"name": "reason", "valueString": "said no"},
            {"name": "answers", "resource": {"resourceType": "QuestionnaireResponse", "status": "completed",
                                             "item": [{"linkId": "a", "answer": [{"valueString": "no"}]}]}}]})
    assert status == 201, answer
    made_of = said("house", f"Composition?entry=QuestionnaireResponse/{answer['id']}")[1]["entry"][0]["resource"]
    assert made_of["category"][0]["coding"][0]["code"] == "amendment", made_of
    assert signs(treats)[0] == 422
    local = {"authored": "2026-11-21T20:00:00-05:00"}
    assert signs(response("urn:t:consent", **subject, **local))[0] == 200
    assert signs(response("urn:t:treats", **subject, **local))[0] == 200


def visits_are_counted_since_the_last_assessment():
    user = {"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "user"}
    context = [{"code": user, "valueCodeableConcept": {"coding": [
        {"system": "urn:hale:profession", "code": "chiropractic"}]}}]
    patient = said("owner", "Patient", "POST", {"resourceType": "Patient", "name": [{"family": "Weiss"}]})[1]["id"]
    subject = {"subject": {"reference": "Patient/" + patient}}
    for kind in ("note", "assessment"):
        assert said("house", "Questionnaire", "POST", form(
            "urn:t:" + kind, useContext=context, code=[{"system": "urn:hale:template", "code": kind}]))[0] == 201
    consent = [{"linkId": "consent-given", "answer": [{"valueCoding": {"system": "urn:hale:answer",
                                                                       "code": "given-in-words"}}]}]
    draft = response("urn:hale:template:chiropractic:treatment", **subject, item=[
        *({"linkId": name, "answer": [{"valueString": "better"}]} for name in ("subjective", "objective")),
        {"linkId": "consent", "item": consent},
        *({"linkId": name, "answer": [{"valueString": "better"}]} for name in ("response", "plan"))])

    def told():
        return said("house", f"QuestionnaireResponse/{draft['id']}/$check")[1]["issue"][0]

    for _ in range(22):
        note = response("urn:t:note", **subject)
        assert signs(note)[0] == 200
    assert said("wilson", f"QuestionnaireResponse/{note['id']}/$amend", "POST",
                parameters(kind="addendum", reason="forgot", text="more"))[0] == 201
    assert told()["severity"] == "warning", told()
    assert signs(response("urn:t:note", **subject))[0] == 200
    assert told()["severity"] == "error", told()
    assert signs(response("urn:t:assessment", **subject))[0] == 200
    assert told()["severity"] == "information", told()


def an_amendment_that_is_asked_for_again_is_the_same():
    path = f"QuestionnaireResponse/{signed()}/$amend"
    asked = parameters(kind="addendum", reason="seen", text="Once", intent="word-1")
    first, again = said("wilson", path, "POST", asked), said("wilson", path, "POST", asked)
    assert (first[0], again[0]) == (201, 200) and first[1] == again[1], (first, again)
    assert said("house", path, "POST", asked)[0] == 201
    assert said("wilson", path, "POST", parameters(kind="addendum", reason="seen", text="x", intent="a b"))[0] == 400
    assert said("wilson", path, "POST", parameters(kind="addendum", reason="seen", text="Twice", intent="word-2"))[0] == 201


def a_private_measure_is_scored_by_whom_it_is_shared_with():
    measure = [{"url": "urn:hale:measure", "extension": [{"url": "item", "valueString": "a"},
                                                         {"url": "formula", "valueCode": "sum"}]}]
    item = [{"linkId": "a", "text": "How much", "type": "integer"}]
    assert said("house", "Questionnaire", "POST", form("urn:t:private", extension=measure, item=item))[0] == 201
    labels = [{"system": "urn:hale:privacy", "code": code} for code in (
        "private", "author:Practitioner/1", "reader:Practitioner/2")]
    note = response("urn:t:private", status="completed", meta={"security": labels},
                    item=[{"linkId": "a", "answer": [{"valueInteger": 4}]}])
    path = f"QuestionnaireResponse/{note['id']}/$score"
    status, score = said("wilson", path, "POST")
    assert status == 200 and score["valueQuantity"]["value"] == 4, score
    assert said("cameron", path, "POST")[0] == 404
    assert said("cameron", "Observation/" + score["id"])[0] == 404
    assert said("house", "Observation/" + score["id"])[0] == 200


def a_form_with_too_many_parts_is_not_printed():
    item = [{"linkId": f"x{n}", "type": "string"} for n in range(10001)]
    assert said("house", "Questionnaire", "POST", form("urn:t:large", item=item))[0] == 201
    status, answer = said("house", f"QuestionnaireResponse/{response('urn:t:large')['id']}/$paper")
    assert status >= 400 and "too many parts" in json.dumps(answer), answer


def a_year_is_not_over_before_its_end():
    cameron = said("house", "Practitioner/3")[1]
    until = {**cameron["qualification"][0], "period": {"end": str(time.gmtime().tm_year)}}
    assert said("admin", "Practitioner/3", "PUT", {**cameron, "qualification": [until]})[0] == 200
    note = signed("cameron", "3")
    assert said("admin", "Practitioner/3", "PUT", cameron)[0] == 200
    made_of = said("house", "Composition?entry=QuestionnaireResponse/" + note)[1]["entry"][0]["resource"]
    assert made_of["status"] == "preliminary", made_of


def who_may_not_see_that_they_are_supervised_are_so_all_the_same():
    put_in_force(shipped() + [{"role": "practitioner", "hide": ["Practitioner.qualification"]}])
    try:
        assert "qualification" not in said("cameron", "Practitioner/3")[1]
        note = signed("cameron", "3")
    finally:
        put_in_force(shipped())
    made_of = said("house", "Composition?entry=QuestionnaireResponse/" + note)[1]["entry"][0]["resource"]
    assert made_of["status"] == "preliminary", made_of


TESTS = [a_person_signs_their_own_notes_and_nobody_elses, the_digest_is_that_of_what_is_read,
         of_two_who_sign_at_once_one_does_and_no_save_comes_after, a_students_note_waits_for_somebody_else,
         paper_shows_the_original_and_what_was_said_later, a_chart_of_a_hundred_notes_is_one_paper,
         a_private_note_stays_so_in_all_that_is_made_of_it, who_may_not_see_notes_learns_nothing_of_them,
         nobody_says_of_themselves_that_they_sign_alone, what_signed_notes_are_made_from_keeps_its_words,
         of_two_templates_of_one_version_none_is_chosen, who_signs_has_read_what_is_signed,
         a_score_is_that_of_the_answers_that_are_signed, rules_believe_signed_consents_alone_as_they_were_corrected,
         visits_are_counted_since_the_last_assessment, an_amendment_that_is_asked_for_again_is_the_same,
         a_private_measure_is_scored_by_whom_it_is_shared_with, a_form_with_too_many_parts_is_not_printed,
         a_year_is_not_over_before_its_end,
         who_may_not_see_that_they_are_supervised_are_so_all_the_same]


def main():
    smart.server = Server(PROGRAM, "--behind-proxy")
    try:
        prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        smart.server.close()


if __name__ == "__main__":
    sys.exit(main())
