"""two_worlds.py PROGRAM [WORD…]: two practices that differ only in what a caller may not see answer alike.

Each pair of servers holds the same records, and secrets that are not the same: others in number, in kind, in what
they say, under the same ids and others, deleted ones. The same requests, drawn at random over every channel of
security 2.3 that there is, are sent to both in the name of each kind of caller; the answers must be the same to the
byte, but for times, ids the server drew, and the places in a log that pages and audit records are called by.
TWO_WORLDS_REQUESTS and TWO_WORLDS_SEED say how many, and which. Issue "How it is shown".
"""

import http.client
import json
import os
import random
import re
import sys
import time
import urllib.parse

import smart
from live import Server, run
from person import Browser, hale

PROGRAM = sys.argv[1]
REQUESTS = int(os.environ.get("TWO_WORLDS_REQUESTS", "900"))
SEED = int(os.environ.get("TWO_WORLDS_SEED", "7"))
ASKED = "user/*.cruds patient/*.cruds"
LEVEL = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
FHIR, FORM, PATCH = "application/fhir+json", "application/x-www-form-urlencoded", "application/json-patch+json"
PEOPLE = {"house": ("practitioner", "Practitioner/1"), "desk": ("front-desk", "Practitioner/3"),
          "bill": ("biller", "Practitioner/4"), "privacy": ("privacy-officer", "Practitioner/5"),
          "anne": ("patient", "Patient/anne"), "carer": ("proxy", "RelatedPerson/carer")}
NARROWER = {"anne": ("coded", "patient/Observation.rs?code=http://c|plain patient/Patient.rs"),
            "house": ("some", "user/Observation.rs?code=http://c|plain,http://c|secret user/Patient.rs")}
TYPES = ["Patient", "Observation", "Condition", "Encounter", "Appointment", "DocumentReference", "Coverage",
         "QuestionnaireResponse", "Composition", "Provenance", "Task", "Binary", "Practitioner"]
FORM_URL = "urn:x:form"
VERY = [{"system": LEVEL, "code": "V"}]
PRIVATE = [{"system": "urn:hale:privacy", "code": c} for c in ("private", "author:Practitioner/2")]


# ---- what is there ----

def code(word):
    return {"coding": [{"system": "http://c", "code": word}], "text": word}


def resource(type, id, patient, word, labels=()):
    whose = {"reference": "Patient/" + patient}
    body = {
        "Patient": {"name": [{"family": word}], "birthDate": "1980-01-01",
                    "identifier": [{"system": "urn:n", "value": word + id}]},
        "Observation": {"status": "final", "code": code(word), "subject": whose, "valueString": word,
                        "performer": [{"reference": "Practitioner/2"}], "effectiveDateTime": "2026-01-05"},
        "Condition": {"code": code(word), "subject": whose, "recordedDate": "2026-02-01"},
        "Encounter": {"status": "finished", "class": {"code": "AMB"}, "subject": whose, "type": [code(word)]},
        "Appointment": {"status": "proposed", "participant": [{"actor": whose, "status": "accepted"}],
                        "comment": word},
        "DocumentReference": {"status": "current", "subject": whose, "type": code(word),
                              "content": [{"attachment": {"title": word}}]},
        "Coverage": {"status": "active", "beneficiary": whose, "payor": [{"display": word}]},
        "QuestionnaireResponse": {"status": "completed", "questionnaire": FORM_URL + "|1", "subject": whose,
                                  "authored": "2026-01-06", "item": [{"linkId": "1", "text": word}]},
        "Composition": {"status": "final", "type": code(word), "subject": whose, "date": "2026-01-01",
                        "author": [{"reference": "Practitioner/2"}], "title": word},
        "Provenance": {"target": [{"reference": "Observation/" + id}], "recorded": "2026-01-01T00:00:00Z",
                       "agent": [{"who": {"reference": "Practitioner/2"}}]},
        "Task": {"status": "requested", "intent": "order", "for": whose, "code": code(word)},
        "Binary": {"contentType": "text/plain", "data": "c2VjcmV0"},
        "Practitioner": {"name": [{"family": word}]},
        "RelatedPerson": {"patient": whose, "name": [{"family": word}]},
    }[type]
    return {"resourceType": type, "id": id, **body, **({"meta": {"security": list(labels)}} if labels else {})}


