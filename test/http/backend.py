"""backend.py PROGRAM [WORD…]: clients that prove themselves with a key, made by openssl.

SMART App Launch 2.2 "Backend Services" and "Client Authentication: Asymmetric", RFC 7523, RFC 8725.
"""

import concurrent.futures
import hashlib
import hmac
import http.client
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from keys import Key, b64, claims
from live import Server, run, skip
from person import Browser, hale

PROGRAM = sys.argv[1]
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BACK = "https://app.example/back"
server = None
keys = {}
folder = tempfile.TemporaryDirectory(prefix="hale-keys-")


class Keeper(http.server.BaseHTTPRequestHandler):
    """Where a client keeps its keys."""

    answers = {}
    asked = []

    def do_GET(self):
        Keeper.asked.append(self.path)
        status, headers, body = Keeper.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


keeper = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
threading.Thread(target=keeper.serve_forever, daemon=True).start()
KEEPER = f"http://127.0.0.1:{keeper.server_port}"


def jwks(*members):
    return json.dumps({"keys": list(members)}).encode()


def key(name, kind="RSA", **more):
    if name not in keys:
        keys[name] = Key(folder.name, kind, name, **more)
    return keys[name]


def register(name, *words):
    return hale(PROGRAM, "client", "add", "--id", name, "--name", name, *words, "--data",
                server.folder)


def register_keys(name, members, scope="system/*.rs", *more):
    with tempfile.NamedTemporaryFile("wb", suffix=".json") as f:
        f.write(jwks(*members))
        f.flush()
        return register(name, "--keys", f.name, "--scope", scope, *more)


def post(endpoint, fields, headers=()):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", endpoint, urllib.parse.urlencode(fields),
                       {"Content-Type": "application/x-www-form-urlencoded", **dict(headers)})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, json.loads(body) if body else None


def ask(assertion, scope="system/*.rs", **changes):
    fields = {"grant_type": "client_credentials", "scope": scope, "client_assertion_type": TYPE,
              "client_assertion": assertion, **changes}
    return post("/oauth2/token", {k: v for k, v in fields.items() if v is not None})


def audience():
    return server.base + "/oauth2/token"


def good(client="bulk", name="one", head=None, **changes):
    return key(name).token(claims(client, audience(), **changes), head)


