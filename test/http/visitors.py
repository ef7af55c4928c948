"""visitors.py PROGRAM [WORD…]: people without an account book on the practice's page.

With a browser without script, and a mail server that keeps what it gets: what they see, what they get by
mail, and what is in the record afterwards.
"""

import concurrent.futures
import datetime
import html
import http.client
import json
import re
import sys
import tempfile
import threading

from live import CAN_MOVE_TIME, Server, run
from person import Browser
from post_office import PostOffice

PROGRAM = sys.argv[1]
RACERS = 100
server = office = desk = None


class Desk:
    def __init__(self):
        self.browser = Browser(server.port)
        self.headers = {"Authorization": "Bearer " + server.token(),
                        "Content-Type": "application/fhir+json"}

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request(method, "/fhir/" + path, json.dumps(body) if body else None, self.headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def put(self, resource):
        status, made = self.ask("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
        assert status in (200, 201), made
        return made

    def all(self, path):
        status, page = self.ask("GET", path)
        assert status == 200, page
        return [entry["resource"] for entry in page.get("entry", [])]


def service(name, title, **rules):
    online = [{"url": "enabled", "valueBoolean": True}]
    for key, value in rules.items():
        kind = {bool: "valueBoolean", int: "valueUnsignedInt", str: "valueCode"}[type(value)]
        online.append({"url": key.replace("_", "-"), kind: value})
    desk.put({"resourceType": "HealthcareService", "id": name, "name": title, "extension": [
        {"url": "urn:hale:service", "extension": [
            {"url": "duration", "valuePositiveInt": 30}, {"url": "online", "extension": online}]}]})


def role(who, services, hours=("09:00:00", "17:00:00")):
    desk.put({"resourceType": "Practitioner", "id": who, "name": [
        {"prefix": ["Dr."], "given": [who.title()], "family": "Roy"}]})
    desk.put({"resourceType": "PractitionerRole", "id": who + "-role",
              "practitioner": {"reference": "Practitioner/" + who},
              "organization": {"reference": "Organization/linden"},
              "location": [{"reference": "Location/clinic"}],
              "healthcareService": [{"reference": "HealthcareService/" + s} for s in services],
              "availableTime": [{"availableStartTime": hours[0], "availableEndTime": hours[1]}]})


def prepare():
    desk.put({"resourceType": "Organization", "id": "linden", "active": True,
              "name": "Linden <Street> Practice",
              "identifier": [{"system": "urn:hale:booking-page", "value": "linden"}],
              "telecom": [{"system": "phone", "value": "416-555-0100"}],
              "extension": [
                  {"url": "urn:hale:frame-ancestor", "valueUri": "https://linden.example"},
                  {"url": "urn:hale:frame-ancestor", "valueUri": "https://bad.example;script-src"}]})
    desk.put({"resourceType": "Organization", "id": "other", "active": True, "name": "Other",
              "identifier": [{"system": "urn:hale:booking-page", "value": "other"}]})
    desk.put({"resourceType": "Location", "id": "clinic", "name": "Clinic", "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "America/Toronto"}]})
    service("secretcare", "Psychotherapy session")
    service("asked", "Assessment", approval=True)
    service("late", "Massage", late_cancel=360 * 24 * 60)
    service("returning", "Follow-up", visitors="returning")
    service("one", "First visit", visitors="new", max_upcoming=1)
    service("race", "Race")
    role("ana", ["secretcare", "asked", "late", "returning", "one"])
    role("ben", ["race"])


def choices(page, name):
    return {html.unescape(text).split(" · ")[0]: value for value, text in re.findall(
        rf'name="{name}" value="([^"]*)"[^>]*>\s*<span>([^<]*)', page.body)}


def begin(title, browser=None, more="", days=3):
    """The page of times for that service, a few days from now."""
    browser = browser or Browser(server.port)
    first = browser.get("/book/linden?lang=en")
    assert first.status == 200, first.body
    key = choices(first, "s")[title]
    day = datetime.date.today() + datetime.timedelta(days=days)
    page = browser.get(f"/book/linden?lang=en&s={key}&p=&d={day}{more}")
    assert page.status == 200, page.body
    return browser, page


def times(page):
    return re.findall(r'name="time" value="([^"]*)"', page.body)


def hold(title, browser=None, number=0, days=3):
    browser, page = begin(title, browser, days=days)
    held = browser.send(page, time=times(page)[number])
    assert held.status == 200 and "family" in held.body, held.body
    return browser, page, held


def details(browser, held, mail, given="Ada", family="Lovelace", birth="1985-12-10", **more):
    return browser.send(held, given=given, family=family, birth=birth, mail=mail, phone="",
                        by="mail", **more)


def code_for(mail, number=1):
    return re.search(r"\b(\d{6})\b", office.wait(mail, number).get_content())[1]


def book(title, mail, number=0, days=3, **who):
    browser, _, held = hold(title, number=number, days=days)
    asked = details(browser, held, mail, **who)
    assert asked.status == 200 and "name=\"code\"" in asked.body, asked.body
    done = browser.send(asked, code=code_for(mail))
    return browser, asked, done


def link_in(mail, number=2):
    text = office.wait(mail, number).get_content()
    return re.search(r"https?://[^/]*(/book/\S+)", text)[1]


def visits(mail):
    patients = desk.all(f"Patient?email={mail}")
    return [visit for patient in patients
            for visit in desk.all(f"Appointment?patient=Patient/{patient['id']}")], patients


# ---- tests ----

def a_visitor_books_once_however_often_the_forms_are_sent():
    browser, page, held = hold("Psychotherapy session")
    first = times(page)[0]
    again = browser.send(page, time=first)
    assert again.status == 200, "a form that is sent again holds the same time"
    assert first not in times(begin("Psychotherapy session")[1]), "what is held is still offered"
    asked = details(browser, held, "ada@visitor.example")
    code = code_for("ada@visitor.example")
    assert visits("ada@visitor.example")[1] == [], "somebody is in the record before the code"
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: browser.send(asked, code=code), range(4)))
    assert all(page.status == 200 and "booked" in page.body for page in pages), pages[0].body
    found, patients = visits("ada@visitor.example")
    assert len(patients) == 1 and len(found) == 1 and found[0]["status"] == "booked", found
    assert patients[0]["name"][0]["family"] == "Lovelace"
    office.wait("ada@visitor.example", 2)
    browser.send(asked, code=code)
    assert len([m for m in office.messages if "ada@visitor" in str(m["To"])]) == 2, "mailed twice"


def nothing_about_health_is_in_addresses_or_subjects():
    browser, page, held = hold("Psychotherapy session", number=2)
    asked = details(browser, held, "quiet@visitor.example")
    browser.send(asked, code=code_for("quiet@visitor.example"))
    office.wait("quiet@visitor.example", 2)
    for one in (browser.get("/book/linden"), page, held, asked):
        for address in re.findall(r'(?:href|action)="([^"]*)"', one.body):
            assert not re.search("psycho|secretcare|ana|lovelace", address, re.I), address
    for message in office.messages:
        assert not re.search("psycho|linden|massage|dr", str(message["Subject"]), re.I)
        assert not re.search("psycho|secretcare|massage|ana ", message.get_content(), re.I)


def the_link_moves_the_visit_and_calls_it_off():
    mail = "mover@visitor.example"
    browser, _, done = book("Psychotherapy session", mail, number=4)
    stranger = Browser(server.port)
    shown = stranger.get(link_in(mail))
    assert shown.status == 200 and "Cancel" in shown.body, shown.body
    target = html.unescape(re.search(r'href="([^"]*move=1)"', shown.body)[1])
    day = datetime.date.today() + datetime.timedelta(days=5)
    choice = stranger.get(target + f"&d={day}")
    before = visits(mail)[0][0]
    for _ in range(2):
        moved = stranger.send(choice, time=times(choice)[3])
        assert moved.status == 303, moved.body
    after = visits(mail)[0]
    assert len(after) == 1 and after[0]["id"] == before["id"], after
    assert after[0]["start"] > before["start"] and after[0]["status"] == "booked", after
    link = link_in(mail, 3)
    for _ in range(2):
        gone = stranger.send(shown, do="cancel")
        assert gone.status == 303, gone.body
    last = visits(mail)[0][0]
    assert last["status"] == "cancelled" and last["cancelationReason"]["coding"][0]["code"] == "pat"
    assert "cancelled" in office.wait(mail, 4)["Subject"]
    assert "It is cancelled" in stranger.get(link).body


def what_is_too_near_stays():
    mail = "late@visitor.example"
    book("Massage", mail, number=1)
    shown = Browser(server.port).get(link_in(mail))
    assert "too late" in shown.body and "416-555-0100" in shown.body
    secret = re.search(r"b=([\w-]{43})", link_in(mail))[1]
    refused = Browser(server.port).request("POST", "/book/linden/visit?lang=en",
                                           {"do": "cancel", "b": secret})
    assert refused.status == 422 and visits(mail)[0][0]["status"] == "booked"


def the_practice_says_yes_where_it_wants_to():
    mail = "asking@visitor.example"
    _, _, done = book("Assessment", mail, number=6)
    assert "request" in done.body, done.body
    visit = visits(mail)[0][0]
    assert visit["status"] == "pending"
    assert not [e for e in visit["extension"] if e["url"] == "urn:hale:held-until"], visit
    assert "still has to confirm" in office.wait(mail, 2).get_content()


def the_rules_hold_for_who_is_in_the_record():
    _, _, refused = book("Follow-up", "fresh@visitor.example", number=8)
    assert refused.status == 422 and visits("fresh@visitor.example")[1] == [], refused.body
    mail = "known@visitor.example"
    _, _, done = book("First visit", mail, number=9, family="Möller")
    assert done.status == 200, done.body
    _, patients = visits(mail)
    link = link_in(mail)
    browser, _, held = hold("First visit", number=11)
    asked = details(browser, held, mail, family="moller", given="ADA")
    second = browser.send(asked, code=code_for(mail, 3))
    assert second.status == 422 and "as many" in second.body, second.body
    assert len(visits(mail)[1]) == 1, "the same person is in the record twice"
    desk.ask("POST", "Encounter", {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                                   "subject": {"reference": "Patient/" + patients[0]["id"]}})
    browser, _, held = hold("Follow-up", number=12)
    fits = browser.send(details(browser, held, mail, family="Möller"), code=code_for(mail, 4))
    assert fits.status == 200 and len(visits(mail)[1]) == 1, fits.body
    desk.ask("POST", "Flag", {"resourceType": "Flag", "status": "active", "code": {"coding": [
        {"system": "urn:hale:flag", "code": "no-online-booking"}]},
        "subject": {"reference": "Patient/" + patients[0]["id"]}})
    browser, _, held = hold("Assessment", number=13)
    blocked = browser.send(details(browser, held, mail, family="Möller"), code=code_for(mail, 6))
    assert blocked.status == 422 and "call us" in blocked.body
    stranger = Browser(server.port)
    choice = stranger.get(link + f"&move=1&d={datetime.date.today() + datetime.timedelta(days=6)}")
    unmoved = stranger.send(choice, time=times(choice)[2])
    assert unmoved.status == 422 and "call us" in unmoved.body, unmoved.body
    # a stranger with the same name and another address is somebody else
    _, _, other = book("Assessment", "other@visitor.example", number=13, days=4, family="Möller")
    assert other.status == 200 and len(visits("other@visitor.example")[1]) == 1


def a_code_is_tried_five_times():
    browser, _, held = hold("Psychotherapy session", number=14)
    asked = details(browser, held, "guess@visitor.example")
    code = code_for("guess@visitor.example")
    wrong = "000000" if code != "000000" else "111111"
    statuses = [browser.send(asked, code=wrong).status for _ in range(6)]
    assert statuses == [422] * 5 + [429], statuses
    assert browser.send(asked, code=code).status == 429, "the sixth try was good"
    assert visits("guess@visitor.example")[1] == []


def what_is_typed_wrongly_is_said_beside_the_field_and_kept():
    browser, _, held = hold("Psychotherapy session", number=1, days=6)
    bad = browser.send(held, given="Zoë <b>", family="", birth="10/12/1985", mail="not an address",
                       phone="12", by="mail")
    assert bad.status == 422 and bad.body.count('aria-invalid="true"') == 5, bad.body
    assert "Zoë &lt;b&gt;" in bad.body and "not an address" in bad.body
    french = browser.request("POST", "/book/linden?lang=fr", {
        **held.form()[1], "given": "", "family": "Roy", "birth": "2999-01-01", "mail": "a@b.example",
        "phone": "", "by": "mail"})
    assert "Indiquez votre prénom" in french.body and "Écrivez la date" in french.body
    assert not [m for m in office.messages if "address" in str(m["To"])]


def pages_are_framed_by_whom_the_practice_names_alone():
    page = Browser(server.port).get("/book/linden")
    policy = page.header("content-security-policy")
    assert "frame-ancestors https://linden.example" in policy, policy
    assert "bad.example" not in policy and not page.header("x-frame-options")
    assert "default-src 'none'" in policy and "script-src" not in policy
    assert "Linden &lt;Street&gt; Practice" in page.body
    other = Browser(server.port).get("/book/other")
    assert "frame-ancestors 'none'" in other.header("content-security-policy")
    assert other.header("x-frame-options") == "DENY"
    assert not page.header("set-cookie"), "a stranger is given a cookie"
    for path in ("/book/none", "/book", "/book/", "/book/linden/x", "/book/linden/visit?b=x",
                 "/book/%3Cb%3E"):
        assert Browser(server.port).get(path).status in (404, 410), path
    assert "/book/" not in Browser(server.port).get("/sign-in").body


def forms_of_elsewhere_and_made_up_times_do_nothing():
    browser, page = begin("Psychotherapy session", days=8)
    target, fields = page.form()
    fields["time"] = times(page)[0]
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert browser.request("POST", target, fields, headers).status == 403
    for time in ("p.000000000000000000000000.29000000.30", "p.x", "x", "", "p." + "9" * 60):
        answer = browser.request("POST", target, {**fields, "time": time})
        assert answer.status in (400, 409, 422), (time, answer.status)
    assert browser.request("POST", target, {**fields, "booking": "short"}).status == 400
    before = len(desk.all("Appointment?_count=1000"))
    held = browser.request("POST", target, fields)
    assert held.status == 200
    # another time for the same visitor gives the first one back
    other = browser.request("POST", target, {**fields, "time": times(page)[5]})
    assert other.status == 200 and len(desk.all("Appointment?_count=1000")) == before + 1
    assert fields["time"] in times(begin("Psychotherapy session", days=8)[1])


def who_has_a_phone_books_by_text_message():
    """What goes out goes where the code went: the other address is not proved."""
    browser, _, held = hold("Psychotherapy session", number=1, days=11)
    asked = browser.send(held, given="Tex", family="Roy", birth="1990-01-02", mail="unproved@visitor.example",
                         phone="416 555 0123", by="phone")
    assert asked.status == 200 and "name=\"code\"" in asked.body, asked.body
    code = re.search(r"\b(\d{6})\b", office.wait_text("+14165550123"))[1]
    done = browser.send(asked, code=code)
    assert done.status == 200 and "booked" in done.body, done.body
    link = re.search(r"https?://[^/]*(/book/\S+)", office.wait_text("+14165550123", 2))[1]
    assert "Cancel" in Browser(server.port).get(link).body
    assert not [m for m in office.messages if "unproved" in str(m["To"])]


def one_number_that_the_gateway_fails_at_does_not_stop_the_others():
    office.answers["+14165550199"] = 500
    for number, phone in enumerate(("416 555 0199", "416 555 0124")):
        browser, _, held = hold("Psychotherapy session", number=2 * number, days=10)
        asked = browser.send(held, given="Tex", family="Roy", birth="1990-01-02", mail="", phone=phone,
                             by="phone")
        assert asked.status == 200, asked.body
    office.wait_text("+14165550124")
    office.answers.clear()
    office.wait_text("+14165550199")


def what_is_booked_stays_when_another_time_is_chosen():
    mail = "stays@visitor.example"
    browser, page, held = hold("Psychotherapy session", number=1, days=12)
    asked = details(browser, held, mail)
    # booked at this moment, before the page has noted so
    mine = [one for one in desk.all("Appointment?status=pending&_sort=-_lastUpdated&_count=1")][0]
    booked = mine | {"status": "booked",
                     "extension": [one for one in mine["extension"] if one["url"] != "urn:hale:held-until"]}
    desk.put({key: value for key, value in booked.items() if value})
    before = len(desk.all("Appointment?_count=1000"))
    assert browser.send(page, time=times(page)[5]).status == 200
    assert desk.ask("GET", "Appointment/" + mine["id"])[1].get("status") == "booked", "what was booked is gone"
    assert len(desk.all("Appointment?_count=1000")) == before, "two times for one form"
    desk.put(mine)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        code = code_for(mail)
        confirmed = pool.submit(browser.send, asked, code=code)
        other = pool.submit(browser.send, page, time=times(page)[7])
        confirmed, other = confirmed.result(), other.result()
    kept = visits(mail)[0]
    assert "is booked" not in confirmed.body or [one["status"] for one in kept] == ["booked"], kept


def what_is_done_is_done():
    mail = "done@visitor.example"
    browser, page, held = hold("Psychotherapy session", number=2, days=13)
    asked = details(browser, held, mail)
    code = code_for(mail)
    assert browser.send(asked, code=code).status == 200
    before = len(desk.all("Appointment?_count=1000"))
    for again in (browser.send(page, time=times(page)[6]), details(browser, held, mail),
                  browser.send(asked, code="")):
        assert again.status == 200 and "is booked" in again.body, again.body
    assert len(desk.all("Appointment?_count=1000")) == before
    shown = browser.get(link_in(mail))
    assert browser.send(shown, do="cancel").status == 303
    for again in (browser.send(page, time=times(page)[6]), details(browser, held, mail),
                  browser.send(asked, code=code)):
        assert again.status == 410 and "is booked" not in again.body, again.body


def nobody_is_flooded_with_codes():
    spellings = ("flood@visitor.example", "Flood@visitor.example", "FLOOD@visitor.example",
                 "flooD@Visitor.example", "fLood@visitor.Example", "flOod@visitor.example")
    statuses = []
    for number, mail in enumerate(spellings):
        browser, _, held = hold("Psychotherapy session", number=number, days=14)
        statuses.append(details(browser, held, mail).status)
    assert statuses == [200] * 5 + [429], statuses
    browser, _, held = hold("Psychotherapy session", number=7, days=14)
    statuses = [details(browser, held, f"one{number}@visitor.example").status for number in range(12)]
    assert statuses[:10] == [200] * 10 and statuses[11] == 429, statuses


def nobody_holds_the_calendar():
    browser, page = begin("Psychotherapy session", days=15)
    target, fields = page.form()
    statuses = [browser.request("POST", target, {**fields, "booking": (f"{number}").rjust(43, "h"),
                                                 "time": times(page)[2 * number]}).status
                for number in range(6)]
    assert statuses == [200] * 5 + [429], statuses


def a_code_is_good_for_a_quarter_of_an_hour():
    if not CAN_MOVE_TIME:
        return
    browser, page, held = hold("Psychotherapy session", number=1, days=16)
    asked = details(browser, held, "slow@visitor.example")
    code = code_for("slow@visitor.example")
    try:
        server.later(14 * 60)
        again = browser.send(page, time=times(page)[1])
        assert again.status == 200, again.body
        server.later(15 * 60 + 30)
        late = browser.send(asked, code=code)
        assert late.status == 422 and visits("slow@visitor.example")[1] == [], late.body
    finally:
        server.later(0)


def pages_speak_french():
    page = Browser(server.port, "fr").get("/book/linden")
    assert 'lang="fr"' in page.body and "Prendre rendez-vous" in page.body and "Pour quoi" in page.body
    browser = Browser(server.port, "fr")
    key = choices(page, "s")["Assessment"]
    day = datetime.date.today() + datetime.timedelta(days=9)
    shown = browser.get(f"/book/linden?lang=fr&s={key}&p=&d={day}")
    held = browser.send(shown, time=times(shown)[0])
    assert "9 h 00" in shown.body and "Prénom" in held.body
    asked = details(browser, held, "fr@visitor.example", given="Zoé")
    assert "Votre code est" in office.wait("fr@visitor.example").get_content()
    done = browser.send(asked, code=code_for("fr@visitor.example"))
    assert "Votre demande est envoyée" in done.body
    assert office.wait("fr@visitor.example", 2)["Subject"] == "Votre rendez-vous"
    assert visits("fr@visitor.example")[1][0]["communication"][0]["language"]["coding"][0]["code"] == "fr"


def one_of_a_hundred_visitors_gets_the_time():
    browsers = [begin("Race")[0] for _ in range(RACERS)]
    _, page = begin("Race")
    wanted, (target, fields) = times(page)[0], page.form()
    gate = threading.Barrier(RACERS)

    def one(number):
        secret = ("%03d" % number).rjust(43, "r")
        gate.wait()
        return browsers[number].request("POST", target,
                                        {**fields, "booking": secret, "time": wanted})

    with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(one, range(RACERS)))
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) == 1 and statuses.count(409) == RACERS - 1, statuses
    lost = next(answer for answer in answers if answer.status == 409)
    assert "just taken" in lost.body and "See free times" in lost.body


