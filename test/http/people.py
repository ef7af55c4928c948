"""people.py PROGRAM [WORD…]: people sign in to a live server, and others try to.

Logins, one-time links, second factors, sessions, forms. Issue items 1, 7, 8; security 1.4, B9.
"""

import concurrent.futures
import json
import os
import re
import sys
import time
import urllib.parse

from live import Server, run
from person import Browser, hale, totp

PROGRAM = sys.argv[1]
PASSWORD = "four plain words here"
server = None


def add(name, role="practitioner", *more):
    return hale(PROGRAM, "user", "add", name, "--role", role, *more, "--data", server.folder)


def member(name, role="practitioner", *more):
    """A login with its password set, and a browser that has not signed in."""
    browser = Browser(server.port)
    browser.take_up(add(name, role, *more), PASSWORD)
    return browser


def location(page):
    assert page.status == 303, (page.status, page.body)
    return page.header("location")


# ---- the first login ----

def the_first_login_is_made_by_a_link_that_the_start_prints():
    fresh = Server(PROGRAM)
    try:
        said = fresh.process.stdout.readline()
        link = re.search(r"http://\S+/welcome\?link=[\w-]{43}$", said.strip())
        assert link, said
        browser = Browser(fresh.port)
        browser.take_up(link[0], PASSWORD, name="Ada")
        assert "administrator" in browser.sign_in("ada", PASSWORD).body
        again = Browser(fresh.port)
        page = again.send(again.get("/sign-in"), name="x", password=PASSWORD)
        assert page.status == 401
        target = "/welcome?link=" + link[0].partition("link=")[2]
        page = again.get(target)
        if page.status == 200:
            page = again.send(page, name="eve", new=PASSWORD, again=PASSWORD)
        assert page.status == 404, page.status
        assert fresh.stop() == 0
        second = Server(PROGRAM, folder=fresh.folder)
        second.stop()
        assert "welcome" not in second.log_text()
    finally:
        fresh.close()


def two_cannot_both_be_the_first():
    fresh = Server(PROGRAM)
    try:
        link = re.search(r"/welcome\?link=\S+", fresh.process.stdout.readline())[0]
        browsers = [Browser(fresh.port) for _ in range(6)]
        pages = [b.get(link) for b in browsers]

        def attempt(i):
            return browsers[i].send(pages[i], name=f"admin{i}", new=PASSWORD,
                                    again=PASSWORD).status

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            statuses = sorted(pool.map(attempt, range(6)))
        assert statuses == [303] + [404] * 5, statuses
    finally:
        fresh.close()


# ---- links ----

def a_link_is_good_once():
    link = add("once")
    target = "/welcome?" + link.partition("?")[2]
    browsers = [Browser(server.port) for _ in range(6)]
    pages = [b.get(target) for b in browsers]
    assert all(p.status == 200 for p in pages)

    def attempt(i):
        return browsers[i].send(pages[i], new=PASSWORD, again=PASSWORD).status

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(attempt, range(6)))
    assert statuses == [303] + [404] * 5, statuses
    assert Browser(server.port).get(target).status == 404


def a_link_that_was_made_up_opens_nothing():
    assert Browser(server.port).get("/welcome?link=" + "A" * 43).status == 404
    assert Browser(server.port).get("/welcome").status == 404


def weak_passwords_are_refused_with_the_reason_at_their_field():
    browser = Browser(server.port)
    target = "/welcome?" + add("weak.one").partition("?")[2]
    for password in ("short", "password1234", "qwertyuiop123", "Dragon!!!!!!2024", "aaaaaaaaaaaaaa",
                     "123456789012345", "passwordpassword", "weak.one12345", "x" * 300):
        page = browser.send(browser.get(target), new=password, again=password)
        assert page.status == 422, (password, page.status)
        assert 'aria-invalid="true"' in page.body and 'id="new-fault"' in page.body
        assert password not in page.body, "a password came back in a page"
    page = browser.send(browser.get(target), new=PASSWORD, again=PASSWORD + "!")
    assert page.status == 422 and 'id="again-fault"' in page.body
    assert browser.send(browser.get(target), new=PASSWORD, again=PASSWORD).status == 303