def fhir(token, path, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, "/fhir/" + path, json.dumps(body) if body else None,
                       {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def prepare():
    key("one"), key("two", "EC"), key("stranger"), key("stranger-ec", "EC")
    register_keys("bulk", [key("one").jwk(), key("two").jwk()], "system/*.rs")
    register_keys("narrow", [key("one").jwk()], "system/Patient.rs system/Observation.r")
    register("fetched", "--keys-uri", KEEPER + "/jwks", "--scope", "system/*.rs")
    Keeper.answers["/jwks"] = (200, {"Cache-Control": "max-age=600"}, jwks(key("one").jwk()))


# ---- what works ----

def keys_made_by_openssl_give_a_token():
    for name in ("one", "two"):
        status, given = ask(good(name=name))
        assert status == 200, given
        assert given["token_type"] == "Bearer" and given["expires_in"] == 300
        assert given["scope"] == "system/*.rs" and "refresh_token" not in given
        assert fhir(given["access_token"], "Patient") == 200
        assert fhir(given["access_token"], "Patient", "POST", {"resourceType": "Patient"}) == 403


def the_issuer_may_be_named_as_the_audience():
    assert ask(key("one").token(claims("bulk", server.base)))[0] == 200


def a_client_gets_what_it_is_registered_for():
    status, given = ask(good("narrow"), "system/*.cruds")
    assert status == 200 and set(given["scope"].split()) == {"system/Observation.r",
                                                             "system/Patient.rs"}, given
    assert fhir(given["access_token"], "Patient") == 200
    assert fhir(given["access_token"], "Condition") == 403
    assert fhir(given["access_token"], "Observation") == 403
    for scope in ("system/Condition.rs", "user/*.rs", "patient/*.rs", "", None, "launch openid",
                  "system/Patient.sr", "system/Patient.c"):
        status, said = ask(good("narrow"), scope)
        assert status == 400 and said["error"] == "invalid_scope", (scope, said)


def keys_are_fetched_and_kept_and_fetched_again_for_a_new_one():
    Keeper.asked.clear()
    for _ in range(3):
        assert ask(good("fetched"))[0] == 200
    assert Keeper.asked == ["/jwks"], Keeper.asked
    Keeper.answers["/jwks"] = (200, {"Cache-Control": "max-age=600"},
                               jwks(key("one").jwk(), key("new").jwk()))
    status, said = ask(good("fetched", "new"))
    assert status == 401, "it was asked again at once"
    time.sleep(10.5)
    assert ask(good("fetched", "new"))[0] == 200
    for _ in range(5):
        assert ask(good("fetched", "stranger"))[0] == 401
    assert len(Keeper.asked) == 2, "strangers make us fetch"


def a_disabled_client_has_no_tokens_any_more():
    register_keys("soon", [key("one").jwk()])
    given = ask(good("soon"))[1]
    assert fhir(given["access_token"], "Patient") == 200
    hale(PROGRAM, "client", "disable", "soon", "--data", server.folder)
    time.sleep(1.2)
    assert fhir(given["access_token"], "Patient") == 401
    assert ask(good("soon"))[0] == 401
    hale(PROGRAM, "client", "enable", "soon", "--data", server.folder)


def it_may_ask_about_its_token_and_give_it_back():
    given = ask(good())[1]

    def proven(endpoint, token, client="bulk"):
        return post(endpoint, {"token": token, "client_assertion_type": TYPE,
                               "client_assertion": good(client)})
    status, said = proven("/oauth2/introspect", given["access_token"])
    assert status == 200 and said["active"] is True and said["scope"] == "system/*.rs", said
    assert said["client_id"] == "bulk" and "username" not in said and "patient" not in said
    assert proven("/oauth2/introspect", given["access_token"], "narrow")[1] == {"active": False}
    assert proven("/oauth2/revoke", given["access_token"])[0] == 200
    time.sleep(1.2)
    assert fhir(given["access_token"], "Patient") == 401
    assert proven("/oauth2/introspect", given["access_token"])[1] == {"active": False}


def it_can_act_for_a_person_too():
    from smart import challenge, consent, answer_of
    owner = server.token()
    register_keys("app", [key("two").jwk()], "user/*.rs offline_access", "--redirect", BACK)
    link = hale(PROGRAM, "user", "add", "house", "--role", "practitioner", "--data", server.folder)
    browser = Browser(server.port)
    browser.take_up(link, "four plain words here")
    browser.sign_in("house", "four plain words here")
    verifier = "v" * 50
    query = urllib.parse.urlencode({
        "response_type": "code", "client_id": "app", "redirect_uri": BACK, "state": "s",
        "scope": "user/Patient.rs offline_access", "aud": server.base + "/fhir",
        "code_challenge": challenge(verifier), "code_challenge_method": "S256"})
    code = answer_of(consent(browser, browser.get("/oauth2/authorize?" + query)))["code"]
    order = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
             "code_verifier": verifier}
    assert post("/oauth2/token", {**order, "client_id": "app"})[0] == 401
    proof = {"client_assertion_type": TYPE, "client_assertion": good("app", "two")}
    status, given = post("/oauth2/token", {**order, **proof, "client_id": "app"})
    assert status == 200 and given["scope"] == "user/Patient.rs offline_access", given
    refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert post("/oauth2/token", {**refresh, "client_id": "app"})[0] == 401
    assert post("/oauth2/token", {**refresh, **proof})[0] == 401, "a proof was good twice"
    proof["client_assertion"] = good("app", "two")
    assert post("/oauth2/token", {**refresh, **proof})[0] == 200
    assert owner


# ---- attacks ----

def forged_and_misused_tokens_are_refused():
    one, now = key("one"), int(time.time())
    public = subprocess.run(["openssl", "rsa", "-in", one.file, "-pubout"], capture_output=True,
                            check=True).stdout

    def handmade(head, body, signature=b""):
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(body).encode())
        made = signature(text.encode()) if callable(signature) else signature
        return text + "." + b64(made)

    def mac(digest):
        return lambda text: hmac.new(public, text, digest).digest()

    body = lambda **changes: claims("bulk", audience(), **changes)
    header, middle, end = good().split(".")
    ec = key("two").token(body())
    flipped = ec[:-4] + ("AAAA" if ec[-4:] != "AAAA" else "BBBB")
    stranger = {**key("stranger").jwk(), "kid": "one"}
    table = {
        "none": handmade({"alg": "none", "typ": "JWT", "kid": "one"}, body()),
        "None": handmade({"alg": "None", "typ": "JWT", "kid": "one"}, body(), b"x"),
        "no alg": handmade({"typ": "JWT", "kid": "one"}, body(), b"x"),
        "HS256 with the public key": handmade({"alg": "HS256", "typ": "JWT", "kid": "one"}, body(),
                                              mac(hashlib.sha256)),
        "HS384 with the public key": handmade({"alg": "HS384", "typ": "JWT", "kid": "one"}, body(),
                                              mac(hashlib.sha384)),
        "RS256": one.token(body(), {"alg": "RS256"}, "sha256"),
        "RS384 said, sha256 done": one.token(body(), None, "sha256"),
        "PS384 said": one.token(body(), {"alg": "PS384"}),
        "ES384 said with the kid of an RSA key": key("two").token(body(), {"kid": "one"}),
        "another's key under a known kid": key("stranger").token(body(), {"kid": "one"}),
        "another's EC key": key("stranger-ec").token(body(), {"kid": "two"}),
        "no kid": one.token(body(), {"kid": None}),
        "empty kid": one.token(body(), {"kid": ""}),
        "kid unknown": one.token(body(), {"kid": "nobody"}),
        "kid as path": one.token(body(), {"kid": "../../../dev/null"}),
        "kid as SQL": one.token(body(), {"kid": "one' OR '1'='1"}),
        "kid as number": one.token(body(), {"kid": 1}),
        "key in the token": key("stranger").token(body(), {"jwk": stranger, "kid": "one"}),
        "x5c": one.token(body(), {"x5c": "MIIB"}),
        "x5u": one.token(body(), {"x5u": KEEPER + "/x5u"}),
        "jku elsewhere": one.token(body(), {"jku": KEEPER + "/evil"}),
        "crit": one.token(body(), {"crit": "exp"}),
        "no typ": one.token(body(), {"typ": None}),
        "typ of an access token": one.token(body(), {"typ": "at+jwt"}),
        "iss another's": one.token(body(iss="narrow")),
        "sub another's": one.token(body(sub="narrow")),
        "no iss": one.token(body(iss=None)),
        "no sub": one.token(body(sub=None)),
        "aud wrong": one.token(body(aud="https://evil.example/token")),
        "aud of the FHIR base": one.token(body(aud=server.base + "/fhir")),
        "aud with slash": one.token(body(aud=audience() + "/")),
        "aud a list with us in it": one.token(body(aud=[audience(), "https://evil.example"])),
        "no aud": one.token(body(aud=None)),
        "expired": one.token(body(exp=now - 1)),
        "too long": one.token(body(exp=now + 3600)),
        "no exp": one.token(body(exp=None)),
        "exp as text": one.token(body(exp=str(now + 100))),
        "exp huge": one.token(body(exp=10 ** 30)),
        "exp negative": one.token(body(exp=-5)),
        "not yet": one.token(body(nbf=now + 200)),
        "made in the future": one.token(body(iat=now + 200)),
        "no jti": one.token(body(jti=None)),
        "empty jti": one.token(body(jti="")),
        "jti as number": one.token(body(jti=7)),
        "signature of another token": ".".join([*good().split(".")[:2], end]),
        "claims of another token": ".".join([header, b64(json.dumps(body()).encode()), end]),
        "signature cut off": ".".join([header, middle, ""]),
        "signature shortened": ".".join([header, middle, end[:-6]]),
        "EC signature changed": flipped,
        "EC signature of noughts": ".".join([*ec.split(".")[:2], b64(bytes(96))]),
        "EC signature as DER": ".".join([*ec.split(".")[:2], b64(bytes([48, 6, 2, 1, 1, 2, 1, 1]))]),
        "padding": good() + "==",
        "two parts": ".".join([header, middle]),
        "four parts": good() + ".x",
        "five parts": "a.b.c.d.e",
        "no JSON": "eA.eA.eA",
        "a member twice": b64(b'{"alg":"none","alg":"RS384","typ":"JWT","kid":"one"}') + "."
                          + middle + "." + end,
        "empty": "", "dots": "..", "long": "a" * 20000,
    }
    Keeper.asked.clear()
    for name, token in table.items():
        status, said = ask(token)
        assert status == 401 and said["error"] == "invalid_client", (name, status, said)
        assert fhir(token, "Patient") in (401, 431), name
    assert Keeper.asked == [], "a token made us fetch something"
    assert ask(good())[0] == 200
    print(f"{len(table)} forged tokens refused")