def who_floods_the_forms_waits():
    browser, page = begin("Psychotherapy session", days=20)
    target, fields = page.form()
    statuses = [browser.request("POST", target, {**fields, "time": "p.x"}).status
                for _ in range(60)]
    assert 429 in statuses and statuses[0] == 409, statuses


def without_a_way_to_send_codes_nothing_is_offered():
    alone = Server(PROGRAM, "--quiet")
    try:
        status = Browser(alone.port).get("/book/linden").status
        assert status == 404
        global server, desk
        kept, server = (server, desk), alone
        desk = Desk()
        prepare()
        page = Browser(alone.port).get("/book/linden")
        assert "Please call us" in page.body and 'name="s"' not in page.body, page.body
        server, desk = kept
    finally:
        alone.close()


TESTS = [
    a_visitor_books_once_however_often_the_forms_are_sent,
    nothing_about_health_is_in_addresses_or_subjects,
    the_link_moves_the_visit_and_calls_it_off,
    what_is_too_near_stays,
    the_practice_says_yes_where_it_wants_to,
    the_rules_hold_for_who_is_in_the_record,
    a_code_is_tried_five_times,
    what_is_typed_wrongly_is_said_beside_the_field_and_kept,
    pages_are_framed_by_whom_the_practice_names_alone,
    forms_of_elsewhere_and_made_up_times_do_nothing,
    who_has_a_phone_books_by_text_message,
    one_number_that_the_gateway_fails_at_does_not_stop_the_others,
    what_is_booked_stays_when_another_time_is_chosen,
    what_is_done_is_done,
    nobody_is_flooded_with_codes,
    nobody_holds_the_calendar,
    a_code_is_good_for_a_quarter_of_an_hour,
    pages_speak_french,
    one_of_a_hundred_visitors_gets_the_time,
    who_floods_the_forms_waits,
    without_a_way_to_send_codes_nothing_is_offered,
]


def main():
    global server, office, desk
    with tempfile.TemporaryDirectory(prefix="hale-post-") as folder:
        office = PostOffice(folder, texts=True)
        server = Server(PROGRAM, "--quiet", "--behind-proxy", "--messages", office.settings)
        try:
            desk = Desk()
            prepare()
            return run(TESTS, sys.argv[2:])
        finally:
            server.close()
            office.close()


if __name__ == "__main__":
    sys.exit(main())