def common():
    yield {"resourceType": "Questionnaire", "id": "form", "url": FORM_URL, "version": "1", "status": "active",
           "item": [{"linkId": "1", "text": "What", "type": "string"}]}
    for number in "12345":
        yield resource("Practitioner", number, "", "doctor" + number)
    for patient in ("anne", "bert"):
        yield resource("Patient", patient, patient, "family")
        yield resource("RelatedPerson", "carer" if patient == "anne" else "aunt", patient, "kin")
        for type in TYPES[1:-1]:
            for n in range(3):
                yield resource(type, f"{patient}-{n}", patient, random.choice(["plain", "common", "rare"]))


def secrets_of_all(draw, world):
    """What nobody of PEOPLE may see: very restricted records of others, private notes of a colleague."""
    for n in range(draw.randint(4, 9)):
        type, word = draw.choice(TYPES[:-1]), draw.choice(["secret", "common", "hidden" + str(world)])
        id = draw.choice([f"secret-{n}", f"world{world}-{n}"])
        yield resource(type, id, draw.choice(["bert", "secret-0"]), word, VERY)
    for n in range(draw.randint(3, 7)):
        type = draw.choice(["Observation", "Condition", "DocumentReference", "QuestionnaireResponse", "Composition",
                            "Provenance", "Task", "Binary"])
        yield resource(type, f"note-{n}", draw.choice(["anne", "bert"]), draw.choice(["secret", "common"]), PRIVATE)


def secrets_of_patients(draw, world):
    """What a patient may not see: anything of others."""
    for n in range(draw.randint(8, 20)):
        yield resource(draw.choice(TYPES[:-1]), draw.choice([f"secret-{n}", f"more{world}-{n}"]), "bert",
                       draw.choice(["secret", "common", "plain"]))


class World:
    def __init__(self, number):
        self.number = number
        self.server = Server(PROGRAM, "--behind-proxy")
        self.server.base = f"http://127.0.0.1:{self.server.port}"
        self.owner = self.server.token("system/*.cruds")
        self.tokens, self.names = {}, {}
        self.line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)

    def put(self, body):
        status, _, said = self.ask(self.owner, "PUT", f"{body['resourceType']}/{body['id']}", FHIR, json.dumps(body))
        assert status in (200, 201), (status, said)

    def put_secrets(self, secrets):
        draw = random.Random(SEED * 100 + self.number)
        for body in secrets(draw, self.number):
            self.put(body)
            if draw.random() < 0.2:
                self.put({**body, "language": "fr"})
            if draw.random() < 0.2:
                assert self.ask(self.owner, "DELETE", f"{body['resourceType']}/{body['id']}")[0] == 204

    def ask(self, token, method, path, kind=None, body=None, headers=None):
        self.line.request(method, "/fhir/" + path, body, {
            "Authorization": f"Bearer {token}", **({"Content-Type": kind} if kind else {}), **(headers or {})})
        answer = self.line.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")

    def sign_in(self):
        smart.server = self.server
        hale(PROGRAM, "client", "add", "--id", "everything", "--name", "Everything", "--redirect", smart.BACK,
             "--scope", ASKED, "--data", self.server.folder)
        for name, (role, linked) in PEOPLE.items():
            more = ["--patient", "anne"] if role == "proxy" else []
            browser = Browser(self.server.port)
            browser.take_up(hale(PROGRAM, "user", "add", name, "--role", role, "--linked", linked, *more, "--data",
                                 self.server.folder), smart.PASSWORD)
            assert browser.sign_in(name, smart.PASSWORD).status == 200
            self.tokens[name] = smart.App("everything").tokens(browser, ASKED)["access_token"]
            if name in NARROWER:
                self.tokens[NARROWER[name][0]] = smart.App("everything").tokens(
                    browser, NARROWER[name][1])["access_token"]

    def mask(self, text):
        def name(match):
            return self.names.setdefault(match[0], f"id{len(self.names)}")
        if text.startswith("%PDF"):  # the times in it are packed away
            return "%d pages" % len(re.findall(r"/Type */Page\b", text))
        text = text.replace(f"127.0.0.1:{self.server.port}", "HOST")
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", name, text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|%2B|\+00:00)", "TIME", text)
        text = re.sub(r'"next":"[^"]*"', '"next":"PLACE"', text)  # of GraphQL
        return re.sub(r'([?&](?:amp;)?_page=)[^"&\\]+', r"\1PLACE", text)

    def answer(self, who, method, path, kind=None, body=None, headers=None):
        status, said, text = self.ask(self.tokens[who], method, path, kind, body, headers)
        kept = {k.lower(): self.mask(v) for k, v in said.items()
                if k.lower() not in ("date", "last-modified", "x-request-id", "content-length")}
        return status, kept, self.mask(text), text