def a_reset_ends_the_sessions_and_the_old_password():
    browser = member("reset.me")
    assert browser.sign_in("reset.me", PASSWORD).status == 200
    old_link = hale(PROGRAM, "user", "reset", "reset.me", "--data", server.folder)
    link = hale(PROGRAM, "user", "reset", "reset.me", "--data", server.folder)
    assert location(browser.get("/account")).startswith("/sign-in")
    assert browser.give_password("reset.me", PASSWORD).status == 401
    assert browser.get("/welcome?" + old_link.partition("?")[2]).status == 404
    browser.take_up(link, "another set of words")
    page = browser.give_password("reset.me", "another set of words")
    assert location(page).startswith("/sign-in/code"), "the second factor was lost in a reset"


# ---- signing in ----

def staff_must_set_up_a_second_factor():
    browser = member("second")
    page = browser.give_password("second", PASSWORD)
    assert location(page) == "/sign-in/setup"
    assert location(browser.get("/account")).startswith("/sign-in"), "half a session opened a page"
    page = browser.set_up(browser.follow(page))
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", page.body)
    assert len(set(codes)) == 10
    assert browser.get("/account").status == 200


def a_wrong_code_does_not_set_up_anything():
    browser = member("wrong.code")
    page = browser.follow(browser.give_password("wrong.code", PASSWORD))
    assert browser.send(page, code="000000").status == 401
    assert location(browser.give_password("wrong.code", PASSWORD)) == "/sign-in/setup"


def a_patient_may_do_without_a_second_factor():
    browser = member("anne", "patient", "--linked", "Patient/7")
    page = browser.sign_in("anne", PASSWORD)
    assert page.status == 200 and "Patient/7" in page.body


def a_code_is_good_once_however_many_send_it():
    browser = member("replay")
    browser.sign_in("replay", PASSWORD)
    others = []
    for _ in range(5):
        other = Browser(server.port)
        other.cookies["__Host-hale-device"] = browser.cookies["__Host-hale-device"]
        others.append((other, other.follow(other.give_password("replay", PASSWORD))))
    code = browser.code()
    # One of a burst is tried at a time: more than five tries in a row would have to wait.
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        statuses = sorted(pool.map(lambda o: o[0].send(o[1], code=code).status, others))
    assert statuses.count(303) == 1, statuses
    assert set(statuses) <= {303, 401, 429}, statuses


def a_recovery_code_is_good_once():
    browser = member("recover")
    page = browser.set_up(browser.follow(browser.give_password("recover", PASSWORD)))
    code = re.findall(r"<code>([a-z0-9-]{19})</code>", page.body)[3]
    other = Browser(server.port)
    step = other.follow(other.give_password("recover", PASSWORD))
    assert location(other.send(step, code=code.upper())) == "/account"
    step = other.follow(other.give_password("recover", PASSWORD))
    assert other.send(step, code=code).status == 401


def the_session_changes_at_each_step():
    browser = member("rotate")
    browser.sign_in("rotate", PASSWORD)
    browser.request("POST", "/sign-out", {**browser.get("/account").form("/sign-out")[1]})
    assert "__Host-hale" not in browser.cookies
    browser.cookies["__Host-hale"] = fixed = "A" * 43
    page = browser.give_password("rotate", PASSWORD)
    half = browser.cookies["__Host-hale"]
    assert half != fixed
    browser.send(browser.follow(page), code=browser.code())
    full = browser.cookies["__Host-hale"]
    assert full not in (fixed, half)
    assert browser.get("/account").status == 200
    browser.cookies["__Host-hale"] = half
    assert browser.get("/account").status == 303, "the session of the step before lives on"


def signing_out_ends_the_session():
    browser = member("leaver", "patient", "--linked", "Patient/8")
    page = browser.sign_in("leaver", PASSWORD)
    stolen = browser.cookies["__Host-hale"]
    assert location(browser.send(page, "/sign-out")) == "/sign-in"
    browser.cookies["__Host-hale"] = stolen
    assert browser.get("/account").status == 303


