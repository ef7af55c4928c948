"""smart.py PROGRAM [WORD…]: an app asks people for leave, and apps that should not have it try.

SMART App Launch 2.2 standalone launch, RFC 6749, 7009, 7636, 7662, 9700. Issue item 3; security 1.4.
"""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import secrets
import sys
import urllib.parse

from live import Server, run
from person import Browser, hale

PROGRAM = sys.argv[1]
PASSWORD = "four plain words here"
BACK = "https://app.example/back"
PATIENT_SCOPES = "launch/patient patient/*.rs offline_access"
server = None
people = {}
clients = {}
patients = {}


def challenge(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class App:
    def __init__(self, client, secret=None, redirect=BACK):
        self.client, self.secret, self.redirect = client, secret, redirect
        self.verifier = secrets.token_urlsafe(48)

    def question(self, scope=PATIENT_SCOPES, **changes):
        fields = {"response_type": "code", "client_id": self.client, "redirect_uri": self.redirect,
                  "scope": scope, "state": "st&te=1 ü", "aud": server.base + "/fhir",
                  "code_challenge": challenge(self.verifier), "code_challenge_method": "S256"}
        fields.update(changes)
        fields = {k: v for k, v in fields.items() if v is not None}
        return "/oauth2/authorize?" + urllib.parse.urlencode(fields, quote_via=urllib.parse.quote)

    def post(self, endpoint, fields, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        if "client_id" not in fields and not headers:
            fields = {**fields, "client_id": self.client}
            if self.secret:
                fields["client_secret"] = self.secret
        connection.request("POST", endpoint, urllib.parse.urlencode(fields),
                           {"Content-Type": "application/x-www-form-urlencoded", **dict(headers)})
        answer = connection.getresponse()
        body = answer.read().decode()
        headers = {k.lower(): v for k, v in answer.getheaders()}
        connection.close()
        if endpoint == "/oauth2/token":
            assert headers["cache-control"] == "no-store" and headers["pragma"] == "no-cache"
        return answer.status, json.loads(body) if body else None, headers

    def spend(self, code, **changes):
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect,
                  "code_verifier": self.verifier, **changes}
        return self.post("/oauth2/token", {k: v for k, v in fields.items() if v is not None})

    def refresh(self, token, **more):
        return self.post("/oauth2/token",
                         {"grant_type": "refresh_token", "refresh_token": token, **more})

    def code(self, browser, scope=PATIENT_SCOPES, allow=None):
        page = browser.get(self.question(scope))
        assert page.status == 200, (page.status, page.headers)
        return answer_of(consent(browser, page, allow))["code"]

    def tokens(self, browser, scope=PATIENT_SCOPES, allow=None):
        status, given, _ = self.spend(self.code(browser, scope, allow))
        assert status == 200, given
        return given


def consent(browser, page, allow=None, decision="allow"):
    """Answers the question; `allow`: which of the boxes stay checked."""
    import html
    import re
    target, fields = page.form("/oauth2/consent")
    boxes = [html.unescape(v) for v in
             re.findall(r'name="allow" checked value="([^"]*)"', page.body)]
    pairs = list(fields.items()) + [("decision", decision)]
    pairs += [("allow", box) for box in boxes if allow is None or box in allow]
    return browser.request("POST", target, pairs)


def answer_of(page):
    location = page.header("location")
    assert page.status == 303 and location.startswith(BACK + "?"), (page.status, location, page.body)
    return dict(urllib.parse.parse_qsl(location.partition("?")[2]))


def fhir(token, path, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, "/fhir/" + path, json.dumps(body) if body else None,
                       {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"})
    answer = connection.getresponse()
    document = answer.read()
    connection.close()
    return answer.status, json.loads(document) if document else None


def ids(bundle):
    return {e["resource"]["resourceType"] + "/" + e["resource"]["id"]
            for e in bundle.get("entry", [])}


def prepare():
    owner = server.token("system/*.cruds")
    for name in ("anne", "bert"):
        patients[name] = fhir(owner, "Patient", "POST", {
            "resourceType": "Patient", "name": [{"family": name}]})[1]["id"]
        fhir(owner, "Observation", "POST", {
            "resourceType": "Observation", "status": "final", "code": {"text": "weight"},
            "subject": {"reference": "Patient/" + patients[name]}})
    for name, role, more in (
            ("anne", "patient", ["--linked", "Patient/" + patients["anne"]]),
            ("house", "practitioner", ["--linked", "Practitioner/1"]), ("desk", "front-desk", []),
            ("admin", "administrator", []), ("privacy", "privacy-officer", []),
            ("bill", "biller", []),
            ("carer", "proxy", ["--linked", "RelatedPerson/1", "--patient", patients["anne"]])):
        link = hale(PROGRAM, "user", "add", name, "--role", role, *more, "--data", server.folder)
        browser = people[name] = Browser(server.port)
        browser.take_up(link, PASSWORD)
        assert browser.sign_in(name, PASSWORD).status == 200
    for name, more in (("public", []), ("secret", ["--confidential"]), ("other", [])):
        said = hale(PROGRAM, "client", "add", "--name", f"<App {name}>", "--redirect",
                    f"{BACK} {BACK}?x=1 com.example.app:/cb", "--scope",
                    PATIENT_SCOPES + " user/*.cruds online_access", *more, "--data", server.folder)
        words = said.split()
        clients[name] = App(words[1], words[3] if more else None)


# ---- what works ----

def the_discovery_document_names_what_is_there():
    page = Browser(server.port).get("/fhir/.well-known/smart-configuration")
    assert page.status == 200 and page.header("content-type") == "application/json"
    assert page.header("access-control-allow-origin") == "*"
    said = json.loads(page.body)
    assert said["code_challenge_methods_supported"] == ["S256"]
    for name, value in said.items():
        if name.endswith("_endpoint"):
            assert value.startswith(server.base + "/"), value
            status = Browser(server.port).get(value[len(server.base):]).status
            assert status != 404, (name, status)


def a_patient_lets_an_app_into_their_own_chart():
    for app in (clients["public"], clients["secret"]):
        given = app.tokens(people["anne"])
        assert given["token_type"] == "Bearer" and given["expires_in"] == 900
        assert given["patient"] == patients["anne"] and given["need_patient_banner"] is True
        assert set(given["scope"].split()) == {"patient/*.rs", "launch/patient", "offline_access"}
        token = given["access_token"]
        assert fhir(token, "Patient/" + patients["anne"])[0] == 200
        assert fhir(token, "Patient/" + patients["bert"])[0] == 404
        found = ids(fhir(token, "Observation")[1])
        assert len(found) == 1
        assert ids(fhir(token, "Observation?subject=Patient/" + patients["bert"])[1]) == set()
        assert fhir(token, "Observation", "POST", {
            "resourceType": "Observation", "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/" + patients["anne"]}})[0] == 403


def somebody_who_has_not_signed_in_does_so_on_the_way():
    browser = Browser(server.port)
    browser.totp_key, browser.last_step = people["house"].totp_key, people["house"].last_step
    question = clients["public"].question("user/Patient.rs")
    page = browser.get(question)
    assert page.status == 303 and page.header("location").startswith("/sign-in?next=")
    page = browser.sign_in("house", PASSWORD, next=question)
    people["house"].last_step = browser.last_step
    assert page.status == 200 and "&lt;App public&gt;" in page.body, page.status
    assert "state" in answer_of(consent(browser, page))


def the_state_comes_back_as_it_was():
    page = consent(people["anne"], people["anne"].get(clients["public"].question()))
    assert answer_of(page)["state"] == "st&te=1 ü"
    assert "code=" in page.header("location")


def an_address_with_a_query_keeps_it():
    app = App(clients["public"].client, redirect=BACK + "?x=1")
    page = consent(people["anne"], people["anne"].get(app.question()))
    assert page.header("location").startswith(BACK + "?x=1&code="), page.header("location")


def the_form_may_only_lead_back_to_the_app():
    page = people["anne"].get(clients["public"].question())
    policy = page.header("content-security-policy")
    assert "form-action 'self' https://app.example;" in policy, policy


def a_person_may_allow_less():
    app, anne = clients["public"], people["anne"]
    given = app.tokens(anne, "launch/patient patient/Patient.rs patient/Observation.rs offline_access",
                       allow={"patient/Patient.rs"})
    assert "patient/Observation" not in given["scope"] and "refresh_token" not in given
    assert fhir(given["access_token"], "Observation")[0] == 403
    assert fhir(given["access_token"], "Patient/" + patients["anne"])[0] == 200


def a_scope_with_a_constraint_is_asked_for_given_and_kept_to():
    app, anne = clients["public"], people["anne"]
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    owner = server.token("system/*.cruds")
    made = {}
    for code in ("laboratory", "vital-signs", "survey"):
        made[code] = fhir(owner, "Observation", "POST", {
            "resourceType": "Observation", "status": "final", "code": {"text": code},
            "category": [{"coding": [{"system": system, "code": code}]}],
            "subject": {"reference": "Patient/" + patients["anne"]}})[1]["id"]
    lab = f"patient/Observation.rs?category={system}|laboratory"
    vital = f"patient/Observation.rs?category={system}|vital-signs"
    page = anne.get(app.question(f"{lab} {vital}"))
    assert "read, search (only where category=http" in page.body, page.body
    given = app.tokens(anne, f"{lab} {vital} launch/patient offline_access", allow={lab, "offline_access"})
    assert given["scope"].split() == [lab, "launch/patient", "offline_access"], given["scope"]
    status, again, _ = app.refresh(given["refresh_token"])
    assert status == 200 and again["scope"] == given["scope"], again
    for token in (given["access_token"], again["access_token"]):
        assert ids(fhir(token, "Observation")[1]) == {"Observation/" + made["laboratory"]}
        assert fhir(token, "Observation/" + made["laboratory"])[0] == 200
        assert fhir(token, "Observation/" + made["vital-signs"])[0] == 404
    both = app.tokens(anne, f"{lab} {vital}")
    assert ids(fhir(both["access_token"], "Observation")[1]) == {
        "Observation/" + made[code] for code in ("laboratory", "vital-signs")}
    wider = app.tokens(anne, f"{lab} patient/Observation.rs")
    assert wider["scope"] == "patient/Observation.rs"


def a_person_may_allow_one_kind_of_a_type():
    owner, app, anne = server.token(), clients["public"], people["anne"]
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    made = [fhir(owner, "Observation", "POST", {
        "resourceType": "Observation", "status": "final", "code": {"text": kind},
        "category": [{"coding": [{"system": system, "code": kind}]}],
        "subject": {"reference": "Patient/" + patients["anne"]}})[1]["id"]
        for kind in ("laboratory", "vital-signs")]
    page = anne.get(app.question("launch/patient patient/Observation.rs"))
    choice = f"patient/Observation.rs?category={system}|laboratory"
    assert f'name="allow" value="{choice}"' in page.body, page.body
    target, fields = page.form("/oauth2/consent")
    pairs = list(fields.items()) + [("decision", "allow"), ("allow", choice)]
    status, given, _ = app.spend(answer_of(anne.request("POST", target, pairs))["code"])
    assert status == 200 and choice in given["scope"].split(), given
    token = given["access_token"]
    assert ids(fhir(token, "Observation")[1]) == {"Observation/" + made[0]}
    assert fhir(token, "Observation/" + made[0])[0] == 200
    assert fhir(token, "Observation/" + made[1])[0] == 404
    for id in made:
        fhir(owner, "Observation/" + id, "DELETE")


def a_person_may_allow_nothing():
    anne, app = people["anne"], clients["public"]
    page = consent(anne, anne.get(app.question()), decision="deny")
    assert answer_of(page)["error"] == "access_denied"
    page = consent(anne, anne.get(app.question()), allow=set())
    assert answer_of(page)["error"] == "access_denied"


def version_1_scopes_mean_the_same():
    given = clients["public"].tokens(people["anne"], "launch/patient patient/Observation.read")
    assert given["scope"].split()[0] == "patient/Observation.rs"


def a_form_may_ask_too():
    query = clients["public"].question().partition("?")[2]
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/oauth2/authorize", query,
                       {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    assert answer.status == 303
    assert people["anne"].get(answer.getheader("location")).status == 200


# ---- who may have what ----

def each_role_gets_no_more_than_its_table_says():
    every = "user/*.cruds patient/*.cruds system/*.cruds"
    clinical = ("Observation", "Condition", "Encounter", "MedicationRequest", "AuditEvent",
                "Composition", "QuestionnaireResponse")
    business = ("Appointment", "Invoice", "DocumentReference", "Patient")
    for name, reads, not_even in (("desk", "Patient", clinical + ("Consent",)),
                                  ("bill", "Coverage", clinical + ("Consent",)),
                                  ("admin", "Practitioner", clinical + business + ("Coverage", "Consent")),
                                  ("privacy", "Practitioner", clinical + business)):
        given = clients["public"].tokens(people[name], every)
        token = given["access_token"]
        assert "system/" not in given["scope"] and "patient/" not in given["scope"], given["scope"]
        assert fhir(token, reads)[0] == 200, (name, reads)
        for type in not_even:
            assert fhir(token, type)[0] == 403, (name, type)
            assert f"user/{type}." not in given["scope"]
        assert fhir(token, "Practitioner?_has:Observation:performer:status=final")[0] in (200, 400, 403)
        if reads == "Patient":
            for path in ("Patient?_has:Observation:subject:status=final",
                         "Patient?_revinclude=Observation:subject",
                         f"Patient/{patients['anne']}/$everything"):
                status, found = fhir(token, path)
                assert not any(r.startswith("Observation") for r in ids(found or {})), path
                if "_has" in path and status == 200:
                    assert ids(found) == set(), "the desk learns of results through _has"
    given = clients["public"].tokens(people["house"], every)
    assert given["scope"].split() == ["user/*.cruds"]


def a_proxy_sees_one_chart():
    given = clients["public"].tokens(people["carer"])
    assert given["patient"] == patients["anne"]
    assert fhir(given["access_token"], "Patient/" + patients["bert"])[0] == 404


def what_nobody_can_give_is_an_error():
    for name, scope in (("anne", "user/*.rs"), ("desk", "patient/*.rs"),
                        ("desk", "user/Observation.rs"), ("anne", "system/*.rs"),
                        ("anne", "patient/Observation.sr"), ("anne", "patient/Nothing.rs"),
                        ("anne", "patient/Observation.rs?code:text=x"),
                        ("anne", "patient/*.rs?_tag=x"),
                        ("anne", "patient/Observation.cu?category=vital-signs"),
                        ("anne", "openid fhirUser")):
        page = people[name].get(clients["public"].question(scope))
        assert answer_of(page)["error"] == "invalid_scope", (name, scope)


def a_client_gets_no_more_than_it_is_registered_for():
    said = hale(PROGRAM, "client", "add", "--id", "narrow", "--name", "Narrow", "--redirect", BACK,
                "--scope", "patient/Observation.rs", "--data", server.folder)
    assert said == "id narrow"
    given = App("narrow").tokens(people["anne"], PATIENT_SCOPES)
    assert given["scope"] == "patient/Observation.rs", given
    assert "refresh_token" not in given


def more_than_was_offered_cannot_be_chosen():
    anne, app = people["anne"], clients["public"]
    target, fields = anne.get(app.question("launch/patient patient/Patient.r")).form(
        "/oauth2/consent")
    pairs = list(fields.items()) + [("decision", "allow"), ("allow", "patient/*.cruds"),
                                    ("allow", "user/*.cruds"), ("allow", "system/*.cruds"),
                                    ("allow", "offline_access")]
    given = app.spend(answer_of(anne.request("POST", target, pairs))["code"])[1]
    assert given["scope"].split() == ["patient/Patient.r", "launch/patient"], given


# ---- attacks ----

def nobody_is_sent_to_an_address_that_is_not_the_apps():
    anne, app = people["anne"], clients["public"]
    for bad in ("https://app.example/back/", "https://app.example/back?", "https://app.example/Back",
                "https://app.example/back#x", "https://APP.example/back", "https://app.example/back/../x",
                "https://app.example.evil.example/back", "https://app.example@evil.example/back",
                "http://app.example/back", "//app.example/back", "https://app.example:443/back",
                "https://app.example/back%2f", "https://app.example/back\n", " " + BACK, "", None,
                "javascript:alert(1)", "data:text/html,x", "com.example.app:/cb2", "/back",
                "https://app.example/back\\@evil.example", BACK + "&x=1", BACK + "\nhttps://evil"):
        page = anne.get(app.question(redirect_uri=bad))
        assert page.status == 400 and page.header("location") is None, (bad, page.status)
    for page in (anne.get(app.question(client_id="nobody")), anne.get(app.question(client_id=None)),
                 anne.get(app.question() + "&redirect_uri=https%3A%2F%2Fevil.example%2F"),
                 anne.get(app.question() + "&client_id=other")):
        assert page.status == 400 and page.header("location") is None


def a_request_that_is_wrong_goes_back_as_an_error():
    anne, app = people["anne"], clients["public"]
    for error, changes in (
            ("unsupported_response_type", {"response_type": "token"}),
            ("invalid_request", {"response_type": None}),
            ("invalid_request", {"code_challenge": None}),
            ("invalid_request", {"code_challenge_method": "plain"}),
            ("invalid_request", {"code_challenge_method": None}),
            ("invalid_request", {"code_challenge": "short"}),
            ("invalid_request", {"code_challenge": "=" * 43}),
            ("invalid_request", {"aud": "https://evil.example/fhir"}),
            ("invalid_request", {"aud": None}),
            ("invalid_request", {"aud": server.base}),
            ("invalid_request", {"launch": "x"}),
            ("invalid_scope", {"scope": ""}),
            ("interaction_required", {"prompt": "none"})):
        page = anne.get(app.question(**changes))
        answer = answer_of(page)
        assert answer["error"] == error and "code" not in answer, (changes, answer)
        assert answer["state"] == "st&te=1 ü"
    assert answer_of(anne.get(app.question() + "&scope=x"))["error"] == "invalid_request"


def the_verifier_is_always_asked_for():
    anne, app = people["anne"], clients["public"]
    code = app.code(anne)
    for bad in (None, "", "A" * 43, challenge(app.verifier), app.verifier[:-1], app.verifier + "a",
                "A" * 500):
        status, said, _ = app.spend(code, code_verifier=bad)
        assert status == 400 and said["error"] == "invalid_grant", (bad, said)
    assert app.spend(code)[0] == 200, "a wrong verifier spent the code of its owner"


def a_code_is_its_clients_alone():
    anne = people["anne"]
    code = clients["secret"].code(anne)
    thief = App(clients["other"].client)
    thief.verifier = clients["secret"].verifier
    assert thief.spend(code)[0] == 400
    assert clients["secret"].spend(code, redirect_uri=BACK + "?x=1")[0] == 400
    assert clients["secret"].spend(code, redirect_uri=None)[0] == 400
    assert clients["secret"].spend("A" * 43)[0] == 400
    assert clients["secret"].spend("")[0] == 400
    status, said, _ = clients["secret"].spend(code)
    assert status == 200, said


def of_many_redemptions_one_succeeds_and_then_none_is_good():
    anne, app = people["anne"], clients["public"]
    code = app.code(anne)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: app.spend(code), range(1000)))
    good = [said for status, said, _ in answers if status == 200]
    assert len(good) == 1, len(good)
    assert {status for status, _, _ in answers} <= {200, 400}, "a redemption failed otherwise"
    import time
    time.sleep(1.2)
    assert fhir(good[0]["access_token"], "Patient/" + patients["anne"])[0] == 401
    assert app.refresh(good[0]["refresh_token"])[0] == 400


def a_refresh_token_turns_and_its_reuse_ends_all():
    import time
    anne, app = people["anne"], clients["public"]
    first = app.tokens(anne)
    status, second, _ = app.refresh(first["refresh_token"])
    assert status == 200 and second["scope"] == first["scope"]
    assert second["refresh_token"] != first["refresh_token"]
    assert second["patient"] == patients["anne"]
    status, said, _ = app.refresh(first["refresh_token"])
    assert status == 400 and said["error"] == "invalid_grant"
    assert app.refresh(second["refresh_token"])[0] == 400, "the family lived on after a reuse"
    time.sleep(1.2)
    for token in (first, second):
        assert fhir(token["access_token"], "Patient/" + patients["anne"])[0] == 401


def a_public_client_need_not_name_itself_to_refresh():
    """RFC 6749 6; so do published clients. One with a secret must prove itself all the same."""
    given = clients["public"].tokens(people["anne"])
    bare = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    page = {"Origin": "https://app.example"}
    status, again, headers = clients["public"].post("/oauth2/token", bare, page)
    assert status == 200 and headers["access-control-allow-origin"] == "https://app.example", again
    kept = clients["secret"].tokens(people["anne"])["refresh_token"]
    for token in (kept, "nonsense", ""):
        status, said, _ = clients["public"].post("/oauth2/token", {**bare, "refresh_token": token},
                                                 page)
        assert status == 401 and said["error"] == "invalid_client", (token, said)
    assert clients["secret"].refresh(kept)[0] == 200, "a refused try spent it"


def a_refresh_may_ask_for_less_and_never_for_more():
    anne, app = people["anne"], clients["public"]
    given = app.tokens(anne, "launch/patient patient/Patient.rs patient/Observation.rs offline_access")
    for more in ("patient/*.rs", "patient/Condition.rs", "patient/Patient.cruds", "user/Patient.rs"):
        status, said, _ = app.refresh(given["refresh_token"], scope=more)
        assert status == 400 and said["error"] == "invalid_scope", (more, said)
    status, less, _ = app.refresh(given["refresh_token"], scope="patient/Patient.rs")
    assert status == 200 and less["scope"] == "patient/Patient.rs"
    assert fhir(less["access_token"], "Observation")[0] == 403
    status, again, _ = app.refresh(less["refresh_token"])
    assert status == 200 and "patient/Observation.rs" in again["scope"]


def clients_prove_who_they_are():
    anne, app = people["anne"], clients["secret"]
    code = app.code(anne)
    order = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
             "code_verifier": app.verifier}
    basic = lambda i, s: {"Authorization": "Basic " + base64.b64encode(f"{i}:{s}".encode()).decode()}
    for fields, headers in (({**order, "client_id": app.client}, {}),
                            ({**order, "client_id": app.client, "client_secret": "x"}, {}),
                            ({**order, "client_id": "nobody"}, {}),
                            (order, basic(app.client, "wrong")), (order, basic("nobody", "x")),
                            (order, {"Authorization": "Basic !!"}),
                            (order, {"Authorization": "Bearer x"}),
                            ({**order, "client_secret": app.secret}, basic(app.client, app.secret)),
                            ({**order, "client_id": "other"}, basic(app.client, app.secret))):
        status, said, answered = app.post("/oauth2/token", fields, headers)
        assert status == 401 and said["error"] == "invalid_client", (fields, headers, said)
        assert ("www-authenticate" in answered) == bool(headers)
    assert app.post("/oauth2/token", order, basic(app.client, app.secret))[0] == 200


