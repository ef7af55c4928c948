#!/usr/bin/env python3
"""Searches meant to do harm. Each is refused with an OperationOutcome (4xx), or answered within
limits; never 500, and never with what the search was to filter out. Meanwhile others search: how
long they wait is told, not judged."""

import http.client
import json
import threading
import time
from urllib.parse import quote

from check_search_load import FORM, Client
from outside import Counter, Folder, Server, hale

PATIENTS = 300
PAGE_MAX = 1000
LAYERS = 12
SECONDS_MAX = 40  # a call may take 30, and the machine may be busy


def records():
    """Patients, organisations and Observations that refer to each other in circles."""
    made = []
    for i in range(PATIENTS):
        made.append({
            "resourceType": "Patient", "id": f"p{i}", "gender": ("female", "male")[i % 2],
            "birthDate": "1980-01-01",
            "name": [{"family": f"Family{i}", "given": ["Given"]}],
            "identifier": [{"system": "http://clinic.example", "value": str(i)}],
            "managingOrganization": {"reference": f"Organization/o{i % 20}"},
            "link": [{"other": {"reference": f"Patient/p{(i + 1) % PATIENTS}"},
                      "type": "seealso"}]})
        made.append({
            "resourceType": "Observation", "id": f"b{i}", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}], "text": "Pulse"},
            "subject": {"reference": f"Patient/p{i}"}, "effectiveDateTime": "2020-01-01",
            "valueQuantity": {"value": i, "unit": "/min"},
            "hasMember": [{"reference": f"Observation/b{(i + 7) % PATIENTS}"}]})
    for i in range(20):
        made.append({"resourceType": "Organization", "id": f"o{i}", "name": f"Clinic {i}",
                     "partOf": {"reference": f"Organization/o{(i + 1) % 20}"}})
    for i in range(LAYERS):  # each draws on the next one many times over
        made.append({
            "resourceType": "ValueSet", "id": f"v{i}", "url": f"urn:layer:{i}", "status": "active",
            "compose": {"include": [{"valueSet": [f"urn:layer:{i + 1}"]} for _ in range(8)]}})
    made.append({
        "resourceType": "ValueSet", "id": "last", "url": f"urn:layer:{LAYERS}", "status": "active",
        "compose": {"include": [{"system": "http://loinc.org",
                                 "concept": [{"code": str(i)} for i in range(1000)]}]}})
    return made


def deep(link, end, times):
    return ".".join([link] * times + [end])


