"""launch.py PROGRAM [WORD…]: apps started from the record, and patients chosen on the way.

SMART App Launch 2.2 "EHR launch", "launch/patient", "fhirContext", "Styling".
"""

import concurrent.futures
import html
import json
import http.client
import re
import sys
import urllib.parse

import smart
from live import Server, run
from person import Browser, hale
from smart import App, BACK, PASSWORD, answer_of, consent, fhir

PROGRAM = sys.argv[1]
START = "https://app.example/launch"
SCOPES = "launch patient/*.rs openid fhirUser offline_access"
server = None
app = first = None
encounters = {}


def prepare():
    global app, first
    smart.prepare()
    owner = server.token()
    for name in ("anne", "bert"):
        encounters[name] = fhir(owner, "Encounter", "POST", {
            "resourceType": "Encounter", "status": "in-progress",
            "class": {"code": "AMB", "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode"},
            "subject": {"reference": "Patient/" + smart.patients[name]}})[1]["id"]
    said = hale(PROGRAM, "client", "add", "--id", "chart", "--name", "Growth <chart>", "--redirect",
                BACK, "--launch-url", START, "--scope",
                SCOPES + " launch/patient user/Patient.rs", "--confidential", "--data", server.folder)
    app = App("chart", said.split()[3])
    hale(PROGRAM, "client", "add", "--id", "own", "--name", "Own", "--redirect", BACK, "--scope",
         "user/*.cruds patient/*.rs openid fhirUser", "--first-party", "--data", server.folder)
    first = App("own")


def own_token(person, scope="user/*.cruds patient/*.rs openid fhirUser"):
    """First-party: nobody is asked."""
    page = smart.people[person].get(first.question(scope))
    status, given, _ = first.spend(answer_of(page)["code"])
    assert status == 200, given
    return given["access_token"]