def a_token_is_good_once():
    token = good()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(token)[0], range(200)))
    assert sorted(set(answers)) == [200, 401] and answers.count(200) == 1, answers.count(200)
    again = good(jti="the-same")
    assert ask(again)[0] == 200
    assert ask(good(jti="the-same"))[0] == 401, "another token with the same jti"
    assert ask(good("narrow", jti="the-same"), "system/Patient.rs")[0] == 200


def a_failed_try_spends_no_jti():
    assert ask(key("stranger").token(claims("bulk", audience(), jti="mine"), {"kid": "one"}))[0] == 401
    assert ask(good(jti="mine"))[0] == 200


def another_way_than_the_registered_one_is_refused():
    register("secretive", "--confidential", "--redirect", BACK, "--scope", "user/*.rs")
    for fields in ({"client_id": "bulk"}, {"client_id": "bulk", "client_secret": "x"},
                   {"client_id": "narrow", "client_assertion": good(), "client_assertion_type": TYPE},
                   {"client_assertion": good("secretive"), "client_assertion_type": TYPE},
                   {"client_assertion": good("nobody"), "client_assertion_type": TYPE},
                   {"client_assertion": good(), "client_assertion_type": TYPE, "client_secret": "x"},
                   {"client_assertion": good(), "client_assertion_type": "x"},
                   {"client_assertion": good()}):
        status, said = post("/oauth2/token", {"grant_type": "client_credentials",
                                              "scope": "system/*.rs", **fields})
        assert status == 401 and said["error"] == "invalid_client", (fields, said)