# What is asked, and how many matches there may be at most on its first page; by POST if it begins
# with a '+', the rest of the line being a form.
HOSTILE = [
    ("/Patient?_id=p1" + "&_include=Patient:organization" * 500, 1),
    ("+Patient _id=p1" + "".join(f"&_include=Patient:organization{i}" for i in range(500)), 1),
    ("+Patient _id=p1" + "&_revinclude=Observation:subject" * 500, 1),
    ("/Patient?_id=p1&_include:iterate=Patient:link&_revinclude:iterate=Patient:link", 1),
    ("/Organization?_id=o1&_include:iterate=Organization:partof", 1),
    ("/Observation?_id=b1&_include:iterate=Observation:has-member&_include:iterate=*", 1),
    ("/Patient?_id=p1&_include=*&_revinclude=*", 1),
    ("/Patient?_id=p1&_revinclude:iterate=*:*&_include:iterate=*:*", 1),
    ("/Patient?_id=p1&_include=Patient:link:Patient:link:Patient", 1),
    ("+Patient _id=" + ",".join(f"x{i}" for i in range(5000)), 0),
    ("+Patient identifier=" + ",".join(f"a|{i}" for i in range(5000)), 0),
    ("+Observation value-quantity=" + ",".join(f"gt{10 ** 6 + i}" for i in range(5000)), 0),
    ("+Patient name=" + "&name=".join(f"n{i}" for i in range(2000)), 0),
    ("+Patient " + "&".join(f"x{i}=1" for i in range(5000)), 0),
    ("+Patient name=" + "a" * 60000, 0), ("+Patient name=" + "%C3%A9" * 9000, 0),
    ("/Patient?name=" + "a" * 7000, 0),
    ("/Patient?name:contains=%25", 0), ("/Patient?name:contains=_", 0), ("/Patient?name=%25", 0),
    ("/Patient?name:exact=%25", 0),
    ("/Patient?family=*", 0),
    ("/Patient?name:contains=%5C%25", 0),
    ("/Patient?name=%00", 0), ("/Patient?name=Fam%00", 0), ("/Patient?_id=p1%00", 0),
    ("/Patient?na%00me=x", 0), ("/Patient?identifier=%00|%00", 0), ("/Patient?%00", 0),
    ("/Patient?name=%ff%fe", 0), ("/Patient?name=%c0%af", 0), ("/Patient?name=%ed%a0%80", 0),
    ("/Patient?name=%", 0), ("/Patient?name=%4", 0), ("/Patient?name=%zz", 0),
    ("/Patient?name=" + quote("' OR '1'='1"), 0),
    ("/Patient?name=" + quote("x'; DROP TABLE current; --"), 0),
    ("/Patient?_id=" + quote("p1' OR 1=1 --"), 0), ("/Patient?_id=" + quote('" OR ""="'), 0),
    ("/Patient?_sort=" + quote("name; DELETE FROM version"), 0),
    ("/Patient?" + quote("name' OR 1=1 --") + "=x", 0),
    ("/Patient?identifier=" + quote("'|'"), 0),
    ("/Patient?" + deep("link", "name", 60) + "=Nobody", 0),
    ("/Patient?" + deep("link", "name", 5) + "=Nobody", 0),
    ("/Observation?" + deep("has-member", "code", 30) + "=none", 0),
    ("/Organization?" + deep("partof", "name", 200) + "=Nobody", 0),
    ("/Patient?" + "_has:Patient:link:" * 60 + "name=Nobody", 0),
    ("/Patient?" + "_has:Observation:subject:" * 3 + "code=none", 0),
    ("/Patient?" + "_has:Patient:link:" * 3 + deep("link", "name", 3) + "=Nobody", 0),
    ("+Patient _content=" + "+".join(f"w{i}" for i in range(5000)), 0),
    ("+Patient _content=" + ",".join(f"nobody{i}" for i in range(1000)), 0),
    ("+Patient _content=" + ",".join(f"nobody{i}*" for i in range(1000)), 0),
    ("/Patient?_content=" + "(" * 500 + "nobody" + ")" * 500, 0),
    ("/Patient?_content=" + "a*%20or%20" * 60 + "b*", PAGE_MAX),
    ("+Patient _text=" + "x" * 60000, 0),
    ("/Patient?_content=" + quote('nobody" OR "family1'), 0),
    ("/Patient?_content=" + quote("nobody OR NEAR(given, 5)"), 1),
    ("/Patient?_content=" + quote("rest : given nobody"), 0),
    ("/Patient?_content=" + quote("{rest} : (given) NOT family1"), 0),
    ("/Patient?_content=" + quote("'); DELETE FROM words; --"), 0),
    ("/Patient?_content=" + quote("words MATCH 'given'"), 0),
    ("/Patient?_content=*", 0), ("/Patient?_content=%22", 0), ("/Patient?_content=^given", 1000),
    ("/Patient?_content=%00", 0), ("/Patient?_content=nobody%00given", 0),
    ("/Patient?_content=%ff", 0), ("/Patient?_text=given", 0), ("/Patient?_content:not=x", 0),
    ("+Patient " + "_content=given&" * 200, PAGE_MAX),
    ("/Patient?_content=given&" + deep("link", "_content", 5) + "=nobody", 0),
    ("/Patient?_has=x", 0),
    ("/Patient?_has:=x", 0),
    ("/Patient?_has:A=x", 0),
    ("/Patient?_has:A:b=x", 0),
    ("/Patient?_has:Observation:subject:=x", 0), ("/Patient?_has::::=x", 0),
    ("/Patient?.name=x", 0), ("/Patient?link.=x", 0), ("/Patient?link..name=x", 0),
    ("/Patient?link:Nobody.name=x", 0), ("/Patient?link:Patient:Patient.name=x", 0),
    ("/Patient?name:exact:contains=x", 0),
    ("/Patient?name:=x", 0),
    ("/Patient?name:nonsense=x", 0),
    ("/Patient?gender:missing=perhaps", 0), ("/Patient?:missing=true", 0),
    ("/Patient?_count=999999999999999999999999", PAGE_MAX),
    ("/Patient?_count=4294967297", PAGE_MAX),
    ("/Patient?_count=-1", 0), ("/Patient?_count=1e9", 0), ("/Patient?_count=0x10", 0),
    ("/Patient?_count=5&_count=1000000", PAGE_MAX), ("/Patient?_count=%20", PATIENTS),
    ("/Patient?_sort=" + ",".join(["name"] * 1000), PAGE_MAX),
    ("/Patient?_sort=--name", 0), ("/Patient?_sort=nonsense", 0), ("/Patient?_sort=-", 0),
    ("/Patient?_total=everything", 0), ("/Patient?_summary=nonsense", 0),
    ("/Patient?_elements=" + ",".join(["name"] * 1500), PAGE_MAX),
    ("/Patient?birthdate=ge", 0),
    ("/Patient?birthdate=2020-13-45", 0),
    ("/Patient?birthdate=99999", 0),
    ("/Patient?birthdate=ge2020-01-01T25:00", 0), ("/Patient?birthdate=gege2020", 0),
    ("/Patient?birthdate=-2020", 0),
    ("/Patient?birthdate=2020-02-30", 0),
    ("/Patient?birthdate=eb0000", 0),
    ("/Observation?value-quantity=gt1e999999999", 0), ("/Observation?value-quantity=NaN", 0),
    ("/Observation?value-quantity=gtInfinity", 0), ("/Observation?value-quantity=-", 0),
    ("/Observation?value-quantity=1|2", 0), ("/Observation?value-quantity=1|2|3|4", 0),
    ("/Observation?value-quantity=0x5", 0), ("/Observation?value-quantity=" + "9" * 5000, 0),
    ("/Observation?code=||||", 0), ("/Observation?code=a|b|c", 0), ("/Observation?code=,,,,,", 0),
    ("/Observation?code-value-quantity=8867-4", 0), ("/Observation?code-value-quantity=$$$$", 0),
    ("/Observation?code-value-quantity=8867-4$gt1$2", 0),
    ("/Observation?subject=Patient/", 0), ("/Observation?subject=/p1", 0),
    ("/Observation?subject=../../etc/passwd", 0), ("/Observation?subject:Nobody=p1", 0),
    ("/Observation?subject=" + "x" * 65, 0), ("/Observation?subject:identifier=|", 0),
    ("/Location?near=0|0|1e308|km", 0),
    ("/Location?near=a|b|c", 0),
    ("/Location?near=999|999|1|km", 0),
    ("/Patient?_filter=" + "(" * 3000, 0),
    ("/Patient?_filter=" + quote("not " * 1000 + "name eq 'x'"), PATIENTS),
    ("/Patient?_filter=" + quote("name eq 'x' or " * 300 + "name eq 'y'"), 0),
    ("/Patient?_filter=" + quote("name eq 'x' OR 1=1"), 0),
    ("/Patient?_content=" + quote('a" OR "b'), 0),
    ("/Patient?_text=*", 0),
    ("/Patient?_text=" + quote('"'), 0),
    ("/Patient?_content=" + quote("NEAR(a b, 9999999)"), 0),
    ("/Patient?_content=" + quote("name : *"), 0),
    ("/Patient?_content=" + quote("a AND " * 1000 + "b"), 0),
    ("/Patient?_list=nonsense", 0), ("/Patient?_query=nonsense", 0), ("/Patient?_profile=%00", 0),
    ("/?_type=" + ",".join(["Patient"] * 1000) + "&_id=none", 0), ("/?_type=Nobody&_id=p1", 0),
    ("/?name=Nobody", 0), ("/?_id=none&_type=", 0),
    ("/Patient?_lastUpdated=ap99999", 0), ("/Patient?_lastUpdated=gt9999-12-31T23:59:59Z", 0),
    ("/Patient?_page=nonsense", 0),
    ("/Patient?_page=%00", 0),
    ("/Patient?name=Nobody&_page=AAAA", 0),
    ("/Observation?code:in=urn:layer:0", 0), ("/Observation?code:in=ValueSet/v0", 0),
    ("/Observation?code:not-in=urn:layer:0", 0), ("/Observation?_filter=code%20in%20urn:layer:0", 0),
    ("+Observation code:in=" + ",".join(["urn:layer:9"] * 900), 0),
    ("+Observation code:in=" + ",".join(f"urn:nowhere:{i}" for i in range(900)), 0),
    ("+Observation code:below=" + ",".join(f"http://loinc.org|{i}" for i in range(900)), 0),
    ("/Observation?" + "code:in=urn:layer:11&" * 60, 0),
    ("/Observation?code:in=%00", 0), ("/Observation?code:in=ValueSet/", 0),
    ("/Observation?code:in=ValueSet/../v0", 0), ("/Observation?code:in=urn:layer:12|9", 0),
    ("/Observation?code:below=%00|%00", 0), ("/Observation?code:below=a|b|c", 0),
    ("/Patient?nonsense=1", 0), ("/Patient?NAME=Nobody", 0), ("/Patient?name[]=Nobody", 0),
    ("/Patient/p1/Observation?code=none", 0), ("/Patient/nobody/Observation?code=8867-4", 0),
    ("/Patient/p1/Nobody?code=none", 0), ("/Patient/p1/*?code=none", 0),
]


