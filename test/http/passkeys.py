"""passkeys.py PROGRAM [WORD…]: people sign in with passkeys, and others try to.

The forms are sent as the page's script would send them, by an authenticator made of openssl that can
be told to do it wrongly. Issue item 1; WebAuthn Level 2, 7.1 and 7.2.
"""

import html
import json
import re
import socket
import sys

import chromium
from authenticator import Authenticator, cbor, url64
from live import CAN_MOVE_TIME, Server, run, skip
from person import Browser, hale

PROGRAM = sys.argv[1]
PASSWORD = "four plain words here"
ORIGIN = "http://localhost:7777"
server = None


def given(page):
    """What the page tells its script."""
    return json.loads(html.unescape(re.search(r'data-passkey="([^"]*)"', page.body)[1]))


def member(name, role="practitioner", *more):
    link = hale(PROGRAM, "user", "add", name, "--role", role, *more, "--data", server.folder)
    browser = Browser(server.port)
    browser.take_up(link, PASSWORD)
    assert browser.sign_in(name, PASSWORD).status == 200
    return browser


def post(browser, page, action, fields, **more):
    hidden = page.form_with(action)
    return browser.request("POST", action, {**hidden, **fields, **more})


def make(browser, passkey, /, **wrong):
    page = browser.get("/account/passkey")
    return post(browser, page, "/account/passkey",
                passkey.make(given(page), **{"origin": ORIGIN, **wrong}), name="My key")


def use(browser, key, at="/sign-in", **wrong):
    page = browser.get(at)
    return post(browser, page, "/sign-in/passkey", key.use(given(page), **{"origin": ORIGIN, **wrong}))


def signed_in(page):
    return page.status == 303 and page.header("location") == "/account"


# ---- making and using ----

def a_passkey_is_made_and_signs_in():
    for number, kind in enumerate(("ES256", "EdDSA", "RS256")):
        browser, key = member(f"maker{number}"), Authenticator(kind)
        page = make(browser, key)
        assert signed_in(page), (kind, page.status, page.body)
        assert "My key" in browser.get("/account").body
        other = Browser(server.port)
        page = use(other, key)
        assert signed_in(page), (kind, page.status, page.body)
        assert f"maker{number}" in other.follow(page).body
        assert other.get("/account/recovery").status == 200, "a passkey is a fresh proof"


def one_that_does_not_count_is_good_too():
    browser, key = member("countless"), Authenticator(counts=False)
    assert signed_in(make(browser, key))
    assert signed_in(use(Browser(server.port), key)) and signed_in(use(Browser(server.port), key))


def extensions_are_passed_over():
    browser, key = member("extended"), Authenticator()
    more = cbor({"credProps": {"rk": True}, "x": [1, b"2", "3"]})
    assert signed_in(make(browser, key, flags=0xc5, extensions=more))
    assert signed_in(use(Browser(server.port), key, flags=0x85, extensions=more))


def it_is_the_second_step_too_and_a_fresh_proof():
    browser, key = member("stepper"), Authenticator()
    assert signed_in(make(browser, key))
    other = Browser(server.port)
    page = other.follow(other.give_password("stepper", PASSWORD))
    assert signed_in(post(other, page, "/sign-in/passkey", key.use(given(page), ORIGIN)))
    before = other.cookies["__Host-hale"]
    assert signed_in(use(other, key, at="/account/prove"))
    assert other.cookies["__Host-hale"] != before


def anothers_is_no_proof_of_mine():
    mine, theirs = member("owner.of.one"), member("owner.of.other")
    key = Authenticator()
    assert signed_in(make(theirs, key))
    assert use(mine, key, at="/account/prove").status == 401
    half = Browser(server.port)
    page = half.follow(half.give_password("owner.of.one", PASSWORD))
    assert post(half, page, "/sign-in/passkey", key.use(given(page), ORIGIN)).status == 401


def one_that_is_taken_away_is_dead():
    browser, key = member("taker"), Authenticator()
    make(browser, key)
    stranger = member("stranger")
    own = stranger.get("/account").form("/sign-out")[1]
    page = stranger.request("POST", "/account/passkey/end", {**own, "passkey": url64(key.id)})
    assert page.status == 404
    assert browser.send(browser.get("/account"), "/account/passkey/end").status == 303
    assert use(Browser(server.port), key).status == 401


def it_dies_with_its_login_and_with_a_reset_of_the_second_factor():
    browser, key = member("mortal"), Authenticator()
    make(browser, key)
    hale(PROGRAM, "user", "disable", "mortal", "--data", server.folder)
    assert use(Browser(server.port), key).status == 401
    hale(PROGRAM, "user", "enable", "mortal", "--data", server.folder)
    assert signed_in(use(Browser(server.port), key))
    hale(PROGRAM, "user", "reset", "mortal", "--second-factor", "--data", server.folder)
    assert use(Browser(server.port), key).status == 401


# ---- forged ones ----

