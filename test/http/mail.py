"""mail.py PROGRAM [WORD…]: reminders go out by a real SMTP server, each once, whatever ends in between.

MAIL_COUNT says how many are due at once (400)."""

import collections
import datetime
import email
import email.policy
import http.client
import json
import os
import re
import socket
import sys
import tempfile
import time
import urllib.parse

from aiosmtpd.controller import Controller

from live import Server, run

PROGRAM = sys.argv[1]
COUNT = int(os.environ.get("MAIL_COUNT", "400"))
SOON = 7  # seconds until the first are due
PATIENCE = 120 + COUNT // 10


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Mailbox:
    """An SMTP server that keeps what it gets; it can be stopped and started."""

    def __init__(self):
        self.port = free_port()
        self.mails = []
        self.answers = {}
        self.seen = collections.Counter()
        self.controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.seen[address] += 1
        answer = self.answers.get(address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos[0], mail["Message-ID"], mail))
        return "250 2.0.0 taken"

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
        self.controller = None

    def to(self, address):
        return [mail for recipient, _, mail in list(self.mails) if recipient == address]


def settings(mailbox, folder):
    path = os.path.join(folder, "messages.conf")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(f"# how messages go out\nmail-server = smtp://127.0.0.1:{mailbox.port}\n"
                   "mail-from = desk@clinic.example\nmail-name = Clinique Élan\n")
    return path


class Desk:
    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.token = server.token()

    def ask(self, method, path, body=None, kind="application/fhir+json"):
        self.connection.request(method, "/fhir/" + path, json.dumps(body) if body else None, {
            "Authorization": "Bearer " + self.token, "Content-Type": kind})
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def make(self, resource):
        status, made = self.ask("POST", resource["resourceType"], resource)
        assert status == 201, made
        return f"{made['resourceType']}/{made['id']}"


def place(quiet=("00:00:00", "00:00:00")):
    return {"resourceType": "Location", "name": "Clinique Élan",
            "telecom": [{"system": "phone", "value": "514-555-0100"}], "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/timezone",
                 "valueCode": "America/Toronto"},
                {"url": "urn:hale:quiet-hours", "extension": [
                    {"url": "from", "valueTime": quiet[0]},
                    {"url": "until", "valueTime": quiet[1]}]}]}


def service(name, sensitive=False, minutes=(60,)):
    return {"resourceType": "HealthcareService", "active": True, "name": name, "extension": [
        {"url": "urn:hale:service", "extension": [
            {"url": "duration", "valuePositiveInt": 30},
            {"url": "sensitive", "valueBoolean": sensitive}]
         + [{"url": "reminder", "valuePositiveInt": each} for each in minutes]}]}


def person(address, wants="email", language="en"):
    patient = {"resourceType": "Patient", "name": [{"family": "Lovelace"}],
               "telecom": [{"system": "email", "value": address}],
               "communication": [{"language": {"coding": [
                   {"system": "urn:ietf:bcp:47", "code": language}]}, "preferred": True}]}
    if wants:
        patient["extension"] = [{"url": "urn:hale:reminders", "valueCode": wants}]
    return patient


def visit(patient, gives, where, start, status="booked"):
    end = start + datetime.timedelta(minutes=30)
    return {"resourceType": "Appointment", "status": status,
            "start": start.isoformat(), "end": end.isoformat(), "participant": [
                {"actor": {"reference": reference}, "status": state} for reference, state in
                ((patient, "needs-action"), (gives, "accepted"), (where, "accepted"))]}


def in_an_hour(seconds=SOON):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    return now + datetime.timedelta(seconds=3600 + seconds)


def wait_until(true, patience=PATIENCE):
    until = time.monotonic() + patience
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def text_of(mail):
    return mail.get_content() if not mail.is_multipart() else mail.get_body().get_content()