class Others:
    """Somebody who searches all the while, and how long each search takes."""

    def __init__(self, server):
        self.client, self.times, self.phase = Client(server), {"quiet": [], "harassed": []}, "quiet"
        self.running, self.faults = True, 0
        self.thread = threading.Thread(target=self._search)
        self.thread.start()

    def _search(self):
        number = 0
        while self.running:
            number += 1
            begins = time.monotonic()
            status, text = self.client.ask("GET", f"/Patient?identifier={number % PATIENTS}")
            self.times[self.phase].append(time.monotonic() - begins)
            self.faults += status != 200 or json.loads(text)["entry"][0]["resource"]["id"] != (
                f"p{number % PATIENTS}")
            time.sleep(0.002)

    def stop(self):
        self.running = False
        self.thread.join()

    def told(self):
        parts = []
        for phase, times in self.times.items():
            times.sort()
            parts.append(f"{phase} {times[len(times) * 99 // 100] * 1000:.1f} ms"
                         f" ({len(times)} searches)")
        return "p99 of others: " + ", ".join(parts)


def judge(counter, what, status, text, most, seconds):
    what = what if len(what) < 120 else what[:100] + f"… ({len(what)} characters)"
    counter.check(seconds < SECONDS_MAX, what, "takes", round(seconds, 1), "s")
    if status == 200:
        bundle = json.loads(text)
        modes = [e["search"]["mode"] for e in bundle.get("entry", [])]
        counter.check(bundle["resourceType"] == "Bundle" and modes.count("match") <= most, what,
                      "has", modes.count("match"), "matches, not at most", most)
        counter.check(len(modes) <= 2 * PAGE_MAX, what, "has", len(modes), "entries")
        return
    if not counter.check(400 <= status < 500, what, "is answered", status, text[:200]):
        return
    if status in (414, 431) and not text.startswith("{"):
        return
    outcome = json.loads(text)
    counter.check(outcome["resourceType"] == "OperationOutcome" and outcome["issue"], what,
                  text[:200])


