"""account.py PROGRAM [WORD…]: people look after their own logins on a live server.

Passwords, second factors, recovery codes, browsers, and the fresh proof that some of it needs.
Issue items 1 and 7; ASVS 6.2, 7.4, 7.5.
"""

import re
import sys
import time

from live import CAN_MOVE_TIME, Server, run
from person import Browser, hale, totp

PROGRAM = sys.argv[1]
PASSWORD = "four plain words here"
OTHER = "five other words in a row"
server = None


def member(name, role="practitioner", *more):
    """A login with its password set, and a browser that has signed in."""
    link = hale(PROGRAM, "user", "add", name, "--role", role, *more, "--data", server.folder)
    browser = Browser(server.port)
    browser.take_up(link, PASSWORD)
    assert browser.sign_in(name, PASSWORD).status == 200
    return browser


def second_browser(first, name, password=PASSWORD):
    """Another browser of the same person, signed in."""
    other = Browser(server.port)
    other.totp_key, other.last_step = first.totp_key, first.last_step
    other.cookies["__Host-hale-device"] = first.cookies["__Host-hale-device"]
    assert other.sign_in(name, password).status == 200
    first.last_step = other.last_step
    return other


def is_in(browser):
    return browser.get("/account").status == 200


# ---- the password ----

def a_password_is_changed_by_who_knows_the_old_one():
    browser = member("changer", "patient", "--linked", "Patient/1")
    before = browser.cookies["__Host-hale"]
    page = browser.get("/account/password")
    wrong = browser.send(page, "/account/password", password="not this one", new=OTHER, again=OTHER)
    assert wrong.status == 401 and OTHER not in wrong.body
    done = browser.send(page, "/account/password", password=PASSWORD, new=OTHER, again=OTHER)
    assert done.status == 303, done.body
    assert "changed" in browser.follow(done).body
    assert browser.cookies["__Host-hale"] != before, "the session kept its secret"
    fresh = Browser(server.port)
    assert fresh.give_password("changer", PASSWORD).status == 401
    assert fresh.give_password("changer", OTHER).status == 303


def a_weak_new_password_is_refused():
    browser = member("weakling", "patient", "--linked", "Patient/1")
    page = browser.get("/account/password")
    for new, again in (("short", "short"), ("password1234", "password1234"),
                       ("weakling12345", "weakling12345"), (OTHER, OTHER + "!")):
        answer = browser.send(page, "/account/password", password=PASSWORD, new=new, again=again)
        assert answer.status == 422 and 'aria-invalid="true"' in answer.body, new
    assert Browser(server.port).give_password("weakling", PASSWORD).status == 303


def a_changed_password_signs_the_other_browsers_out():
    browser = member("many", "patient", "--linked", "Patient/1")
    other = second_browser(browser, "many")
    browser.send(browser.get("/account/password"), "/account/password", password=PASSWORD,
                 new=OTHER, again=OTHER)
    assert is_in(browser) and not is_in(other)


def guessing_the_old_password_is_slowed():
    browser = member("guessed", "patient", "--linked", "Patient/1")
    page = browser.get("/account/password")
    statuses = [browser.send(page, "/account/password", password=f"guess {i}", new=OTHER,
                             again=OTHER).status for i in range(8)]
    assert statuses[:5] == [401] * 5 and 429 in statuses, statuses


# ---- browsers ----

def the_browsers_are_listed_and_one_can_be_signed_out():
    browser = member("lists", "patient", "--linked", "Patient/1")
    other = second_browser(browser, "lists")
    page = browser.get("/account")
    assert page.body.count("last seen") == 2 and "this one" in page.body
    assert browser.send(page, "/account/session").status == 303
    assert is_in(browser) and not is_in(other)
    assert browser.get("/account").body.count("last seen") == 1