# ---- what is asked ----

class Asking:
    """Draws requests. Ids and words are of what is there, of secrets, and of nothing."""

    def __init__(self, draw):
        self.draw = draw

    def id(self):
        d = self.draw
        return d.choice([f"anne-{d.randrange(3)}", f"bert-{d.randrange(3)}", f"secret-{d.randrange(9)}", "anne", "bert",
                         f"world{d.randrange(2)}-{d.randrange(9)}", f"note-{d.randrange(7)}", "none", "secret-0",
                         f"more{d.randrange(2)}-{d.randrange(9)}", "1"])

    def type(self):
        return self.draw.choice(TYPES)

    def word(self):
        return self.draw.choice(["plain", "common", "rare", "secret", "hidden0", "hidden1", "none"])

    def term(self, type):
        d, code_of = self.draw, {"Encounter": "type", "DocumentReference": "type", "Composition": "type"}
        terms = [f"_id={self.id()}", f"_id={self.id()},{self.id()}", "_lastUpdated=gt2020-01-01",
                 f"_security={urllib.parse.quote(LEVEL + '|V')}", "_security=urn:hale:privacy%7Cprivate", "_tag=x",
                 f"_security:not={urllib.parse.quote(LEVEL + '|V')}", f"_content={self.word()}", f"_text={self.word()}"]
        if type in ("Observation", "Condition", "Encounter", "DocumentReference", "Composition", "Task"):
            name = code_of.get(type, "code")
            terms += [f"{name}={self.word()}", f"{name}:not={self.word()}", f"{name}:text={self.word()}",
                      f"{name}:missing=false", f"patient=Patient/{self.id()}", f"patient:Patient.name={self.word()}",
                      f"_filter={urllib.parse.quote(name + ' eq ' + self.word())}"] * 2
        elif type == "Patient":
            terms += [f"name={d.choice(['family', self.word()])}", "birthdate=1980-01-01", f"name:contains=s",
                      f"identifier=urn:n%7C{self.word()}{self.id()}", f"_has:Observation:patient:code={self.word()}",
                      f"_has:Condition:patient:_id={self.id()}", f"_has:Provenance:target:_id={self.id()}"] * 2
        elif type not in ("Binary", "Practitioner", "Provenance"):
            terms += [f"patient=Patient/{self.id()}", f"patient._id={self.id()}", "status:missing=false"]
        elif type == "Practitioner":
            terms += [f"_has:Composition:author:type={self.word()}", f"_has:Observation:performer:code={self.word()}"] * 2
        return d.choice(terms)

    def shape(self, type):
        d = self.draw
        shapes = ["_sort=-_lastUpdated", "_sort=_id", "_total=accurate", "_total=estimate", "_summary=count", "_count=2",
                  "_elements=id", "_summary=true", "_count=0", "_count=1&_sort=-_id"]
        if type not in ("Patient", "Binary", "Practitioner"):
            shapes += [f"_include={type}:patient", "_include=*", f"_include:iterate={type}:patient", "_sort=patient"]
        shapes += ["_revinclude=Observation:patient", "_revinclude=Provenance:target", "_revinclude=Composition:author",
                   "_revinclude:iterate=Task:patient"]
        return d.choice(shapes)

    def query(self, type):
        parts = [self.term(type) for _ in range(self.draw.choice([0, 1, 1, 1, 2]))]
        parts += [self.shape(type) for _ in range(self.draw.choice([0, 0, 1, 1, 2]))]
        return "&".join(parts)

    def body(self, type):
        return json.dumps(resource(type, self.id(), self.draw.choice(["anne", "bert", "secret-0"]), self.word()))

    def reading(self):
        d, type, id = self.draw, self.type(), self.id()
        return d.choice([
            ("GET", f"{type}/{id}"), ("GET", f"{type}/{id}"), ("GET", f"{type}/{id}/_history"),
            ("GET", f"{type}/{id}/_history/{d.randint(1, 3)}"), ("GET", f"{type}/_history?_count=20"),
            ("GET", "_history?_count=20"), ("GET", f"{type}/{id}/$meta"), ("GET", f"{type}/$meta"), ("GET", "$meta"),
            ("GET", f"Patient/{id}/$everything?_count=30"), ("GET", f"Patient/{id}/{type}?{self.query(type)}"),
            ("GET", f"Patient/{id}/*?_count=20"), ("HEAD", f"{type}/{id}"), ("GET", f"{type}/{id}?_summary=text"),
            ("GET", f"?_type={type},Observation&_id={id}"), ("GET", f"Patient/{id}/$access-log"),
            ("GET", f"{type}/{id}", None, None, {"If-None-Match": 'W/"1"'}),
            ("GET", f"{type}/$explain?{self.term(type)}"),
        ])

    def searching(self):
        type = self.type()
        if self.draw.random() < 0.2:
            return "POST", f"{type}/_search", FORM, self.query(type)
        return "GET", f"{type}?{self.query(type)}"

    def writing(self):
        d, type, id = self.draw, self.type(), self.id()
        patch = json.dumps([{"op": "test", "path": "/resourceType", "value": d.choice([type, "x"])}])
        reference = json.dumps({**json.loads(self.body("Task")), "focus": {"reference": f"{self.type()}/{self.id()}"}})
        entry = {"request": {"method": d.choice(["GET", "DELETE"]), "url": d.choice([
            f"{type}/{id}", f"{type}?{self.term(type)}"])}}
        return d.choice([
            ("PUT", f"{type}/{id}", FHIR, json.dumps({**json.loads(self.body(type)), "id": id})),
            ("PUT", f"{type}/{id}", FHIR, json.dumps({**json.loads(self.body(type)), "id": id}), {"If-Match": 'W/"1"'}),
            ("PATCH", f"{type}/{id}", PATCH, patch), ("DELETE", f"{type}/{id}"),
            ("POST", type, FHIR, self.body(type), {"If-None-Exist": self.term(type)}),
            ("PUT", f"{type}?{self.term(type)}", FHIR, self.body(type)), ("DELETE", f"{type}?{self.term(type)}"),
            ("PATCH", f"{type}?{self.term(type)}", PATCH, patch), ("POST", "Task", FHIR, reference),
            ("POST", f"{type}/{id}/$meta-add", FHIR, json.dumps({"resourceType": "Parameters", "parameter": [
                {"name": "meta", "valueMeta": {"tag": [{"system": "urn:t", "code": "x"}]}}]})),
            ("POST", f"{type}/$validate", FHIR, self.body(type)),
            ("POST", "", FHIR, json.dumps({"resourceType": "Bundle", "type": d.choice(["batch", "transaction"]),
                                           "entry": [entry]})),
        ])

    def graph(self):
        d, type, id = self.draw, self.type(), self.id()
        words = d.choice([
            f'{type}(id: "{id}") {{ id meta {{ versionId }} }}', f'{type}List(_id: "{id}") {{ id }}',
            f"{type}List(_count: 4) {{ id }}", f'{type}Connection(_id: "{id}") {{ count }}',
            f"{type}Connection(_count: 2) {{ count next edges {{ resource {{ id }} }} }}",
            f'Patient(id: "{id}") {{ id {type}List(_reference: patient) {{ id }} }}',
            f"TaskList {{ focus {{ reference resource(type: {type}, optional: true) {{ ... on {type} {{ id }} }} }} }}",
            "ProvenanceList { target { reference resource(optional: true) { ... on Observation { id valueString } } } }"])
        if d.random() < 0.2:
            return "GET", f"{type}/{id}/$graphql?query=" + urllib.parse.quote("{ id meta { versionId } }")
        return "POST", "$graphql", FHIR, json.dumps({"query": "{ " + words + " }"})

    def view(self):
        view = {"resourceType": "ViewDefinition", "status": "active", "resource": self.type(),
                "select": [{"column": [{"name": "id", "path": "id"}]}]}
        given = [{"name": "viewResource", "resource": view}, {"name": "_format", "valueCode": "json"},
                 {"name": "_limit", "valueInteger": self.draw.choice([1, 4, 60])}]
        if self.draw.random() < 0.4:
            given += [{"name": "patient", "valueReference": {"reference": "Patient/" + self.id()}}]
        return "POST", "ViewDefinition/$viewdefinition-run", FHIR, json.dumps(
            {"resourceType": "Parameters", "parameter": given})

    def note(self):
        d, number = self.draw, self.draw.randrange(7)
        response = "QuestionnaireResponse/" + d.choice([f"anne-{number % 3}", f"note-{number}", self.id()])
        words = json.dumps({"resourceType": "Parameters", "parameter": [
            {"name": name, "valueString": "addendum"} for name in ("kind", "reason", "text")]})
        return d.choice([
            ("GET", response + "/$check"), ("GET", response + "/$paper"), ("GET", f"Patient/{d.choice(['anne', 'bert', self.id()])}/$paper"),
            ("POST", response + "/$score"), ("POST", response + "/$sign"), ("POST", response + "/$cosign"),
            ("POST", response + "/$amend", FHIR, words)])

    def condition(self):
        """A reference that says what is looked for instead of what it leads to."""
        type = self.type()
        task = {**json.loads(self.body("Task")), "focus": {"reference": f"{type}?{self.term(type)}"}}
        return "POST", "", FHIR, json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": task, "request": {"method": "POST", "url": "Task"}}]})

    def request(self):
        return self.draw.choices([self.reading, self.searching, self.writing, self.graph, self.view, self.note,
                                  self.condition], [40, 60, 10, 12, 6, 14, 4])[0]()