def start(token, **fields):
    fields = {"client": "chart", **fields}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/oauth2/launch", json.dumps(fields),
                       {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def launch(person="house", **fields):
    fields = {"patient": smart.patients["anne"], **fields}
    status, said = start(own_token(person), **fields)
    assert status == 201, said
    return said["launch"]


def go_on(browser, launch, scope=SCOPES, allow=None):
    page = browser.get(app.question(scope, launch=launch))
    assert page.status == 200, (page.status, page.header("location"))
    status, given, _ = app.spend(answer_of(consent(browser, page, allow))["code"])
    assert status == 200, given
    return given


# ---- starting from the record ----

def an_app_is_told_where_it_was_started():
    house = smart.people["house"]
    status, said = start(own_token("house"), patient=smart.patients["anne"],
                         encounter=encounters["anne"], intent="reconcile <x>",
                         needPatientBanner=False,
                         fhirContext=[{"reference": "Encounter/" + encounters["anne"], "role": "x"},
                                      {"canonical": "https://example.org/q"}])
    assert status == 201, said
    parts = urllib.parse.urlsplit(said["url"])
    assert said["url"].startswith(START + "?") and said["expires_in"] == 300
    query = dict(urllib.parse.parse_qsl(parts.query))
    assert query == {"iss": server.base + "/fhir", "launch": said["launch"]}
    page = house.get(app.question(SCOPES, launch=said["launch"]))
    assert page.status == 200 and "Growth &lt;chart&gt;" in page.body and "anne" in page.body
    status, given, _ = app.spend(answer_of(consent(house, page))["code"])
    assert status == 200 and given["patient"] == smart.patients["anne"], given
    assert given["encounter"] == encounters["anne"] and given["intent"] == "reconcile <x>"
    assert given["need_patient_banner"] is False
    assert given["fhirContext"] == [{"reference": "Encounter/" + encounters["anne"], "role": "x"},
                                    {"canonical": "https://example.org/q"}]
    style = Browser(server.port).get(given["smart_style_url"][len(server.base):])
    assert style.status == 200 and style.header("access-control-allow-origin") == "*"
    assert json.loads(style.body)["color_text"].startswith("#")
    assert "launch" in given["scope"].split() and "patient/*.rs" in given["scope"].split()
    token = given["access_token"]
    assert fhir(token, "Patient/" + smart.patients["anne"])[0] == 200
    assert fhir(token, "Patient/" + smart.patients["bert"])[0] == 404
    assert fhir(token, "Encounter/" + encounters["bert"])[0] == 404
    assert len(fhir(token, "Observation")[1]["entry"]) == 1
    told = app.post("/oauth2/introspect", {"token": token})[1]
    for name in ("patient", "encounter", "intent", "need_patient_banner", "fhirContext"):
        assert told[name] == given[name], name
    status, again, _ = app.refresh(given["refresh_token"])
    assert status == 200 and again["patient"] == given["patient"]
    assert again["encounter"] == given["encounter"]


def the_discovery_document_says_so():
    said = json.loads(Browser(server.port).get("/fhir/.well-known/smart-configuration").body)
    assert {"launch-ehr", "context-ehr-patient", "context-ehr-encounter", "context-banner",
            "context-style"} <= set(said["capabilities"])
    assert "launch" in said["scopes_supported"]


def nothing_more_is_told_than_was_said():
    given = go_on(smart.people["house"], launch())
    assert given["need_patient_banner"] is True
    assert not {"encounter", "intent", "fhirContext"} & set(given)


def a_launch_is_good_once():
    house, word = smart.people["house"], launch()
    pages = [house.get(app.question(SCOPES, launch=word)) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [answer_of(page) for page in pool.map(lambda page: consent(house, page), pages)]
    assert sum("code" in answer for answer in answers) == 1, answers
    assert {a.get("error") for a in answers} == {None, "invalid_request"}
    assert answer_of(house.get(app.question(SCOPES, launch=word)))["error"] == "invalid_request"


def a_launch_is_that_persons_and_that_apps():
    word = launch()
    for name in ("desk", "anne", "bill"):
        answer = answer_of(smart.people[name].get(app.question(SCOPES, launch=word)))
        assert answer["error"] == "invalid_request", (name, answer)
    said = hale(PROGRAM, "client", "add", "--id", "thief", "--name", "x", "--redirect", BACK,
                "--launch-url", START, "--scope", SCOPES, "--data", server.folder)
    answer = answer_of(smart.people["house"].get(App("thief").question(SCOPES, launch=word)))
    assert answer["error"] == "invalid_request", (said, answer)
    assert "patient" in go_on(smart.people["house"], word)


def what_is_no_launch_is_refused():
    house = smart.people["house"]
    for word in ("x", "A" * 43, launch()[:-1], launch() + "x"):
        answer = answer_of(house.get(app.question(SCOPES, launch=word)))
        assert answer["error"] == "invalid_request" and "code" not in answer, word
    for scope, word in ((SCOPES, None), ("patient/*.rs", launch()), (SCOPES, "")):
        assert answer_of(house.get(app.question(scope, launch=word)))["error"] == "invalid_request"


def only_the_practices_own_apps_start_others():
    anne = smart.patients["anne"]
    foreign = smart.clients["public"].tokens(smart.people["house"], "user/*.cruds")["access_token"]
    for token, status in ((foreign, 403), (server.token(), 403), ("nonsense", 401)):
        assert start(token, patient=anne)[0] == status, status
    page = smart.people["house"].request("POST", "/oauth2/launch", {"client": "chart"})
    assert page.status == 401, "a cookie was enough"


def nobody_starts_what_they_may_not_see():
    anne, bert = smart.patients["anne"], smart.patients["bert"]
    house, desk = own_token("house"), own_token("desk")
    patient = own_token("anne")
    for token, fields, statuses in (
            (patient, {"patient": bert}, (404,)), (house, {"patient": "no-such"}, (404,)),
            (house, {"patient": "../x"}, (400,)), (own_token("admin"), {"patient": anne}, (403,)),
            (desk, {"patient": anne, "encounter": encounters["anne"]}, (403,)),
            (house, {"patient": anne, "encounter": encounters["bert"]}, (400, 422)),
            (house, {"encounter": encounters["anne"]}, (400,)),
            (house, {"patient": anne, "fhirContext": [{"reference": "Observation/no-such"}]}, (404,)),
            (house, {"patient": anne, "fhirContext": [{"reference": "Patient/" + bert}]}, (400,)),
            (house, {"patient": anne, "fhirContext": [{"reference": "Patient?name=x"}]}, (400, 404, 405)),
            (house, {"patient": anne, "fhirContext": {}}, (400,)),
            (house, {"patient": anne, "fhirContext": ["x"]}, (400,)),
            (house, {"patient": anne, "fhirContext": [{}]}, (400,)),
            (house, {"patient": anne, "needPatientBanner": "no"}, (400,)),
            (house, {"patient": anne, "intent": "i" * 500}, (400,)),
            (house, {"patient": anne, "client": "nobody"}, (400,)),
            (house, {"patient": anne, "client": "own"}, (400,))):
        status, said = start(token, **fields)
        assert status in statuses and "launch" not in said, (fields, status, said)


def a_front_desk_gets_only_what_the_desk_may():
    given = go_on(smart.people["desk"], launch("desk"))
    token = given["access_token"]
    assert fhir(token, "Patient/" + smart.patients["anne"])[0] == 200
    assert fhir(token, "Patient/" + smart.patients["bert"])[0] == 404
    assert fhir(token, "Observation")[0] == 403 and "Observation" not in given["scope"]


def a_patient_starts_an_app_for_their_own_record():
    given = go_on(smart.people["anne"], launch("anne"))
    assert given["patient"] == smart.patients["anne"]
    assert fhir(given["access_token"], "Patient/" + smart.patients["bert"])[0] == 404


# ---- the practice's own apps ----

def nobody_is_asked_about_the_practices_own_app():
    house = smart.people["house"]
    for more in ({}, {"prompt": "none"}):
        answer = answer_of(house.get(first.question("user/*.cruds", **more)))
        assert "code" in answer, answer
    stranger = Browser(server.port)
    assert answer_of(stranger.get(first.question("user/*.rs", prompt="none")))["error"] == "login_required"
    page = house.get(app.question("user/Patient.rs", prompt="none"))
    assert answer_of(page)["error"] == "interaction_required", "another app was let in silently"


# ---- choosing a patient ----

def choose(browser, page, name, number=0):
    page = browser.send(page, "/oauth2/patient", name=name)
    forms = re.findall(r'<form method="post" action="/oauth2/patient">(.*?)</form>', page.body, re.S)
    rows = [form for form in forms if 'name="patient"' in form]
    if len(rows) <= number:
        return page, None
    fields = {m[0]: html.unescape(m[1])
              for m in re.findall(r'name="([^"]*)" value="([^"]*)"', rows[number])}
    return browser.request("POST", "/oauth2/patient", fields), fields["patient"]


def somebody_who_sees_many_chooses_one():
    house = smart.people["house"]
    page = house.get(app.question("launch/patient patient/*.rs"))
    assert page.status == 200 and "anne" not in page.body and "/oauth2/patient" in page.body
    nobody, chosen = choose(house, page, "zzz")
    assert chosen is None and "Nobody" in nobody.body
    nobody, chosen = choose(house, page, "1970-99-99")
    assert chosen is None and nobody.status == 200
    asked, chosen = choose(house, page, "ber")
    assert chosen == smart.patients["bert"] and "bert" in asked.body
    status, given, _ = app.spend(answer_of(consent(house, asked))["code"])
    assert status == 200 and given["patient"] == smart.patients["bert"]
    assert set(given["scope"].split()) == {"patient/*.rs", "launch/patient"}, given["scope"]
    assert fhir(given["access_token"], "Patient/" + smart.patients["bert"])[0] == 200
    assert fhir(given["access_token"], "Patient/" + smart.patients["anne"])[0] == 404


def nobody_is_shown_whom_they_may_not_see():
    for name in ("admin", "privacy"):
        page = smart.people[name].get(app.question("launch/patient patient/*.rs"))
        assert answer_of(page)["error"] == "invalid_scope", name
    desk = smart.people["desk"]
    page = desk.get(app.question("launch/patient patient/*.rs"))
    for bad in ("no-such", "../Patient/x", smart.patients["anne"] + "x", "a b"):
        _, fields = page.form("/oauth2/patient")
        answer = answer_of(desk.request("POST", "/oauth2/patient", {**fields, "patient": bad}))
        assert answer["error"] == "access_denied", (bad, answer)
    _, fields = smart.people["anne"].get(app.question("launch/patient patient/*.rs")).form(
        "/oauth2/consent")
    fields.update(decision="allow", allow="patient/*.rs", patient=smart.patients["bert"])
    given = app.spend(answer_of(smart.people["anne"].request("POST", "/oauth2/consent", fields))
                      ["code"])[1]
    assert given["patient"] == smart.patients["anne"], "a patient chose another's record"


def a_choice_is_a_form_of_ours():
    house = smart.people["house"]
    page = house.request("POST", "/oauth2/patient", {
        "request": app.question("launch/patient patient/*.rs").partition("?")[2],
        "patient": smart.patients["anne"]})
    assert page.status == 403, page.status
    page = Browser(server.port).request("POST", "/oauth2/patient", {})
    assert page.status in (303, 403)


def what_was_shown_is_in_the_audit():
    report = hale(PROGRAM, "audit", "report", "--data", server.folder)
    assert "chooses a patient" in report and "client own starts client chart" in report, report[-2000:]
    assert "client chart: allowed patient/*.rs" in report


TESTS = [
    an_app_is_told_where_it_was_started, the_discovery_document_says_so,
    nothing_more_is_told_than_was_said, a_launch_is_good_once,
    a_launch_is_that_persons_and_that_apps, what_is_no_launch_is_refused,
    only_the_practices_own_apps_start_others, nobody_starts_what_they_may_not_see,
    a_front_desk_gets_only_what_the_desk_may, a_patient_starts_an_app_for_their_own_record,
    nobody_is_asked_about_the_practices_own_app, somebody_who_sees_many_chooses_one,
    nobody_is_shown_whom_they_may_not_see, a_choice_is_a_form_of_ours,
    what_was_shown_is_in_the_audit,
]


def main():
    global server
    server = smart.server = Server(PROGRAM, "--behind-proxy")
    server.base = f"http://127.0.0.1:{server.port}"
    try:
        prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
