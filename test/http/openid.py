"""openid.py PROGRAM [WORD…]: who has signed in, told to apps in tokens that can be checked.

OpenID Connect Core 1.0 and Discovery 1.0, SMART App Launch 2.2 "identity data".
"""

import json
import sys
import tempfile
import time

import smart
from keys import open_token
from live import Server, run
from person import Browser, hale
from smart import App, BACK, PASSWORD, answer_of, consent, fhir

PROGRAM = sys.argv[1]
folder = tempfile.TemporaryDirectory(prefix="hale-openid-")
SCOPES = "openid fhirUser launch/patient patient/*.rs offline_access"
server = None
app = None


def get(path):
    page = Browser(server.port).get(path)
    assert page.status == 200 and page.header("access-control-allow-origin") == "*", page.status
    return json.loads(page.body)


def opened(token):
    return open_token(folder.name, token, get("/oauth2/jwks"))


def tokens(person, scope=SCOPES, **changes):
    browser = smart.people[person]
    page = browser.get(app.question(scope, **changes))
    assert page.status == 200, (page.status, page.header("location"))
    status, given, _ = app.spend(answer_of(consent(browser, page))["code"])
    assert status == 200, given
    return given


def prepare():
    global app
    smart.prepare()
    said = hale(PROGRAM, "client", "add", "--id", "who", "--name", "Who", "--redirect", BACK,
                "--scope", SCOPES + " user/*.rs", "--confidential", "--data", server.folder)
    app = App("who", said.split()[3])


def the_documents_agree():
    said, known = get("/.well-known/openid-configuration"), get(
        "/fhir/.well-known/smart-configuration")
    assert said["issuer"] == known["issuer"] == server.base
    for name in ("jwks_uri", "authorization_endpoint", "token_endpoint"):
        assert said[name] == known[name]
    assert "sso-openid-connect" in known["capabilities"]
    assert {"openid", "fhirUser"} <= set(known["scopes_supported"])
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    keys = get("/oauth2/jwks")["keys"]
    assert len(keys) == 1 and set(keys[0]) == {"kty", "use", "alg", "kid", "n", "e"}, keys


def the_token_says_who_it_is():
    for person, user in (("anne", "Patient/" + smart.patients["anne"]),
                         ("house", "Practitioner/1"), ("carer", "RelatedPerson/1")):
        scope = SCOPES if person != "house" else "openid fhirUser user/*.rs"
        given = tokens(person, scope, nonce="n-0S6 ü")
        assert {"openid", "fhirUser"} <= set(given["scope"].split())
        said, header = opened(given["id_token"])
        assert said["iss"] == server.base and said["aud"] == "who" and said["nonce"] == "n-0S6 ü"
        assert said["fhirUser"] == f"{server.base}/fhir/{user}", said
        assert abs(said["iat"] - time.time()) < 60 and said["exp"] == said["iat"] + 900
        assert 0 <= said["iat"] - said["auth_time"] < 600
        assert set(header) == {"alg", "typ", "kid"}
        again = opened(tokens(person, scope)["id_token"])[0]
        assert again["sub"] == said["sub"] and "nonce" not in again
    subjects = {opened(tokens(person)["id_token"])[0]["sub"] for person in ("anne", "carer")}
    assert len(subjects) == 2
    assert fhir(tokens("anne")["access_token"], "Patient/" + smart.patients["anne"])[0] == 200


def who_does_not_ask_is_not_told():
    given = tokens("anne", "launch/patient patient/*.rs")
    assert "id_token" not in given
    given = tokens("anne", "openid launch/patient patient/*.rs")
    assert "fhirUser" not in opened(given["id_token"])[0] and "fhirUser" not in given["scope"]
    given = tokens("anne", "fhirUser launch/patient patient/*.rs")
    assert "id_token" not in given and "fhirUser" not in given["scope"], given["scope"]