def a_disabled_login_is_out_at_once():
    browser = member("gone", "patient", "--linked", "Patient/9")
    assert browser.sign_in("gone", PASSWORD).status == 200
    hale(PROGRAM, "user", "disable", "gone", "--data", server.folder)
    assert browser.get("/account").status == 303
    assert browser.give_password("gone", PASSWORD).status == 401
    hale(PROGRAM, "user", "enable", "gone", "--data", server.folder)
    assert browser.get("/account").status == 303, "enabling revived an old session"
    assert browser.give_password("gone", PASSWORD).status == 303


# ---- whoever should not ----

def masked(page):
    return re.sub(r'(name="form" value|name="name"[^>]* value)="[^"]*"', "", page.body)


def nobody_is_told_whether_a_login_exists():
    member("exists")
    answers, times = {}, {"exists": [], "absent": []}
    for i in range(4):
        for kind, name in (("exists", "exists"), ("absent", f"absent{i}")):
            browser = Browser(server.port)
            page = browser.get("/sign-in")
            began = time.monotonic()
            page = browser.send(page, name=name, password="no such password")
            times[kind].append(time.monotonic() - began)
            assert page.status == 401
            answers[kind] = (masked(page), sorted(k for k, _ in page.headers))
    assert answers["exists"] == answers["absent"]
    ratio = sorted(times["absent"])[1] / sorted(times["exists"])[1]
    assert 0.5 < ratio < 2, ratio


def guessing_is_slowed_and_the_owner_is_not_locked_out():
    owner = member("target", "patient", "--linked", "Patient/10")
    owner.sign_in("target", PASSWORD)
    attacker = Browser(server.port)
    page = attacker.get("/sign-in")
    statuses = [attacker.send(page, name="target", password=f"guess number {i}").status
                for i in range(12)]
    assert statuses[:5] == [401] * 5, statuses
    assert 429 in statuses[5:7], statuses
    last = attacker.send(page, name="target", password=PASSWORD)
    assert last.status == 429 and int(last.header("retry-after")) >= 1
    assert owner.give_password("target", PASSWORD).status == 303, "the owner is locked out"
    page = attacker.send(page, name="nobody.at.all", password="x")
    assert page.status == 401


def forms_of_others_are_refused():
    browser = member("forms", "patient", "--linked", "Patient/11")
    page = browser.sign_in("forms", PASSWORD)
    target, fields = page.form("/sign-out")
    stranger = Browser(server.port)
    strange = stranger.get("/sign-in").form()[1]
    for bad, headers in ((dict(fields, form="A" * 43), {}), ({}, {}), (strange, {}),
                         (fields, {"Sec-Fetch-Site": "cross-site"}),
                         (fields, {"Sec-Fetch-Site": "same-site"}),
                         (fields, {"Origin": "https://evil.example"})):
        assert browser.request("POST", target, bad, headers).status == 403, (bad, headers)
    assert browser.get("/account").status == 200
    assert browser.request("POST", target, fields, {"Origin": "null"}).status == 303


def pages_carry_the_headers_that_protect_them():
    browser = Browser(server.port)
    for target in ("/sign-in", "/welcome?link=x"):
        page = browser.get(target)
        policy = page.header("content-security-policy")
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, policy
        assert "script" not in policy and "unsafe" not in policy
        assert page.header("x-frame-options") == "DENY"
        assert page.header("cache-control") == "no-store"
        assert page.header("x-content-type-options") == "nosniff"
        assert page.header("referrer-policy") == "no-referrer"
        assert "<script" not in page.body and "style=" not in page.body


def nowhere_else_is_gone_to():
    browser = member("next", "patient", "--linked", "Patient/12")
    for bad in ("https://evil.example/", "//evil.example/", "/\\evil.example", "/fhir/Patient",
                "/oauth2/authorize", "/oauth2/authorize?x\r\nSet-Cookie: a=b", "javascript:x"):
        page = browser.give_password("next", PASSWORD, next=bad)
        assert location(page) == "/account", (bad, location(page))


def the_pages_speak_french():
    french = Browser(server.port, language="fr-CA,en;q=0.5")
    page = french.get("/sign-in")
    assert '<html lang="fr">' in page.body and "Mot de passe" in page.body
    page = french.get("/sign-in?lang=en")
    assert '<html lang="en">' in page.body
    assert '<html lang="en">' in french.get("/sign-in").body, "the choice was forgotten"