def orders_that_are_wrong_are_refused_in_oauths_words():
    app = clients["public"]
    for error, fields in (("unsupported_grant_type", {"grant_type": "password"}),
                          ("unauthorized_client", {"grant_type": "client_credentials"}),
                          ("invalid_request", {"x": "y"}),
                          ("invalid_grant", {"grant_type": "authorization_code"}),
                          ("invalid_grant", {"grant_type": "refresh_token"})):
        status, said, _ = app.post("/oauth2/token", fields)
        assert status == 400 and said["error"] == error, (fields, said)
    for body, type in (("{}", "application/json"),
                       (f"client_id={app.client}&grant_type=x&code=a&code=b",
                        "application/x-www-form-urlencoded")):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/oauth2/token", body, {"Content-Type": type})
        answer = connection.getresponse()
        assert answer.status == 400 and json.loads(answer.read())["error"] == "invalid_request"


# ---- ends ----

def what_is_revoked_is_dead_within_a_second():
    import time
    anne, app = people["anne"], clients["public"]
    given, kept = app.tokens(anne), app.tokens(anne)
    assert clients["other"].post("/oauth2/revoke", {"token": given["refresh_token"]})[0] == 200
    assert app.refresh(given["refresh_token"])[0] == 200, "another client revoked it"
    given = app.tokens(anne)
    assert app.post("/oauth2/revoke", {"token": given["refresh_token"]})[0] == 200
    assert app.post("/oauth2/revoke", {"token": "nonsense"})[0] == 200
    time.sleep(1.2)
    assert fhir(given["access_token"], "Patient/" + patients["anne"])[0] == 401
    assert app.refresh(given["refresh_token"])[0] == 400
    assert fhir(kept["access_token"], "Patient/" + patients["anne"])[0] == 200
    assert app.post("/oauth2/revoke", {"token": kept["access_token"]})[0] == 200
    time.sleep(1.2)
    assert fhir(kept["access_token"], "Patient/" + patients["anne"])[0] == 401
    assert app.refresh(kept["refresh_token"])[0] == 200