def a_person_may_keep_it_to_themselves():
    browser = smart.people["anne"]
    page = browser.get(app.question(SCOPES))
    status, given, _ = app.spend(answer_of(consent(browser, page, {"patient/*.rs"}))["code"])
    assert status == 200 and "id_token" not in given and "openid" not in given["scope"], given


def signing_in_alone_gives_no_record():
    given = tokens("desk", "openid fhirUser")
    assert given["scope"] == "openid", given["scope"]
    assert "fhirUser" not in opened(given["id_token"])[0], "the login is linked to nothing"
    for path in ("Patient", "Practitioner", "Patient/" + smart.patients["anne"]):
        assert fhir(given["access_token"], path)[0] == 403, path


def a_client_that_is_not_registered_for_it_gets_none():
    browser, other = smart.people["anne"], smart.clients["public"]
    page = browser.get(other.question(SCOPES))
    status, given, _ = other.spend(answer_of(consent(browser, page))["code"])
    assert status == 200 and "id_token" not in given and "openid" not in given["scope"]
    assert answer_of(browser.get(other.question("openid fhirUser")))["error"] == "invalid_scope"


def a_refresh_keeps_what_was_agreed_and_says_no_more():
    given = tokens("anne", nonce="x")
    status, again, _ = app.refresh(given["refresh_token"])
    assert status == 200 and "openid" in again["scope"].split() and "id_token" not in again


def introspection_tells_who_it_is():
    given = tokens("anne")
    said = app.post("/oauth2/introspect", {"token": given["access_token"]})[1]
    claims = opened(given["id_token"])[0]
    assert said["active"] and said["sub"] == claims["sub"] and said["iss"] == claims["iss"]
    assert said["fhirUser"] == claims["fhirUser"] and said["patient"] == smart.patients["anne"]
    given = tokens("anne", "launch/patient patient/*.rs")
    said = app.post("/oauth2/introspect", {"token": given["access_token"]})[1]
    assert said["active"] and "sub" not in said and "fhirUser" not in said


def an_old_proof_is_renewed_where_the_app_asks():
    browser = smart.people["anne"]
    for more in ({"max_age": "100000"}, {"prompt": "consent"}):
        assert browser.get(app.question(**more)).status == 200
    assert answer_of(browser.get(app.question(max_age="soon")))["error"] == "invalid_request"
    assert answer_of(browser.get(app.question(nonce="n" * 600)))["error"] == "invalid_request"


def keys_turn_without_surprise():
    old = tokens("anne")
    kid = opened(old["id_token"])[1]["kid"]
    said = hale(PROGRAM, "client", "rotate-key", "--data", server.folder).split()
    assert said[0] == "kid" and said[1] != kid
    assert [key["kid"] for key in get("/oauth2/jwks")["keys"]] == [said[1], kid]
    assert opened(tokens("anne")["id_token"])[1]["kid"] == kid, "a new key signs at once"
    opened(old["id_token"])
    now = hale(PROGRAM, "client", "rotate-key", "--at-once", "--data", server.folder).split()[1]
    assert [key["kid"] for key in get("/oauth2/jwks")["keys"]] == [now]
    assert opened(tokens("anne")["id_token"])[1]["kid"] == now


def an_identity_token_opens_nothing():
    token = tokens("anne")["id_token"]
    assert fhir(token, "Patient")[0] == 401
    assert app.post("/oauth2/introspect", {"token": token})[1] == {"active": False}


TESTS = [
    the_documents_agree, the_token_says_who_it_is, who_does_not_ask_is_not_told,
    a_person_may_keep_it_to_themselves, signing_in_alone_gives_no_record,
    a_client_that_is_not_registered_for_it_gets_none,
    a_refresh_keeps_what_was_agreed_and_says_no_more, introspection_tells_who_it_is,
    an_old_proof_is_renewed_where_the_app_asks, keys_turn_without_surprise,
    an_identity_token_opens_nothing,
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
        folder.cleanup()


if __name__ == "__main__":
    sys.exit(main())