def what_is_typed_comes_back_as_text():
    browser = Browser(server.port)
    page = browser.send(browser.get("/sign-in"), name='"><b>x</b>', password="y")
    assert "<b>x" not in page.body and "&lt;b&gt;" in page.body
    page = browser.get("/sign-in?next=" + urllib.parse.quote('"><script>'))
    assert "<script" not in page.body


# ---- the command line and the audit ----

def the_commands_work_with_and_without_a_server():
    other = Server(PROGRAM)
    try:
        folder = other.folder
        hale(PROGRAM, "user", "add", "with", "--role", "biller", "--data", folder)
        other.stop()
        hale(PROGRAM, "user", "add", "without", "--role", "front-desk", "--data", folder)
        said = hale(PROGRAM, "user", "list", "--data", folder)
        assert re.search(r"^with +biller +invited", said, re.M), said
        assert re.search(r"^without +front-desk +invited", said, re.M), said
    finally:
        other.close()


def wrong_orders_are_refused_in_one_sentence():
    import subprocess
    for words in (["add", "a b", "--role", "patient"], ["add", "x", "--role", "king"],
                  ["add", "x", "--role", "patient"], ["add", "x"], ["reset", "not.there"],
                  ["add", "x", "--role", "patient", "--linked", "Practitioner/1"],
                  ["add", "x", "--role", "proxy", "--linked", "RelatedPerson/1"],
                  ["add", "x", "--role", "biller", "--patient", "7"], ["crown", "x"], ["list", "x"]):
        done = subprocess.run([PROGRAM, "user", *words, "--data", server.folder],
                              capture_output=True, text=True)
        assert done.returncode in (1, 2) and done.stderr.count("\n") == 1, (words, done)


def secrets_are_in_no_log_and_every_try_is_in_the_audit():
    other = Server(PROGRAM)
    try:
        link = hale(PROGRAM, "user", "add", "kept", "--role", "practitioner", "--data", other.folder)
        browser = Browser(other.port)
        browser.take_up(link, PASSWORD)
        browser.give_password("kept", "not the password")
        browser.give_password("canary-name", "canary-password")
        browser.sign_in("kept", PASSWORD)
        code = totp(browser.totp_key, browser.last_step)
        secrets = [PASSWORD, "canary-name", "canary-password", link.partition("=")[2],
                   *browser.cookies.values(), "not the password"]
        other.stop()
        log = other.log_text()
        audit = hale(PROGRAM, "audit", "report", "--data", other.folder)
        for secret in secrets:
            assert secret not in log and secret not in audit, secret
        assert not re.search(rf'[ "]{code}[ "]', log + audit)
        details = [json.loads(line).get("detail", "") for line in audit.splitlines()]
        for wanted in ("login kept added as practitioner", "login kept: password set by link",
                       "unknown login: password refused", "login kept: password",
                       "login kept: second factor set up, signed in"):
            assert any(wanted in d for d in details), (wanted, details)
    finally:
        other.close()


TESTS = [
    the_first_login_is_made_by_a_link_that_the_start_prints, two_cannot_both_be_the_first,
    a_link_is_good_once, a_link_that_was_made_up_opens_nothing,
    weak_passwords_are_refused_with_the_reason_at_their_field,
    a_reset_ends_the_sessions_and_the_old_password, staff_must_set_up_a_second_factor,
    a_wrong_code_does_not_set_up_anything, a_patient_may_do_without_a_second_factor,
    a_code_is_good_once_however_many_send_it, a_recovery_code_is_good_once,
    the_session_changes_at_each_step, signing_out_ends_the_session, a_disabled_login_is_out_at_once,
    nobody_is_told_whether_a_login_exists,
    guessing_is_slowed_and_the_owner_is_not_locked_out, forms_of_others_are_refused,
    pages_carry_the_headers_that_protect_them, nowhere_else_is_gone_to, the_pages_speak_french,
    what_is_typed_comes_back_as_text, the_commands_work_with_and_without_a_server,
    wrong_orders_are_refused_in_one_sentence, secrets_are_in_no_log_and_every_try_is_in_the_audit,
]


def main():
    global server
    # Behind a proxy in tests, so that each browser may come from an address of its own.
    server = Server(PROGRAM, "--behind-proxy")
    try:
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