def a_person_takes_back_what_an_app_has():
    import re
    import time
    carer, app = people["carer"], clients["public"]
    given = app.tokens(carer)
    page = carer.get("/account")
    assert "&lt;App public&gt;" in page.body
    numbers = re.findall(r'name="app" value="(\d+)"', page.body)
    _, fields = people["anne"].get("/account").form("/account/revoke")
    page = people["anne"].request("POST", "/account/revoke", {**fields, "app": numbers[-1]})
    assert page.status == 404, "somebody revoked what is not theirs"
    for number in numbers:
        _, fields = carer.get("/account").form("/account/revoke")
        assert carer.request("POST", "/account/revoke", {**fields, "app": number}).status == 303
    time.sleep(1.2)
    assert fhir(given["access_token"], "Patient/" + patients["anne"])[0] == 401
    assert app.refresh(given["refresh_token"])[0] == 400


def a_disabled_login_or_client_has_no_tokens():
    import time
    link = hale(PROGRAM, "user", "add", "brief", "--role", "patient", "--linked",
                "Patient/" + patients["bert"], "--data", server.folder)
    browser = Browser(server.port)
    browser.take_up(link, PASSWORD)
    browser.sign_in("brief", PASSWORD)
    said = hale(PROGRAM, "client", "add", "--id", "soon-gone", "--name", "x", "--redirect", BACK,
                "--scope", PATIENT_SCOPES, "--data", server.folder)
    first, second = clients["public"].tokens(browser), App("soon-gone").tokens(people["anne"])
    assert fhir(first["access_token"], "Patient/" + patients["bert"])[0] == 200, said
    assert fhir(second["access_token"], "Patient/" + patients["anne"])[0] == 200
    hale(PROGRAM, "user", "disable", "brief", "--data", server.folder)
    hale(PROGRAM, "client", "disable", "soon-gone", "--data", server.folder)
    time.sleep(1.2)
    assert fhir(first["access_token"], "Patient/" + patients["bert"])[0] == 401
    assert fhir(second["access_token"], "Patient/" + patients["anne"])[0] == 401
    assert clients["public"].refresh(first["refresh_token"])[0] == 400
    assert App("soon-gone").refresh(second["refresh_token"])[0] == 401


