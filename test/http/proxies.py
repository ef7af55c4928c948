"""proxies.py PROGRAM [WORD…]: people who use the records of others in their name.

Several patients for one login, switches, first and last days; on a live server, through an app.
Issue item 1.
"""

import datetime
import re
import sys
import time

import smart
from live import CAN_MOVE_TIME, Server, run, skip
from person import Browser, hale
from smart import App, consent, fhir, ids

PROGRAM = sys.argv[1]
PASSWORD = "four plain words here"
EVERY = "launch/patient patient/*.cruds offline_access"
server = None
patients = []
app = None


def prepare():
    global app
    owner = server.token("system/*.cruds")
    for name in ("one", "two", "three"):
        number = fhir(owner, "Patient", "POST", {"resourceType": "Patient",
                                                 "name": [{"family": name}]})[1]["id"]
        patients.append(number)
        whose = {"reference": "Patient/" + number}
        for body in (
                {"resourceType": "Observation", "status": "final", "code": {"text": "weight"},
                 "subject": whose},
                {"resourceType": "Appointment", "status": "proposed",
                 "participant": [{"actor": whose, "status": "accepted"}]},
                {"resourceType": "Invoice", "status": "issued", "subject": whose},
                {"resourceType": "Communication", "status": "completed", "subject": whose},
                {"resourceType": "QuestionnaireResponse", "status": "completed", "subject": whose}):
            assert fhir(owner, body["resourceType"], "POST", body)[0] == 201
    said = hale(PROGRAM, "client", "add", "--name", "Family", "--redirect", smart.BACK, "--scope",
                EVERY, "--data", server.folder)
    app = App(said.split()[1])


def user(*words):
    return hale(PROGRAM, "user", *words, "--data", server.folder)


def proxy(name, *more):
    browser = Browser(server.port)
    browser.take_up(user("add", name, "--role", "proxy", "--linked", "RelatedPerson/1", *more), PASSWORD)
    assert browser.sign_in(name, PASSWORD).status == 200
    return browser


def ask(browser, **more):
    return browser.get(app.question(EVERY, **more))


def tokens(browser, **more):
    page = consent(browser, ask(browser, **more))
    status, given, _ = app.spend(smart.answer_of(page)["code"])
    assert status == 200, given
    return given


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)).strftime("%Y-%m-%d")


def error_of(page):
    return smart.answer_of(page).get("error")


# ---- several records ----

def one_record_at_a_time_is_chosen():
    browser = proxy("mother", "--patient", patients[0])
    assert tokens(browser)["patient"] == patients[0]
    user("allow", "mother", "--patient", patients[1])
    page = ask(browser)
    assert "/oauth2/consent" not in page.body, "nothing was chosen yet"
    links = re.findall(r"record=([\w-]+)\"", page.body)
    assert links == patients[:2], links
    for mine, other in ((0, 1), (1, 0)):
        given = tokens(browser, record=patients[mine])
        assert given["patient"] == patients[mine]
        token = given["access_token"]
        assert fhir(token, "Patient/" + patients[mine])[0] == 200
        assert fhir(token, "Patient/" + patients[other])[0] == 404
        seen = ids(fhir(token, "Observation")[1]) | ids(fhir(token, "Patient")[1])
        assert len(seen) == 2 and "Patient/" + patients[mine] in seen, seen


def a_record_that_is_not_open_cannot_be_chosen():
    browser = proxy("nosy", "--patient", patients[0])
    user("allow", "nosy", "--patient", patients[1])
    assert error_of(ask(browser, record=patients[2])) == "invalid_scope"
    page = ask(browser, record=patients[0])
    page.body = page.body.replace(f"record={patients[0]}", f"record={patients[2]}")
    assert error_of(consent(browser, page)) == "access_denied"
    only = proxy("nosy.too", "--patient", patients[0])
    assert error_of(ask(only, record=patients[2])) == "invalid_scope"


def a_choice_is_no_ones_but_a_proxys():
    link = user("add", "self", "--role", "patient", "--linked", "Patient/" + patients[0])
    browser = Browser(server.port)
    browser.take_up(link, PASSWORD)
    browser.sign_in("self", PASSWORD)
    assert tokens(browser, record=patients[1])["patient"] == patients[0]


# ---- switches ----

TYPES = {"see": "Observation", "book": "Appointment", "pay": "Invoice", "message": "Communication",
         "forms": "QuestionnaireResponse"}


