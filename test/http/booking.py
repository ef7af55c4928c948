"""booking.py PROGRAM [WORD…]: nobody and nothing is ever booked twice, however many try at once."""

import concurrent.futures
import datetime
import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading

from live import CAN_MOVE_TIME, Server, run

PROGRAM = sys.argv[1]
RACERS = 100
START = datetime.datetime(2031, 3, 4, 9, tzinfo=datetime.timezone.utc)
BUSY = ("pending", "booked", "arrived", "checked-in")


class Desk:
    """Somebody who books: one connection for each thread."""

    def __init__(self, server):
        self.server = server
        self.token = server.token()
        self.own = threading.local()

    def ask(self, method, path, body=None):
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPConnection("127.0.0.1", self.server.port,
                                                             timeout=60)
        self.own.connection.request(method, "/fhir/" + path, json.dumps(body) if body else None, {
            "Authorization": "Bearer " + self.token, "Content-Type": "application/fhir+json"})
        answer = self.own.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def make(self, resource):
        status, made = self.ask("POST", resource["resourceType"], resource)
        assert status == 201, made
        return f"{made['resourceType']}/{made['id']}"

    def everything(self, path):
        found = []
        while path:
            status, page = self.ask("GET", path)
            assert status == 200, page
            found += [entry["resource"] for entry in page.get("entry", [])]
            following = [link["url"] for link in page["link"] if link["relation"] == "next"]
            path = following[0].split("/fhir/", 1)[1] if following else None
        return found