def online_access_ends_with_the_session():
    import time
    link = hale(PROGRAM, "user", "add", "online", "--role", "patient", "--linked",
                "Patient/" + patients["anne"], "--data", server.folder)
    browser, app = Browser(server.port), clients["public"]
    browser.take_up(link, PASSWORD)
    browser.sign_in("online", PASSWORD)
    given = app.tokens(browser, "launch/patient patient/*.rs online_access")
    status, given, _ = app.refresh(given["refresh_token"])
    assert status == 200
    assert fhir(given["access_token"], "Patient/" + patients["anne"])[0] == 200
    kept = app.tokens(people["anne"], "launch/patient patient/*.rs online_access")
    browser.send(browser.get("/account"), "/sign-out")
    assert app.refresh(given["refresh_token"])[0] == 400
    time.sleep(1.2)
    assert fhir(given["access_token"], "Patient/" + patients["anne"])[0] == 401
    assert fhir(kept["access_token"], "Patient/" + patients["anne"])[0] == 200


def what_was_given_for_longer_outlives_the_session():
    import time
    link = hale(PROGRAM, "user", "add", "offline", "--role", "patient", "--linked",
                "Patient/" + patients["anne"], "--data", server.folder)
    browser, app = Browser(server.port), clients["public"]
    browser.take_up(link, PASSWORD)
    browser.sign_in("offline", PASSWORD)
    given = app.tokens(browser, PATIENT_SCOPES)
    browser.send(browser.get("/account"), "/sign-out")
    time.sleep(1.2)
    assert fhir(given["access_token"], "Patient/" + patients["anne"])[0] == 200
    assert app.refresh(given["refresh_token"])[0] == 200