def nobody_signs_out_the_browsers_of_others():
    browser = member("mine", "patient", "--linked", "Patient/1")
    second_browser(browser, "mine")
    fields = browser.get("/account").form("/account/session")[1]
    stranger = member("stranger", "patient", "--linked", "Patient/2")
    own = stranger.get("/account").form("/sign-out")[1]
    for session in (fields["session"], "0" * 64, "x", ""):
        page = stranger.request("POST", "/account/session", {**own, "session": session})
        assert page.status == 404, (session, page.status)
    assert browser.get("/account").body.count("last seen") == 2


def what_a_browser_calls_itself_does_no_harm():
    browser = member("agent", "patient", "--linked", "Patient/1")
    page = browser.request("POST", "/sign-out", browser.get("/account").form("/sign-out")[1])
    page = browser.get("/sign-in")
    target, fields = page.form()
    fields.update(name="agent", password=PASSWORD)
    browser.request("POST", target, fields, {"User-Agent": "<b>\xe9" + "x" * 900})
    page = browser.get("/account")
    assert page.status == 200 and "<b>" not in page.body and "\xe9" not in page.body
    assert "&lt;b&gt;" in page.body and "x" * 300 not in page.body


# ---- the second factor ----

def another_telephone_takes_the_place_of_the_first():
    browser = member("phone")
    other = second_browser(browser, "phone")
    page = browser.get("/sign-in/setup")
    assert page.status == 200, "just signed in: no further proof is needed"
    first = browser.totp_key
    page = browser.set_up(page)
    assert "recovery" in page.body and browser.totp_key != first
    assert is_in(browser) and not is_in(other)
    again = Browser(server.port)
    again.totp_key = first
    assert again.send(again.follow(again.give_password("phone", PASSWORD)),
                      code=again.code()).status == 401


def the_key_is_shown_as_a_picture_too():
    link = hale(PROGRAM, "user", "add", "picture", "--role", "biller", "--data", server.folder)
    browser = Browser(server.port)
    browser.take_up(link, PASSWORD)
    page = browser.follow(browser.give_password("picture", PASSWORD))
    picture = re.search(r'<svg class="qr" role="img" aria-label="[^"]+" viewBox="0 0 (\d+) \1">'
                        r'<path fill="#fff" d="M0 0h\1v\1h-\1z"/>'
                        r'<path fill="#000" d="((?:M\d+ \d+h\d+v1h-\d+z)+)"/></svg>', page.body)
    assert picture, page.body
    side, dark = int(picture[1]), set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v", picture[2]):
        dark |= {(int(x) + i, int(y)) for i in range(int(width))}
    for left, top in ((4, 4), (side - 11, 4), (4, side - 11)):
        eye = ["".join("#" if (left + x, top + y) in dark else " " for x in range(7))
               for y in range(7)]
        assert eye == ["#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"]
    assert "style=" not in page.body


def new_recovery_codes_end_the_old_ones():
    link = hale(PROGRAM, "user", "add", "codes", "--role", "biller", "--data", server.folder)
    browser = Browser(server.port)
    browser.take_up(link, PASSWORD)
    page = browser.set_up(browser.follow(browser.give_password("codes", PASSWORD)))
    old = re.findall(r"<code>([a-z0-9-]{19})</code>", page.body)
    page = browser.send(browser.get("/account/recovery"), "/account/recovery")
    new = re.findall(r"<code>([a-z0-9-]{19})</code>", page.body)
    assert len(set(new)) == 10 and not set(new) & set(old)
    assert "10 left" in browser.get("/account").body
    other = Browser(server.port)
    assert other.send(other.follow(other.give_password("codes", PASSWORD)), code=old[0]).status == 401
    assert other.send(other.follow(other.give_password("codes", PASSWORD)), code=new[0]).status == 303
    assert "9 left" in browser.get("/account").body