def ask(client, request):
    """(status, text, seconds)"""
    begins = time.monotonic()
    if request.startswith("+"):
        kind, form = request[1:].split(" ", 1)
        status, text = client.ask("POST", f"/{kind}/_search", form, FORM)
    else:
        status, text = client.ask("GET", request)
    return status, text, time.monotonic() - begins


def ids_of(text):
    return [e["resource"]["id"] for e in json.loads(text).get("entry", [])]


def next_link(client):
    """(ids of a first page, its next link)"""
    _, text = client.ask("GET", "/Patient?gender=male&_count=10")
    bundle = json.loads(text)
    links = [x["url"] for x in bundle["link"] if x["relation"] == "next"]
    return (ids_of(text),
            links[0].split("/fhir", 1)[1] if links else None)


def check_tampered(counter, client):
    """A next link that somebody changed is refused, or leads to the very page (its last character
    may have bits that say nothing); without what it is about it is the first page."""
    first, link = next_link(client)
    if not counter.check(link, "a next link"):
        return
    page = ids_of(client.ask("GET", link)[1])
    begin = max(link.rfind("="), link.rfind("/")) + 1
    changed = [link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1:]
               for at in range(begin, len(link))]
    for one in [*changed, link[:-1], link + "A", link + "&name=Nobody", link + "&_count=1000",
                link.replace("gender=male", "gender=female")]:
        status, text = client.ask("GET", one)
        ids = ids_of(text)
        counter.check(400 <= status < 500 or (one in changed[-1:] and ids == page), one,
                      "is answered", status, text[:100])
    status, text = client.ask("GET", link[:begin])
    ids = ids_of(text)
    counter.check(400 <= status < 500 or ids == first, link[:begin], "shows", ids)