def introspection_tells_the_client_of_its_own_tokens_only():
    anne, app = people["anne"], clients["secret"]
    given = app.tokens(anne)
    status, said, _ = app.post("/oauth2/introspect", {"token": given["access_token"]})
    assert status == 200 and said["active"] is True and said["patient"] == patients["anne"]
    assert said["scope"] == "patient/*.rs" and said["client_id"] == app.client
    assert isinstance(said["exp"], int) and said["username"] == "anne"
    assert app.post("/oauth2/introspect", {"token": given["refresh_token"]})[1]["active"] is True
    other = clients["public"].tokens(anne)
    for token in ("nonsense", "", other["access_token"], other["refresh_token"],
                  server.token("system/*.rs")):
        assert app.post("/oauth2/introspect", {"token": token})[1] == {"active": False}, token
    assert clients["public"].post("/oauth2/introspect", {"token": "x"})[0] == 401
    app.refresh(given["refresh_token"])
    assert app.post("/oauth2/introspect", {"token": given["refresh_token"]})[1] == {"active": False}


def a_page_of_the_app_may_read_its_answer_and_no_other():
    app = clients["public"]
    for origin, may in (("https://app.example", True), ("https://evil.example", False),
                        ("null", False), ("https://app.example.evil", False)):
        _, _, headers = app.post("/oauth2/token", {"grant_type": "x", "client_id": app.client},
                                 {"Origin": origin})
        assert (headers.get("access-control-allow-origin") == origin) == may, (origin, headers)