def each_switch_opens_its_types_and_no_other():
    for word, type in TYPES.items():
        browser = proxy(f"only.{word}", "--patient", patients[0], "--may", word)
        given = tokens(browser)
        for other in TYPES.values():
            status, found = fhir(given["access_token"], other)
            assert status == (200 if other == type else 403), (word, other, status)
            if other == type:
                assert len(ids(found)) == 1, (word, found)
        assert f"patient/{type}.rs" in given["scope"].split(), given["scope"]
        assert fhir(given["access_token"], "Patient/" + patients[0])[0] == 200
        path = f"Patient/{patients[0]}?_revinclude=Observation:subject" if word != "see" else "Patient"
        found = fhir(given["access_token"], path.replace(f"/{patients[0]}?", "?"))[1]
        assert word == "see" or not any(r.startswith("Observation") for r in ids(found or {})), word


def a_switch_that_is_turned_off_is_off_for_tokens_there_are():
    browser = proxy("switched", "--patient", patients[0])
    token = tokens(browser)["access_token"]
    assert fhir(token, "Observation")[0] == 200
    user("allow", "switched", "--patient", patients[0], "--may", "book,pay")
    time.sleep(1.1)
    assert fhir(token, "Observation")[0] == 403 and fhir(token, "Invoice")[0] == 200


def a_record_that_is_withdrawn_is_closed_at_once():
    browser = proxy("former", "--patient", patients[0])
    user("allow", "former", "--patient", patients[1])
    given, kept = tokens(browser, record=patients[0]), tokens(browser, record=patients[1])
    user("withdraw", "former", "--patient", patients[0])
    time.sleep(1.1)
    assert fhir(given["access_token"], "Patient/" + patients[0])[0] in (401, 403, 404)
    assert fhir(given["access_token"], "Observation")[0] in (401, 403)
    assert app.refresh(given["refresh_token"])[0] == 400
    assert fhir(kept["access_token"], "Patient/" + patients[1])[0] == 200
    user("withdraw", "former", "--patient", patients[1])
    assert error_of(ask(browser)) == "invalid_scope"


# ---- days ----

def what_has_not_begun_or_is_over_is_not_open():
    for name, days in (("early", ("--from", day(2))), ("past", ("--until", day(-2)))):
        browser = proxy(name, "--patient", patients[0], *days)
        assert error_of(ask(browser)) == "invalid_scope", name


def a_record_opens_and_closes_on_its_days():
    if not CAN_MOVE_TIME:
        skip("the clock cannot be moved")
    browser = proxy("days", "--patient", patients[0], "--from", day(0), "--until", day(0))
    given = tokens(browser)
    assert fhir(given["access_token"], "Observation")[0] == 200
    server.later(24 * 3600)
    try:
        assert app.refresh(given["refresh_token"])[0] == 400, "it is over"
        browser.sign_in("days", PASSWORD)
        assert error_of(ask(browser)) == "invalid_scope"
    finally:
        server.later(0)


def the_list_says_what_is_open():
    proxy("listed", "--patient", patients[0], "--may", "see,book", "--until", "2031-01-31")
    user("allow", "listed", "--patient", patients[1], "--from", "2030-01-01")
    line = next(l for l in user("list").splitlines() if l.startswith("listed "))
    assert f"{patients[0]}: see,book until 2031-01-31" in line, line
    assert f"{patients[1]}: see,book,forms,message,pay,consent from 2030-01-01" in line, line


def wrong_orders_are_refused():
    import subprocess
    proxy("orders", "--patient", patients[0])
    user("add", "somebody", "--role", "biller")
    for words in (["allow", "orders", "--patient", "7", "--may", "all"],
                  ["allow", "orders", "--patient", "7", "--until", "soon"],
                  ["allow", "orders", "--patient", "7", "--from", "2030-02-01", "--until", "2030-01-01"],
                  ["allow", "orders"], ["allow", "somebody", "--patient", "7"],
                  ["withdraw", "orders", "--patient", "no.such"], ["allow", "nobody.at.all", "--patient", "7"]):
        done = subprocess.run([PROGRAM, "user", *words, "--data", server.folder],
                              capture_output=True, text=True)
        assert done.returncode in (1, 2) and done.stderr.count("\n") == 1, (words, done)


TESTS = [
    one_record_at_a_time_is_chosen, a_record_that_is_not_open_cannot_be_chosen,
    a_choice_is_no_ones_but_a_proxys, each_switch_opens_its_types_and_no_other,
    a_switch_that_is_turned_off_is_off_for_tokens_there_are,
    a_record_that_is_withdrawn_is_closed_at_once, what_has_not_begun_or_is_over_is_not_open,
    a_record_opens_and_closes_on_its_days, the_list_says_what_is_open, wrong_orders_are_refused,
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