def check_other_caller(counter, client, data):
    """A next link is for whoever got it."""
    _, link = next_link(client)
    for scope in (("patient/*.rs", "--patient", "p1"), ("system/Observation.rs",),
                  ("system/*.rs",)):
        made = hale("token", "--data", data, "--scope", *scope)
        other = Client(client.server)
        status, text = other.ask("GET", link, None,
                                 {"Authorization": "Bearer " + made.stdout.strip()})
        counter.check(400 <= status < 500, scope, "follows another's link:", status, text[:100])


def check_restart(counter, before, link, token, data):
    """A next link is still good after the server was started anew."""
    with Server(data) as server:
        server.token = token
        status, text = Client(server).ask("GET", link)
        ids = ids_of(text)
        counter.equal((status, ids), (200, before), "after a restart, a page is")


def main():
    counter = Counter()
    with Folder() as folder:
        path = folder / "records.ndjson"
        path.write_text("".join(json.dumps(r) + "\n" for r in records()))
        result = hale("import", "--data", folder / "data", path)
        counter.equal(result.returncode, 0, "import", result.stderr[-300:])
        with Server(folder / "data") as server:
            client, others = Client(server), Others(server)
            time.sleep(1)
            others.phase = "harassed"
            for request, most in HOSTILE:
                try:
                    status, text, seconds = ask(client, request)
                    judge(counter, request, status, text, most, seconds)
                except (http.client.HTTPException, OSError, ValueError, KeyError) as error:
                    counter.check(False, request[:100], repr(error))
            check_tampered(counter, client)
            check_other_caller(counter, client, folder / "data")
            _, link = next_link(client)
            page = ids_of(client.ask("GET", link)[1])
            others.stop()
            counter.equal(others.faults, 0, "wrong answers to others")
            print(others.told())
        check_restart(counter, page, link, server.token, folder / "data")
    counter.finish()


if __name__ == "__main__":
    main()