class Practice:
    """A server with its settings for messages, a mailbox beside it, and a desk."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="hale-mail-")
        self.mailbox = Mailbox()
        self.options = ["--quiet", "--messages", settings(self.mailbox, self.temporary.name)]
        self.server = Server(PROGRAM, *self.options, folder=self.temporary.name + "/data")
        self.desk = Desk(self.server)

    def again(self):
        self.server.stop(9)
        self.server = Server(PROGRAM, *self.options, folder=self.temporary.name + "/data")
        self.desk = Desk(self.server)

    def close(self):
        self.server.close()
        self.mailbox.stop()
        self.temporary.cleanup()


# ---- tests ----

def many_due_at_once_each_go_out_once_though_everything_stops_in_between():
    practice = Practice()
    mailbox = practice.mailbox
    try:
        where, gives = (practice.desk.make(one) for one in (place(), service("Massage")))
        start = in_an_hour(SOON + COUNT // 60)
        for first in range(0, COUNT, 250):
            entries = []
            for number in range(first, min(first + 250, COUNT)):
                entries.append({"fullUrl": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
                                "resource": person(f"p{number}@example.org"),
                                "request": {"method": "POST", "url": "Patient"}})
                entries.append({"resource": visit(entries[-1]["fullUrl"], gives, where, start),
                                "request": {"method": "POST", "url": "Appointment"}})
            status, answer = practice.desk.ask("POST", "", {
                "resourceType": "Bundle", "type": "transaction", "entry": entries})
            assert status == 200, answer
        assert datetime.datetime.now(datetime.timezone.utc) < start - datetime.timedelta(hours=1)
        # nobody listens when they are due
        wait_until(lambda: "messages_wait" in practice.server.log_text())
        ends = 0
        for share in (0.2, 0.4, 0.6, 0.8):
            mailbox.start()
            wait_until(lambda: len(mailbox.mails) >= share * COUNT)
            if ends % 2:
                mailbox.stop()
                practice.again()
            else:
                practice.again()
                mailbox.stop()
            ends += 1
        mailbox.start()
        wait_until(lambda: len({key for _, key, _ in mailbox.mails}) == COUNT)
        time.sleep(2)
        keys = collections.defaultdict(set)
        for recipient, key, _ in mailbox.mails:
            keys[recipient].add(key)
        assert len(keys) == COUNT, len(keys)
        assert all(len(of) == 1 for of in keys.values())
        # those under way when all broke off may have gone out twice, under the same Message-ID
        assert len(mailbox.mails) - COUNT <= 2 * ends, len(mailbox.mails)
        print(f"# {COUNT} reminders, {ends} crashes, {len(mailbox.mails) - COUNT} sent again")
    finally:
        practice.close()


def they_say_when_in_ones_language_and_not_what():
    practice = Practice()
    try:
        practice.mailbox.start()
        desk, mailbox = practice.desk, practice.mailbox
        where = desk.make(place())
        plain, secret = desk.make(service("Massage")), desk.make(service("Psychotherapy", True))
        start = in_an_hour()
        people = {"en@example.org": (plain, "en", "email"), "fr@example.org": (secret, "fr", "email"),
                  "none@example.org": (plain, "en", "none"), "silent@example.org": (plain, "en", None),
                  "cancelled@example.org": (plain, "en", "email"),
                  "moved@example.org": (plain, "en", "email")}
        visits = {}
        for address, (gives, language, wants) in people.items():
            patient = desk.make(person(address, wants, language))
            visits[address] = desk.make(visit(patient, gives, where, start))
        for address, patch in (
                ("cancelled@example.org", [{"op": "replace", "path": "/status", "value": "cancelled"}]),
                ("moved@example.org", [
                    {"op": "replace", "path": "/start",
                     "value": (start + datetime.timedelta(hours=2)).isoformat()},
                    {"op": "replace", "path": "/end",
                     "value": (start + datetime.timedelta(hours=3)).isoformat()}])):
            status, answer = desk.ask("PATCH", visits[address], patch,
                                      "application/json-patch+json")
            assert status == 200, answer
        wait_until(lambda: len(mailbox.mails) >= 2)
        time.sleep(3)
        assert sorted(to for to, _, _ in mailbox.mails) == ["en@example.org", "fr@example.org"]
        english, french = mailbox.to("en@example.org")[0], mailbox.to("fr@example.org")[0]
        assert english["Subject"] == "A reminder of your appointment"
        assert french["Subject"] == "Rappel de votre rendez-vous"
        assert english["From"].addresses[0].display_name == "Clinique Élan"
        assert english["Auto-Submitted"] == "auto-generated"
        assert "Massage" in text_of(english) and "514-555-0100" in text_of(english)
        assert "sychoth" not in french.as_string() + text_of(french), text_of(french)
        assert "Vous avez un rendez-vous le " in text_of(french)
        assert "Lovelace" not in english.as_string() + text_of(english)
        by_link(practice, desk, visits["en@example.org"], text_of(english))
    finally:
        practice.close()


def each_of_a_group_answers_for_oneself():
    """Nine patients, one of whom was marked as living: all are reminded, and one declines for one."""
    practice = Practice()
    try:
        practice.mailbox.start()
        desk, mailbox = practice.desk, practice.mailbox
        where, gives = desk.make(place()), desk.make(service("Group"))
        names = []
        for number in range(9):
            names.append(desk.make(person(f"g{number}@example.org")
                                   | ({"deceasedBoolean": False} if number == 4 else {})))
        group = visit(names[0], gives, where, in_an_hour())
        group["participant"] += [{"actor": {"reference": name}, "status": "needs-action"}
                                 for name in names[1:]]
        group = desk.make(group)
        wait_until(lambda: len(mailbox.mails) >= 9, 30)

        def answer(number, what):
            link = re.search(r"/reply\?v=(\S+)", text_of(mailbox.to(f"g{number}@example.org")[0]))[1]
            return press_link(practice, "/reply?v=" + link, what, {})[1]

        def statuses():
            found = desk.ask("GET", group)[1]
            return found["status"], {one["actor"]["reference"]: one["status"]
                                     for one in found["participant"]}

        assert "You have confirmed it" in answer(1, "confirm")
        assert statuses()[1] == {**statuses()[1], names[0]: "needs-action", names[1]: "accepted"}
        assert "not expected" in answer(0, "cancel")
        status, parts = statuses()
        assert status == "booked" and parts[names[0]] == "declined", (status, parts)
        assert parts[names[1]] == "accepted" and parts[names[2]] == "needs-action", parts
        for number in range(1, 9):
            assert statuses()[0] == "booked"
            answer(number, "cancel")
        assert statuses()[0] == "cancelled", "none of them comes"
    finally:
        practice.close()


def open_link(practice, cookies, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", practice.server.port, timeout=30)
    headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())}
    if body:
        headers |= {"Content-Type": "application/x-www-form-urlencoded",
                    "Origin": f"http://127.0.0.1:{practice.server.port}"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    for key, value in answer.getheaders():
        if key.lower() == "set-cookie":
            cookies.update([value.split(";")[0].split("=", 1)])
    return answer.status, answer.read().decode()


def press_link(practice, address, what, cookies):
    status, page = open_link(practice, cookies, "GET", address)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    fields["do"] = what
    return open_link(practice, cookies, "POST", "/reply", urllib.parse.urlencode(fields))


def by_link(practice, desk, name, text):
    """The link shows the visit, changes nothing by being looked at, and confirms and cancels."""
    address = re.search(r"https?://[^/]+(/reply\?v=\S+)", text)[1]
    cookies = {}

    def open_page(*request):
        return open_link(practice, cookies, *request)

    def press(what):
        return press_link(practice, address, what, cookies)

    status, page = open_page("GET", address)
    assert status == 200 and "Confirm" in page, page
    _, before = desk.ask("GET", name)
    assert before["meta"]["versionId"] == "1"
    status, page = press("confirm")
    assert status == 200 and "You have confirmed it" in page, page
    _, after = desk.ask("GET", name)
    assert after["participant"][0]["status"] == "accepted" and after["status"] == "booked", after
    assert press("confirm")[0] == 200
    assert desk.ask("GET", name)[1]["meta"]["versionId"] == after["meta"]["versionId"]
    way = re.search(r'<nav><a href="([^"]*)"', press("confirm")[1])[1].replace("&amp;", "&")
    status, page = open_page("GET", way)
    assert status == 200 and "Vous l’avez confirmé" in page, (way, status, page)
    status, page = press("cancel")
    assert status == 200 and "does not take place" in page, page
    _, after = desk.ask("GET", name)
    assert after["status"] == "cancelled"
    assert after["cancelationReason"]["coding"][0]["code"] == "pat"
    middle = len(address) // 2
    broken = address[:middle] + ("0" if address[middle] != "0" else "1") + address[middle + 1:]
    assert open_page("GET", broken)[0] == 404
    assert open_page("POST", "/reply", urllib.parse.urlencode(
        {"v": address.split("v=")[1], "do": "confirm"}))[0] in (400, 403)


def what_is_refused_is_not_tried_again_and_what_is_put_off_is():
    practice = Practice()
    try:
        mailbox, desk = practice.mailbox, practice.desk
        mailbox.answers = {"gone@example.org": "550 5.1.1 no such mailbox",
                           "full@example.org": "452 4.2.2 mailbox full",
                           "busy@example.org": "421 4.7.0 too much for this mailbox"}
        mailbox.start()
        where, gives = (desk.make(one) for one in (place(), service("Massage")))
        for address in ("gone@example.org", "full@example.org", "busy@example.org", "fine@example.org"):
            desk.make(visit(desk.make(person(address)), gives, where, in_an_hour()))
        wait_until(lambda: mailbox.to("fine@example.org"))
        late = ("gone@example.org", "full@example.org", "busy@example.org")
        wait_until(lambda: all(mailbox.seen[address] for address in late))
        time.sleep(2)
        assert all(mailbox.seen[address] == 1 for address in late), mailbox.seen
        if "LATER" in os.environ:
            mailbox.answers.pop("full@example.org")
            practice.server.later(90)
            wait_until(lambda: mailbox.to("full@example.org"), 40)
            assert mailbox.seen["gone@example.org"] == 1
    finally:
        practice.close()


def settings_that_cannot_be_are_refused_without_telling_secrets():
    with tempfile.TemporaryDirectory(prefix="hale-mail-") as folder:
        for text, mode, said in (
                ("mail-server = smtp://mail.example\nmail-from = a@b.example\n", 0o644, "chmod 600"),
                ("mail-server = http://mail.example\nmail-from = a@b.example\n", 0o600, "mail-server"),
                ("mail-server = smtps://u:geheim@mail.example\nmail-from = a@b.example\n", 0o600,
                 "mail-server"),
                ("mail-server = smtps://mail.example\nmail-password = geheim\n", 0o600, "mail-from"),
                ("mail-pasword = geheim\n", 0o600, "Line 1"),
                ("sms-gateway = http://elsewhere.example/\n", 0o600, "sms-gateway")):
            path = os.path.join(folder, "conf")
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, mode)
            try:
                Server(PROGRAM, "--messages", path, folder=folder + "/data").close()
                raise AssertionError(f"taken: {text}")
            except RuntimeError as refusal:
                assert said in str(refusal), refusal
                assert "geheim" not in str(refusal), refusal


TESTS = [
    many_due_at_once_each_go_out_once_though_everything_stops_in_between,
    they_say_when_in_ones_language_and_not_what,
    each_of_a_group_answers_for_oneself,
    what_is_refused_is_not_tried_again_and_what_is_put_off_is,
    settings_that_cannot_be_are_refused_without_telling_secrets,
]

if __name__ == "__main__":
    sys.exit(run(TESTS, sys.argv[2:]))