def room(name):
    return {"resourceType": "Location", "name": name, "physicalType": {"coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "ro"}]}}


def appointment(actors, minutes, lasting, slots=(), status="booked"):
    start = START + datetime.timedelta(minutes=minutes)
    end = start + datetime.timedelta(minutes=lasting)
    visit = {"resourceType": "Appointment", "status": status, "start": start.isoformat(),
             "end": end.isoformat(), "participant": [
                 {"actor": {"reference": actor}, "status": "accepted"} for actor in actors]}
    if slots:
        visit["slot"] = [{"reference": slot} for slot in slots]
    return visit


def assert_nobody_twice(desk, whom=""):
    """Looks at all that is booked, two by two, without knowing how Hale does: at those actors whose
    reference begins so."""
    taken = {}
    for visit in desk.everything("Appointment?_count=500"):
        if visit["status"] not in BUSY:
            continue
        span = tuple(datetime.datetime.fromisoformat(visit[end]) for end in ("start", "end"))
        for participant in visit["participant"]:
            if not participant["actor"]["reference"].startswith(whom):
                continue
            for start, end in taken.get(participant["actor"]["reference"], []):
                assert end <= span[0] or span[1] <= start, (participant, span, start, end)
            taken.setdefault(participant["actor"]["reference"], []).append(span)
    return sum(map(len, taken.values()))


def race(desk, visits):
    """All at once; how many were stored. The others are told of the conflict."""
    gate = threading.Barrier(len(visits))

    def one(visit):
        gate.wait()
        return desk.ask("POST", "Appointment", visit)

    with concurrent.futures.ThreadPoolExecutor(len(visits)) as pool:
        answers = list(pool.map(one, visits))
    for status, body in answers:
        assert status in (201, 409), (status, body)
        assert status == 201 or body["issue"][0]["code"] == "conflict", body
    return sum(status == 201 for status, _ in answers)


# ---- tests ----

def one_of_a_hundred_gets_the_slot():
    server = Server(PROGRAM, "--quiet")
    try:
        desk = Desk(server)
        doctor = desk.make({"resourceType": "Practitioner"})
        schedule = desk.make({"resourceType": "Schedule", "actor": [{"reference": doctor}]})
        patients = [desk.make({"resourceType": "Patient"}) for _ in range(RACERS)]
        for round_ in range(3):
            slot = desk.make({"resourceType": "Slot", "schedule": {"reference": schedule},
                              "status": "free", "start": START.isoformat(),
                              "end": (START + datetime.timedelta(hours=1)).isoformat()})
            visits = [appointment([patient], 60 * round_, 30, [slot]) for patient in patients]
            assert race(desk, visits) == 1
    finally:
        server.close()


def one_of_a_hundred_gets_the_hour():
    """The times overlap but are not the same, and some ask for the role, some for the person."""
    server = Server(PROGRAM, "--quiet")
    try:
        desk = Desk(server)
        doctors = [desk.make({"resourceType": "Practitioner"}) for _ in range(2)]
        roles = [desk.make({"resourceType": "PractitionerRole",
                            "practitioner": {"reference": doctor}}) for doctor in doctors]
        one_room = desk.make(room("Room 1"))
        hour = [appointment([random.choice([doctors[0], roles[0]])], n % 59, 60)
                for n in range(RACERS)]
        assert race(desk, hour) == 1
        # two practitioners, one room: whoever has the room has it alone
        rooms = [appointment([doctors[n % 2], one_room], 600 + n % 29, 30) for n in range(RACERS)]
        assert race(desk, rooms) == 1
        assert assert_nobody_twice(desk) == 3
    finally:
        server.close()


def nobody_is_booked_twice_by_any_way_in():
    """Creates, moves, changes of status and transactions at random, then again after kill -9 and after
    the index was made anew."""
    folder = tempfile.TemporaryDirectory(prefix="hale-http-")
    server = Server(PROGRAM, "--quiet", folder=folder.name + "/data")
    try:
        desk = Desk(server)
        actors = [desk.make({"resourceType": "Practitioner"}) for _ in range(3)]
        actors += [desk.make(room(f"Room {n}")) for n in range(2)]
        names = []

        def visit(luck):
            wanted = luck.sample(actors, luck.randint(1, 2))
            return appointment(wanted, luck.randrange(0, 1440, 5), luck.choice((5, 20, 60, 180)),
                               status=luck.choice(("booked", "booked", "pending", "cancelled")))

        def work(seed):
            luck = random.Random(seed)
            done = 0
            for _ in range(60):
                deed = luck.random()
                if deed < 0.5 or not names:
                    status, body = desk.ask("POST", "Appointment", visit(luck))
                    if status == 201:
                        names.append(body["id"])
                elif deed < 0.8:
                    name = luck.choice(names)
                    status, _ = desk.ask("PUT", f"Appointment/{name}", visit(luck) | {"id": name})
                else:
                    status, _ = desk.ask("POST", "", {
                        "resourceType": "Bundle", "type": "transaction", "entry": [
                            {"request": {"method": "POST", "url": "Appointment"},
                             "resource": visit(luck)} for _ in range(2)]})
                assert status in (200, 201, 409), status
                done += status != 409
            return done

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = sum(pool.map(work, range(8)))
        assert 20 < done < 480, done
        booked = assert_nobody_twice(desk)
        assert booked > 20, booked
        server.stop(9)
        server = Server(PROGRAM, "--quiet", folder=server.folder)
        desk = Desk(server)
        assert assert_nobody_twice(desk) == booked
        taken = next(found for found in desk.everything("Appointment?_count=500")
                     if found["status"] == "booked")
        taken = {key: value for key, value in taken.items() if key not in ("id", "meta")}
        assert desk.ask("POST", "Appointment", taken)[0] == 409
        subprocess.run([PROGRAM, "reindex", "--data", server.folder], check=True,
                       capture_output=True, timeout=60)
        assert desk.ask("POST", "Appointment", taken)[0] == 409
    finally:
        server.close()
        folder.cleanup()


def practice(desk, doctors=1):
    """A place with a clock, and doctors who are there from nine to five, every day."""
    place = desk.make({"resourceType": "Location", "name": "The clinic", "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/timezone",
         "valueCode": "America/Toronto"}]})
    service = desk.make({"resourceType": "HealthcareService", "extension": [
        {"url": "urn:hale:service", "extension": [{"url": "duration", "valuePositiveInt": 30}]}]})
    for _ in range(doctors):
        doctor = desk.make({"resourceType": "Practitioner"})
        desk.make({"resourceType": "PractitionerRole", "practitioner": {"reference": doctor},
                   "location": [{"reference": place}],
                   "healthcareService": [{"reference": service}],
                   "availableTime": [{"availableStartTime": "09:00:00",
                                      "availableEndTime": "17:00:00"}]})


def find(desk, more=""):
    status, found = desk.ask("GET", "Appointment/$find?start=2031-03-04T00:00:00Z" + more)
    assert status == 200, found
    return [entry["resource"] for entry in found.get("entry", [])]