def a_page_of_an_app_may_read_the_record_it_was_let_into():
    token = clients["public"].tokens(people["anne"])["access_token"]
    for origin, may in (("https://app.example", True), ("https://evil.example", False),
                        ("null", False)):
        for method, path, login, status in (
                ("OPTIONS", "Patient", None, 204), ("GET", "Patient", f"Bearer {token}", 200),
                ("GET", "Patient/no-such", f"Bearer {token}", 404), ("GET", "Patient", None, 401)):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            headers = {"Origin": origin, "Access-Control-Request-Method": "GET",
                       "Access-Control-Request-Headers": "authorization"}
            if login:
                headers["Authorization"] = login
            connection.request(method, "/fhir/" + path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status, (method, path, answer.status)
            assert (answer.getheader("access-control-allow-origin") == origin) == may, (origin, path)
            assert answer.getheader("access-control-allow-credentials") is None
            if method == "OPTIONS" and may:
                assert "Authorization" in answer.getheader("access-control-allow-headers")
            connection.close()


def the_capability_statement_says_where_tokens_are_had():
    said = json.loads(Browser(server.port).get("/fhir/metadata").body)["rest"][0]["security"]
    assert said["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    uris = {e["url"]: e["valueUri"] for e in said["extension"][0]["extension"]}
    assert uris["token"] == server.base + "/oauth2/token"
    assert uris["authorize"] == server.base + "/oauth2/authorize"


def wrong_clients_are_not_registered():
    import subprocess
    good = {"--name": "x", "--redirect": BACK, "--scope": "patient/*.rs"}
    for change in ({"--redirect": "http://app.example/"}, {"--redirect": "app.example"},
                   {"--redirect": "javascript:alert(1)"}, {"--redirect": "https://a.example/#x"},
                   {"--redirect": "https://a@b.example/"}, {"--redirect": "https://a.example/;x"},
                   {"--redirect": "http://localhost.evil.example/"}, {"--redirect": "https:///x"},
                   {"--scope": "system/*.rs"}, {"--scope": "offline_access"},
                   {"--scope": "patient/*.rs nothing"}, {"--id": "a b"}, {"--name": " "}):
        words = [w for pair in {**good, **change}.items() for w in pair]
        done = subprocess.run([PROGRAM, "client", "add", *words, "--data", server.folder],
                              capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, (change, done)


def secrets_are_not_in_the_log():
    anne, app = people["anne"], clients["secret"]
    code = app.code(anne)
    given = app.spend(code)[1]
    given_again = app.refresh(given["refresh_token"])[1]
    audit_words = [app.secret, app.verifier, code, given["access_token"], given["refresh_token"],
                   given_again["access_token"], anne.cookies["__Host-hale"]]
    log = server.log_text()
    for word in audit_words:
        assert word not in log


TESTS = [
    the_discovery_document_names_what_is_there, a_patient_lets_an_app_into_their_own_chart,
    somebody_who_has_not_signed_in_does_so_on_the_way, the_state_comes_back_as_it_was,
    an_address_with_a_query_keeps_it, the_form_may_only_lead_back_to_the_app,
    a_person_may_allow_less, a_person_may_allow_one_kind_of_a_type,
    a_scope_with_a_constraint_is_asked_for_given_and_kept_to,
    a_person_may_allow_nothing, version_1_scopes_mean_the_same,
    a_form_may_ask_too, each_role_gets_no_more_than_its_table_says, a_proxy_sees_one_chart,
    what_nobody_can_give_is_an_error, a_client_gets_no_more_than_it_is_registered_for,
    more_than_was_offered_cannot_be_chosen, nobody_is_sent_to_an_address_that_is_not_the_apps,
    a_request_that_is_wrong_goes_back_as_an_error, the_verifier_is_always_asked_for,
    a_code_is_its_clients_alone, of_many_redemptions_one_succeeds_and_then_none_is_good,
    a_refresh_token_turns_and_its_reuse_ends_all,
    a_public_client_need_not_name_itself_to_refresh, a_refresh_may_ask_for_less_and_never_for_more,
    clients_prove_who_they_are, orders_that_are_wrong_are_refused_in_oauths_words,
    what_is_revoked_is_dead_within_a_second, a_person_takes_back_what_an_app_has,
    a_disabled_login_or_client_has_no_tokens, online_access_ends_with_the_session, what_was_given_for_longer_outlives_the_session,
    introspection_tells_the_client_of_its_own_tokens_only,
    a_page_of_the_app_may_read_its_answer_and_no_other,
    a_page_of_an_app_may_read_the_record_it_was_let_into,
    the_capability_statement_says_where_tokens_are_had, wrong_clients_are_not_registered,
    secrets_are_not_in_the_log,
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
