"""register.py PROGRAM [WORD…]: apps that register themselves, and wait for an administrator. RFC 7591."""

import http.client
import itertools
import json
import subprocess
import sys
import tempfile

import smart
from keys import Key, claims
from live import Server, run
from person import Browser, hale
from smart import App, BACK, answer_of, consent

PROGRAM = sys.argv[1]
folder = tempfile.TemporaryDirectory(prefix="hale-register-")
addresses = itertools.count(1)
server = None


def ask(address=None, **changes):
    """Each from a network of its own, as a proxy in front says."""
    fields = {"client_name": "New <app>", "redirect_uris": [BACK], "scope": smart.PATIENT_SCOPES,
              "token_endpoint_auth_method": "none", **changes}
    fields = {k: v for k, v in fields.items() if v is not None}
    number = next(addresses)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/oauth2/register", json.dumps(fields), {
        "Content-Type": "application/json",
        "X-Forwarded-For": address or f"10.200.{number % 250}.{number // 250 + 1}"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def client(*words):
    return hale(PROGRAM, "client", *words, "--data", server.folder)


def refused(*words):
    return subprocess.run([PROGRAM, "client", *words, "--data", server.folder],
                          capture_output=True).returncode == 1


def state(id):
    line, = [line for line in client("list").splitlines() if line.startswith(id)]
    return line


def an_app_waits_until_it_is_approved():
    status, said = ask()
    assert status == 201, said
    assert said["redirect_uris"] == [BACK] and said["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in said and isinstance(said["client_id_issued_at"], int)
    app, anne = App(said["client_id"]), smart.people["anne"]
    page = anne.get(app.question())
    assert page.status == 400 and page.header("location") is None
    assert app.post("/oauth2/token", {"grant_type": "authorization_code"})[0] == 401
    assert " waiting " in state(app.client)
    assert refused("enable", app.client), "it came into use without being approved"
    client("approve", app.client)
    assert " active " in state(app.client)
    page = anne.get(app.question())
    assert page.status == 200 and "New &lt;app&gt;" in page.body
    assert app.spend(answer_of(consent(anne, page))["code"])[0] == 200
    assert refused("approve", app.client) and refused("refuse", app.client)


def an_app_that_is_refused_is_forgotten():
    id = ask()[1]["client_id"]
    client("refuse", id)
    assert id not in client("list")
    assert refused("approve", id) and refused("approve", "nobody")


def an_app_with_a_secret_is_told_it_once():
    status, said = ask(token_endpoint_auth_method=None)
    assert status == 201 and said["client_secret_expires_at"] == 0
    assert said["token_endpoint_auth_method"] == "client_secret_basic"
    app = App(said["client_id"], said["client_secret"])
    assert app.post("/oauth2/token", {"grant_type": "x"})[0] == 401
    client("approve", app.client)
    assert app.post("/oauth2/token", {"grant_type": "x"})[0] == 400
    app.secret += "x"
    assert app.post("/oauth2/token", {"grant_type": "x"})[0] == 401


def an_app_with_a_key_gets_no_token_before():
    key = Key(folder.name, "EC", "mine")
    status, said = ask(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key.jwk()]},
                       scope="system/Patient.rs", redirect_uris=None,
                       grant_types=["client_credentials"])
    assert status == 201 and "client_secret" not in said, said
    app = App(said["client_id"])

    def token():
        return app.post("/oauth2/token", {
            "grant_type": "client_credentials", "scope": "system/*.rs", "client_id": app.client,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": key.token(claims(app.client, server.base + "/oauth2/token"))})
    assert token()[0] == 401
    client("approve", app.client)
    status, given, _ = token()
    assert status == 200 and given["scope"] == "system/Patient.rs", given


def what_cannot_be_is_refused_in_the_standards_words():
    key = Key(folder.name, "RSA", "other")
    private = {**key.jwk(), "d": "AQAB"}
    for error, changes in (
            ("invalid_redirect_uri", {"redirect_uris": ["http://app.example/"]}),
            ("invalid_redirect_uri", {"redirect_uris": [BACK + " https://evil.example/"]}),
            ("invalid_redirect_uri", {"redirect_uris": ["javascript:alert(1)"]}),
            ("invalid_redirect_uri", {"redirect_uris": [7]}),
            ("invalid_redirect_uri", {"redirect_uris": None}),
            ("invalid_redirect_uri", {"redirect_uris": [BACK + "#x"]}),
            ("invalid_client_metadata", {"client_name": None}),
            ("invalid_client_metadata", {"client_name": "x" * 500}),
            ("invalid_client_metadata", {"scope": None}),
            ("invalid_client_metadata", {"scope": "system/*.rs"}),
            ("invalid_client_metadata", {"scope": "everything"}),
            ("invalid_client_metadata", {"grant_types": ["password"]}),
            ("invalid_client_metadata", {"grant_types": "authorization_code"}),
            ("invalid_client_metadata", {"response_types": ["token"]}),
            ("invalid_client_metadata", {"token_endpoint_auth_method": "tls_client_auth"}),
            ("invalid_client_metadata", {"token_endpoint_auth_method": "private_key_jwt"}),
            ("invalid_client_metadata", {"jwks": {"keys": [key.jwk()]}}),
            ("invalid_client_metadata", {"token_endpoint_auth_method": "private_key_jwt",
                                         "jwks": {"keys": [private]}}),
            ("invalid_client_metadata", {"token_endpoint_auth_method": "private_key_jwt",
                                         "jwks_uri": "file:///etc/passwd"}),
            ("unapproved_software_statement", {"software_statement": "eyJhbGciOiJub25lIn0.e30."})):
        status, said = ask(**changes)
        assert status == 400 and said["error"] == error, (changes, status, said)
        assert "client_id" not in said and said["error_description"]


def nothing_can_be_had_that_only_an_administrator_gives():
    status, said = ask(first_party=True, firstParty="yes", id="own", client_id="own",
                       pending=False, disabled=False)
    assert status == 201 and said["client_id"] != "own"
    client("approve", said["client_id"])
    page = smart.people["anne"].get(App(said["client_id"]).question())
    assert page.status == 200, "nobody was asked"


def few_are_heard_and_few_wait():
    statuses = [ask(address="192.0.2.7")[0] for _ in range(8)]
    assert statuses[:5] == [201] * 5 and statuses[-1] == 429, statuses
    assert ask(address="198.51.100.7")[0] == 201
    statuses = [ask()[0] for _ in range(110)]
    assert statuses[-1] == 503 and statuses.count(201) < 100, statuses


TESTS = [
    an_app_waits_until_it_is_approved, an_app_that_is_refused_is_forgotten,
    an_app_with_a_secret_is_told_it_once, an_app_with_a_key_gets_no_token_before,
    what_cannot_be_is_refused_in_the_standards_words,
    nothing_can_be_had_that_only_an_administrator_gives, few_are_heard_and_few_wait,
]


def main():
    global server
    server = smart.server = Server(PROGRAM, "--behind-proxy")
    server.base = f"http://127.0.0.1:{server.port}"
    try:
        smart.prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()
        folder.cleanup()


if __name__ == "__main__":
    sys.exit(main())