def only_a_client_with_a_key_may_ask_in_its_own_name():
    said = register("spoken", "--confidential", "--redirect", BACK, "--scope", "user/*.rs")
    secret = said.split()[3]
    status, said = post("/oauth2/token", {"grant_type": "client_credentials", "client_id": "spoken",
                                          "client_secret": secret, "scope": "user/*.rs"})
    assert status == 400 and said["error"] == "unauthorized_client", said


def wrong_keys_are_not_registered():
    rsa, ec = key("one").jwk(), key("two").jwk()
    weak, p256 = key("weak", bits=1024), key("small", "prime256v1")
    secret = {**rsa, "d": "AQAB"}
    for name, body in (("weak", jwks(weak.jwk())), ("P-256 only", jwks(p256.jwk())),
                       ("secret", jwks(secret)), ("shared", jwks({"kty": "oct", "k": "AAAA", "kid": "1"})),
                       ("twice", jwks(rsa, rsa)), ("none", jwks()), ("no kid", jwks({**rsa, "kid": ""})),
                       ("off the curve", jwks({**ec, "y": ec["x"]})), ("no JSON", b"x"),
                       ("a list", b"[]"), ("for encryption", jwks({**rsa, "use": "enc"})),
                       ("RS256 only", jwks({**rsa, "alg": "RS256"})),
                       ("even", jwks({**rsa, "n": b64(bytes([255] * 255 + [254]))})),
                       ("long", b" " * 70000)):
        with tempfile.NamedTemporaryFile("wb") as f:
            f.write(body)
            f.flush()
            done = subprocess.run([PROGRAM, "client", "add", "--name", "x", "--keys", f.name,
                                   "--scope", "system/*.rs", "--data", server.folder],
                                  capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, (name, done)
    for words in (["--keys-uri", "ftp://x.example/"], ["--keys-uri", "https://a@b.example/x"],
                  ["--scope", "system/*.rs"], ["--keys-uri", "file:///x"]):
        more = [] if "--scope" in words else ["--scope", "system/*.rs"]
        done = subprocess.run([PROGRAM, "client", "add", "--name", "x", *words, *more, "--data",
                               server.folder], capture_output=True, text=True)
        assert done.returncode == 1, words


def keys_are_fetched_only_from_where_it_is_safe():
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    port = other.server_port
    right = (200, {}, jwks(key("one").jwk()))
    Keeper.answers["/hop"] = (302, {"Location": KEEPER + "/jwks"}, b"")
    Keeper.answers["/huge"] = (200, {}, b" " * 100000 + right[2])
    Keeper.answers["/text"] = (200, {}, b"not keys")
    Keeper.answers["/empty"] = (200, {}, b"")
    Keeper.answers["/other"] = right
    Keeper.asked.clear()
    for number, uri in enumerate((
            f"http://127.0.0.1:{port}/other", f"https://127.0.0.1:{port}/other",
            f"https://localhost:{port}/other", f"http://localhost:{port}/other",
            f"https://[::1]:{port}/other", f"https://169.254.169.254/latest", "https://10.0.0.1/x",
            f"https://2130706433:{port}/other", f"https://0x7f.1:{port}/other",
            f"https://[::ffff:127.0.0.1]:{port}/other", f"https://0.0.0.0:{port}/other",
            KEEPER + "/hop", KEEPER + "/huge", KEEPER + "/text", KEEPER + "/empty", KEEPER + "/404",
            f"http://127.0.0.1:{keeper.server_port}0/other")):
        name = f"far-{number}"
        done = subprocess.run([PROGRAM, "client", "add", "--id", name, "--name", "x", "--keys-uri", uri,
                               "--scope", "system/*.rs", "--data", server.folder],
                              capture_output=True, text=True)
        if done.returncode == 0:
            assert ask(good(name))[0] == 401, uri
    assert "/other" not in Keeper.asked, Keeper.asked
    other.shutdown()


def too_many_requests_of_one_client_must_wait():
    if "SANITIZED" in os.environ:
        skip("too slow under a sanitizer to be too many")
    register("eager", "--redirect", BACK, "--scope", "user/*.rs")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    statuses = []
    for _ in range(9000):
        connection.request("POST", "/oauth2/token", "client_id=eager&grant_type=x",
                           {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        if answer.status == 429:
            assert int(answer.getheader("retry-after")) >= 1
            break
    assert statuses[-1] == 429 and len(statuses) > 5000, (statuses[-1], len(statuses))
    assert ask(good())[0] == 200, "another client had to wait too"


TESTS = [
    keys_made_by_openssl_give_a_token, the_issuer_may_be_named_as_the_audience,
    a_client_gets_what_it_is_registered_for,
    keys_are_fetched_and_kept_and_fetched_again_for_a_new_one,
    a_disabled_client_has_no_tokens_any_more, it_may_ask_about_its_token_and_give_it_back,
    it_can_act_for_a_person_too, forged_and_misused_tokens_are_refused, a_token_is_good_once,
    a_failed_try_spends_no_jti, another_way_than_the_registered_one_is_refused,
    only_a_client_with_a_key_may_ask_in_its_own_name, wrong_keys_are_not_registered,
    keys_are_fetched_only_from_where_it_is_safe, too_many_requests_of_one_client_must_wait,
]


def main():
    global server
    server = Server(PROGRAM, "--behind-proxy", "--fetch-from", KEEPER)
    server.base = f"http://127.0.0.1:{server.port}"
    try:
        prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()
        folder.cleanup()


if __name__ == "__main__":
    sys.exit(main())