# ---- both are asked ----

def ask_both(worlds, who, request):
    answers = [world.answer(who, *request) for world in worlds]
    assert answers[0][:3] == answers[1][:3], "\n".join(
        [f"{who} {request}"] + [f"{a[0]} {a[1]}\n{a[2]}" for a in answers])
    return answers


def follow(worlds, who, answers):
    """The pages behind, each world by its own links."""
    for _ in range(4):
        links = []
        for answer in answers:
            if answer[0] != 200 or '"relation":"next"' not in answer[3]:
                return
            said = json.loads(answer[3])
            links += [l["url"].partition("/fhir/")[2] for l in said["link"] if l["relation"] == "next"]
        answers = [world.answer(who, "GET", link) for world, link in zip(worlds, links)]
        assert answers[0][0] == answers[1][0] and answers[0][2] == answers[1][2], (who, links, answers)


def ask_at_random(worlds, callers, count, seed):
    draw = random.Random(seed)
    asking, kinds = Asking(draw), {}
    for _ in range(count):
        who, request = draw.choice(callers), asking.request()
        answers = ask_both(worlds, who, request)
        kinds[who, answers[0][0]] = kinds.get((who, answers[0][0]), 0) + 1
        if request[0] == "GET":
            follow(worlds, who, answers)
    for who in callers:  # it was no row of refusals, though most operations are refused to most of them
        assert kinds.get((who, 200), 0) * 40 > count / len(callers), (who, kinds)