def operate(desk, operation, name, patient=None):
    parameters = [{"name": "appointment-reference",
                   "valueReference": {"reference": "Appointment/" + name}}]
    if patient:
        parameters.append({"name": "patient-reference", "valueReference": {"reference": patient}})
    return desk.ask("POST", "Appointment/$" + operation,
                    {"resourceType": "Parameters", "parameter": parameters})


def one_of_a_hundred_books_what_was_found_and_the_others_hear_what_is_free():
    """All are shown the same free time; half of them ask twice."""
    server = Server(PROGRAM, "--quiet")
    try:
        desk = Desk(server)
        practice(desk)
        proposed = find(desk)[0]
        clients = [Desk(server) for _ in range(RACERS // 2)]
        patients = [desk.make({"resourceType": "Patient"}) for _ in clients]
        gate = threading.Barrier(2 * len(clients))

        def one(number):
            gate.wait()
            return number, *operate(clients[number], "book", proposed["id"], patients[number])

        with concurrent.futures.ThreadPoolExecutor(2 * len(clients)) as pool:
            answers = list(pool.map(one, list(range(len(clients))) * 2))
        booked = [number for number, status, _ in answers if status in (200, 201)]
        assert len(booked) == 2 and booked[0] == booked[1], booked
        for _, status, body in answers:
            assert status in (200, 201, 409), body
            if status == 409:
                free = [offer["start"] for offer in body["contained"]]
                assert len(free) == 5 and proposed["start"] not in free, body
        assert assert_nobody_twice(desk, "Practitioner/") == 1
    finally:
        server.close()


def what_is_found_can_be_booked_and_what_is_booked_is_not_found():
    """The finder and the guard agree, whatever is in the calendar already."""
    server = Server(PROGRAM, "--quiet")
    luck = random.Random(7)
    try:
        desk = Desk(server)
        practice(desk, 3)
        patient = desk.make({"resourceType": "Patient"})
        for round_ in range(25):
            found = find(desk, "&end=2031-03-07T00:00:00Z&_count=1000")
            for proposed in luck.sample(found, min(5, len(found))):
                status, body = operate(desk, "book", proposed["id"], patient)
                assert status in (201, 409), body
            taken = desk.everything("Appointment?status=booked&_count=500")
            free = {(one["start"], one["participant"][0]["actor"]["reference"])
                    for one in find(desk, "&end=2031-03-07T00:00:00Z&_count=1000")}
            assert not free & {(one["start"], one["participant"][0]["actor"]["reference"])
                               for one in taken}
        assert assert_nobody_twice(desk, "Practitioner/") > 60
    finally:
        server.close()


def a_hold_ends_by_itself_and_survives_a_crash():
    folder = tempfile.TemporaryDirectory(prefix="hale-http-")
    server = Server(PROGRAM, "--quiet", folder=folder.name + "/data")
    try:
        desk, other = Desk(server), Desk(server)
        practice(desk)
        patient = desk.make({"resourceType": "Patient"})
        first = find(desk)[0]
        status, held = operate(desk, "hold", first["id"])
        assert status == 201, held
        server.stop(9)
        server = Server(PROGRAM, "--quiet", folder=server.folder)
        desk, other = Desk(server), Desk(server)
        assert find(desk)[0]["start"] != first["start"]
        assert operate(other, "book", first["id"], patient)[0] == 409
        if not CAN_MOVE_TIME:
            return
        second = find(desk)[0]
        assert operate(desk, "hold", second["id"])[0] == 201
        server.later(11 * 60)
        assert find(desk)[0]["start"] == first["start"]
        # what has ended is not held any more, but can be held once more
        status, again = operate(desk, "hold", second["id"])
        assert status == 200, again
        assert operate(other, "book", second["id"], patient)[0] == 409
        assert operate(other, "book", first["id"], patient)[0] == 201
        # who held it comes too late
        assert operate(desk, "book", held["entry"][0]["resource"]["id"], patient)[0] == 409
    finally:
        server.close()
        folder.cleanup()


TESTS = [
    one_of_a_hundred_gets_the_slot,
    one_of_a_hundred_gets_the_hour,
    nobody_is_booked_twice_by_any_way_in,
    one_of_a_hundred_books_what_was_found_and_the_others_hear_what_is_free,
    what_is_found_can_be_booked_and_what_is_booked_is_not_found,
    a_hold_ends_by_itself_and_survives_a_crash,
]

if __name__ == "__main__":
    sys.exit(run(TESTS, sys.argv[2:]))