def forged_new_ones_are_refused():
    browser, key = member("forger"), Authenticator()
    whole = key.cose()
    other = Authenticator("EdDSA").cose()
    rsa = Authenticator("RS256").cose()
    forged = {
        "another origin": dict(origin="https://evil.example"),
        "a longer origin": dict(origin=ORIGIN + ".evil.example"),
        "another port": dict(origin="http://localhost:7778"),
        "another challenge": dict(challenge="A" * 43),
        "another type": dict(type="webauthn.get"),
        "another site": dict(site="evil.example"),
        "a frame of another": dict(crossOrigin=True),
        "a frame, in words": dict(crossOrigin="false"),
        "nobody present": dict(flags=0x44),
        "nobody verified": dict(flags=0x41),
        "no key": dict(flags=0x05),
        "backed up, but cannot be": dict(flags=0x55),
        "extensions that are not there": dict(flags=0xc5),
        "bytes behind the end": dict(extensions=b"\x00"),
        "no extensions but a number": dict(flags=0xc5, extensions=b"\x01"),
        "an algorithm of another kind": dict(key={**whole, 3: -8}),
        "an unknown algorithm": dict(key={**whole, 3: -65535}),
        "a secret shared": dict(key={1: 4, 3: 5, -1: b"x" * 32}),
        "another curve": dict(key={**whole, -1: 2}),
        "a point off the curve": dict(key={**whole, -3: bytes(32)}),
        "a short coordinate": dict(key={**whole, -2: whole[-2][1:]}),
        "no coordinate": dict(key={k: v for k, v in whole.items() if k != -3}),
        "a long Ed25519 key": dict(key={**other, -2: other[-2] + b"\x00"}),
        "a small RSA key": dict(key={**rsa, -1: rsa[-1][:128]}),
        "an RSA exponent of one": dict(key={**rsa, -2: b"\x01"}),
        "cut short": dict(cut=1), "cut shorter": dict(cut=40), "cut to nothing much": dict(cut=150),
        "an array": dict(object=b"\x83\x01\x02\x03"),
        "without end": dict(object=b"\xbf\x63fmt\x64none\xff"),
        "a map of many": dict(object=b"\xbb" + b"\xff" * 8),
        "deep": dict(object=b"\x81" * 5000 + b"\x00"),
        "empty": dict(object=b"\xa0"),
    }
    for what, wrong in forged.items():
        page = make(browser, key, **wrong)
        assert page.status == 422, (what, page.status)
    assert "My key" not in browser.get("/account").body
    assert signed_in(make(browser, key)), "the same, rightly"
    assert make(browser, key).status == 422, "it is there already"


def a_key_with_a_label_twice_is_refused():
    browser, key = member("twice"), Authenticator()
    page = browser.get("/account/passkey")
    told = given(page)
    fields = key.make(told, ORIGIN)
    data = key.auth_data(told["site"], 0x45, cbor(key.cose()).replace(b"\xa5", b"\xa6", 1)
                         + cbor(3) + cbor(-7))
    fields["attestation"] = url64(cbor({"fmt": "none", "attStmt": {}, "authData": data}))
    assert post(browser, page, "/account/passkey", fields, name="x").status == 422


def forged_uses_are_refused():
    browser, key = member("victim"), Authenticator()
    make(browser, key)
    stranger = Browser(server.port)
    forged = {
        "another origin": dict(origin="https://evil.example"),
        "another challenge": dict(challenge="A" * 43),
        "another type": dict(type="webauthn.create"),
        "another site": dict(site="evil.example"),
        "a frame of another": dict(crossOrigin=True),
        "nobody present": dict(flags=0x04),
        "nobody verified": dict(flags=0x01),
        "backed up, but cannot be": dict(flags=0x15),
        "a key that is not there": dict(flags=0x45),
        "bytes behind the end": dict(extensions=b"\x00"),
    }
    for what, wrong in forged.items():
        page = use(stranger, key, **wrong)
        assert page.status == 401, (what, page.status)
        assert "__Host-hale" not in stranger.cookies, what
    assert signed_in(use(stranger, key))


def fields_that_are_changed_are_refused():
    browser, key, other = member("changed"), Authenticator(), Authenticator()
    make(browser, key)
    stranger = Browser(server.port)
    page = stranger.get("/sign-in")
    for field, value in (("signature", url64(bytes(70))), ("signature", ""), ("signature", "!"),
                         ("signature", url64(other.sign(b"x"))), ("id", url64(other.id)),
                         ("id", ""), ("handle", url64(b"somebody else")), ("handle", "="),
                         ("auth_data", ""), ("auth_data", url64(bytes(36))),
                         ("client_data", url64(b"{}")), ("client_data", url64(b"[1")),
                         ("client_data", url64(b"\xff")), ("client_data", "")):
        fields = {**key.use(given(page), ORIGIN), field: value}
        answer = post(stranger, page, "/sign-in/passkey", fields)
        assert answer.status == 401, (field, value, answer.status)