def what_staff_may_not_see_makes_no_difference_to_anybody():
    ask_at_random(worlds, list(worlds[0].tokens), REQUESTS * 2 // 3, SEED)


def what_is_others_makes_no_difference_to_patients():
    for world in worlds:
        world.put_secrets(secrets_of_patients)
    ask_at_random(worlds, ["anne", "carer", "coded"], REQUESTS // 3, SEED + 1)


def it_would_be_seen_if_it_did():
    """The comparison itself: who may see the difference does."""
    owner = [world.ask(world.owner, "GET", "Observation?_summary=count")[2] for world in worlds]
    assert owner[0] != owner[1], "the worlds do not differ"


TESTS = [it_would_be_seen_if_it_did, what_staff_may_not_see_makes_no_difference_to_anybody,
         what_is_others_makes_no_difference_to_patients]
worlds = []


def main():
    try:
        for number in range(2):
            worlds.append(World(number))
        random.seed(SEED)
        for number, body in enumerate(common()):
            for world in worlds:
                world.put(body)
        for world in worlds:
            world.put_secrets(secrets_of_all)
            world.sign_in()
        time.sleep(1.1)
        return run(TESTS, sys.argv[2:])
    finally:
        for world in worlds:
            world.server.close()


if __name__ == "__main__":
    sys.exit(main())