def patients_may_do_without_staff_may_not():
    patient = member("without", "patient", "--linked", "Patient/3")
    patient.set_up(patient.get("/sign-in/setup"))
    assert "/account/second-step/end" in patient.get("/account").body
    page = patient.get("/account/second-step/end")
    assert patient.send(page, "/account/second-step/end").status == 303
    assert Browser(server.port).give_password("without", PASSWORD).header("location") == "/account"
    staff = member("with")
    assert "/account/second-step/end" not in staff.get("/account").body
    page = staff.get("/account/second-step/end")
    assert staff.send(page, "/account/second-step/end").status == 403


# ---- the fresh proof ----

FRESH = ["/account/recovery", "/account/second-step/end", "/sign-in/setup"]


def later(test):
    """A test in which time passes; the clock goes back to what it was afterwards."""
    def moved():
        if CAN_MOVE_TIME:
            try:
                test()
            finally:
                server.later(0)
    moved.__name__ = test.__name__
    return moved


@later
def what_is_sensitive_asks_again_after_a_while():
    browser = member("stale")
    fields = browser.get("/account").form("/sign-out")[1]
    server.later(6 * 60)
    assert is_in(browser), "the session itself is still good"
    for page in FRESH:
        answer = browser.get(page)
        assert answer.status == 303, page
        assert answer.header("location").startswith("/account/prove?next=%2F"), page
        answer = browser.request("POST", page, {**fields, "code": "000000"})
        assert answer.header("location") == "/account/prove", page
    before = browser.cookies["__Host-hale"]
    page = browser.get("/account/prove?next=%2Faccount%2Frecovery")
    assert browser.send(page, "/account/prove", code="000000").status == 401
    assert browser.get("/account/recovery").status == 303, "a wrong code proved something"
    page = browser.send(page, "/account/prove", code=totp(browser.totp_key,
                                                          int(time.time() + 360) // 30))
    assert page.status == 303 and page.header("location") == "/account/recovery"
    assert browser.cookies["__Host-hale"] != before, "the session kept its secret"
    assert browser.get("/account/recovery").status == 200
    browser.cookies["__Host-hale"] = before
    assert not is_in(browser), "the session of before lives on"


@later
def who_has_a_password_only_proves_it_with_that():
    browser = member("plain", "patient", "--linked", "Patient/4")
    server.later(6 * 60)
    page = browser.follow(browser.get("/account/second-step/end"))
    assert browser.send(page, "/account/prove", password="not this one").status == 401
    page = browser.send(page, "/account/prove", password=PASSWORD)
    assert page.header("location") == "/account/second-step/end"


@later
def sessions_end_after_silence_and_after_half_a_day():
    staff = member("silent")
    patient = member("silent.patient", "patient", "--linked", "Patient/4")
    server.later(16 * 60)
    assert not is_in(staff) and is_in(patient)
    server.later((16 + 31) * 60)
    assert not is_in(patient)
    server.later(0)
    busy = member("busy")
    for minutes in range(14, 12 * 60, 14):
        server.later(minutes * 60)
        assert is_in(busy), minutes
    page = busy.get("/account/prove")
    busy.send(page, "/account/prove", code=totp(busy.totp_key, int(time.time() + minutes * 60) // 30))
    assert is_in(busy)
    server.later(12 * 3600 + 60)
    assert not is_in(busy), "proving it again made the session younger"


TESTS = [
    a_password_is_changed_by_who_knows_the_old_one, a_weak_new_password_is_refused,
    a_changed_password_signs_the_other_browsers_out, guessing_the_old_password_is_slowed,
    the_browsers_are_listed_and_one_can_be_signed_out, nobody_signs_out_the_browsers_of_others,
    what_a_browser_calls_itself_does_no_harm, another_telephone_takes_the_place_of_the_first,
    the_key_is_shown_as_a_picture_too, new_recovery_codes_end_the_old_ones,
    patients_may_do_without_staff_may_not, what_is_sensitive_asks_again_after_a_while,
    who_has_a_password_only_proves_it_with_that, sessions_end_after_silence_and_after_half_a_day,
]


def main():
    global server
    server = Server(PROGRAM, "--behind-proxy")
    try:
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