def a_challenge_is_good_once_and_for_one_browser():
    browser, key = member("replayed"), Authenticator(counts=False)
    make(browser, key)
    first, second = Browser(server.port), Browser(server.port)
    page = first.get("/sign-in")
    fields = key.use(given(page), ORIGIN)
    other = second.get("/sign-in")
    assert post(second, other, "/sign-in/passkey", fields).status == 401, "another browser's"
    assert signed_in(post(first, page, "/sign-in/passkey", fields))
    first.cookies.pop("__Host-hale")
    assert post(first, page, "/sign-in/passkey", fields).status == 401, "a second time"
    page = browser.get("/account/passkey")
    fields = key.use(given(page), ORIGIN)
    login = first.get("/sign-in")
    assert post(first, login, "/sign-in/passkey", fields).status == 401, "of another purpose"


def a_copy_of_an_authenticator_is_noticed():
    browser, key = member("copied"), Authenticator()
    make(browser, key)
    assert signed_in(use(Browser(server.port), key))
    key.count -= 2
    assert use(Browser(server.port), key).status == 401, "the count stood still"
    key.count = 0
    assert use(Browser(server.port), key).status == 401, "the count went back to nought"


def who_has_not_proved_it_lately_makes_none():
    if not CAN_MOVE_TIME:
        skip("the clock cannot be moved")
    browser, key = member("late"), Authenticator()
    page = browser.get("/account/passkey")
    fields = key.make(given(page), ORIGIN)
    server.later(6 * 60)
    try:
        answer = post(browser, page, "/account/passkey", fields, name="x")
        assert answer.header("location") == "/account/prove", (answer.status, answer.body)
    finally:
        server.later(0)


# ---- the page ----

def the_page_is_of_use_without_script():
    page = Browser(server.port).get("/sign-in")
    form = re.search(r'<form[^>]*id="passkey"[^>]*>', page.body)[0]
    assert " hidden" in form
    assert page.body.count("<script") == 1 and '<script src="/passkey.js"></script>' in page.body
    policy = page.header("content-security-policy")
    assert "script-src 'self';" in policy and "unsafe" not in policy and "default-src 'none'" in policy
    script = Browser(server.port).get("/passkey.js")
    assert script.status == 200 and script.header("content-type").startswith("text/javascript")
    assert "innerHTML" not in script.body and "eval" not in script.body


def without_a_name_none_are_offered():
    plain = Server(PROGRAM)
    try:
        page = Browser(plain.port).get("/sign-in")
        assert "passkey" not in page.body and "script" not in page.header("content-security-policy")
    finally:
        plain.close()


# ---- a real browser ----

def fill(browser, **fields):
    for name, value in fields.items():
        browser.run(f"document.getElementsByName('{name}')[0].value = {json.dumps(value)}")


def a_real_browser_makes_and_uses_one():
    if not chromium.found():
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = Server(PROGRAM, "--base-url", f"http://localhost:{port}", port=port)
    browser = None
    try:
        browser = chromium.Chromium()
        link = hale(PROGRAM, "user", "add", "real", "--role", "patient", "--linked", "Patient/1",
                    "--data", own.folder)
        browser.ask("WebAuthn.enable")
        browser.ask("WebAuthn.addVirtualAuthenticator",
                    options={"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                             "hasUserVerification": True, "isUserVerified": True,
                             "automaticPresenceSimulation": True})
        browser.open(link)
        browser.wait("document.getElementsByName('new')[0]")
        fill(browser, new=PASSWORD, again=PASSWORD)
        browser.run("document.querySelector('main form button').click()")
        browser.wait("location.pathname === '/sign-in' && document.querySelector('.done')")
        fill(browser, name="real", password=PASSWORD)
        browser.run("document.querySelector('main form button').click()")
        browser.wait("location.pathname === '/account'")
        browser.open(f"http://localhost:{port}/account/passkey")
        browser.wait("document.getElementById('passkey') && !document.getElementById('passkey').hidden")
        browser.run("document.querySelector('#passkey button').click()")
        browser.wait("location.pathname === '/account' && document.body.innerText.includes('This computer')")
        browser.run("document.querySelector('form[action=\"/sign-out\"] button').click()")
        browser.wait("location.pathname === '/sign-in'")
        browser.wait("!document.getElementById('passkey').hidden")
        browser.run("document.querySelector('#passkey button').click()")
        browser.wait("location.pathname === '/account' && document.body.innerText.includes('last used')")
    finally:
        if browser:
            browser.close()
        own.close()


TESTS = [
    a_passkey_is_made_and_signs_in, one_that_does_not_count_is_good_too, extensions_are_passed_over,
    it_is_the_second_step_too_and_a_fresh_proof, anothers_is_no_proof_of_mine,
    one_that_is_taken_away_is_dead, it_dies_with_its_login_and_with_a_reset_of_the_second_factor,
    forged_new_ones_are_refused, a_key_with_a_label_twice_is_refused, forged_uses_are_refused,
    fields_that_are_changed_are_refused, a_challenge_is_good_once_and_for_one_browser,
    a_copy_of_an_authenticator_is_noticed, who_has_not_proved_it_lately_makes_none,
    the_page_is_of_use_without_script, without_a_name_none_are_offered,
    a_real_browser_makes_and_uses_one,
]


def main():
    global server
    server = Server(PROGRAM, "--behind-proxy", "--base-url", ORIGIN)
    try:
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
