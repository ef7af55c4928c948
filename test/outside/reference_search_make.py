"""Made-up resources of every type that hold something for each search parameter: the first few of
a type have all elements that parameters look at, the others some of them. Few different values, so
that searches find several. The same seed makes the same resources."""

import html
import json
import random
import re

OFTEN = {"Patient": 24, "Observation": 24, "Encounter": 12, "Condition": 12, "Practitioner": 8,
         "Organization": 8, "MedicationRequest": 10, "Procedure": 8, "DiagnosticReport": 8,
         "Location": 10, "Group": 6, "List": 6, "MolecularSequence": 6, "ImagingStudy": 6}
SELDOM = 5
FULL = 3  # so many of each type have everything
CODES_MAX = 9
TRIES_MAX = 100
DEPTH_MAX = 6

WORDS = ("Anna", "anna maria", "ANNABEL", "Müller", "Muller", "müllerin", "José", "Jose Luis",
         "Åse", "Øystein", "Čapek", "Nguyễn", "Smith", "Smithson", "Van der Berg", "Élan vital",
         "élan", "Straße", "Strasse 5", "北京", "Ωmega", "a,b", "c|d", "e$f")
SYSTEMS = ("http://loinc.org", "http://snomed.info/sct", "http://clinic.example/codes")
CODES = ("1234-5", "8867-4", "abc", "ABC", "a.b", "x y", "c,d", "p|q", "85354-9")
URIS = ("http://clinic.example/a", "http://clinic.example/a/b", "http://clinic.example/a/b/c",
        "http://other.example/x", "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7")
DATES = ("2019", "2020", "2020-02", "2020-02-29", "2020-03-01", "2021-12-31", "1969-07",
         "1955-05-05")
TIMES = ("2020-02-29T10:00:00Z", "2020-02-29T23:30:00-05:00", "2020-03-01T01:00:00+02:00",
         "2020-02-29T10:00:00.123Z", "2020-02-29T10:00:00.5+00:00", "2019-12-31T23:59:59Z",
         "2020-01-01T00:00:00+14:00", "1969-07-20T20:17:40Z", "2021-12-31T23:59:59.999-08:00")
DECIMALS = ("0", "1", "1.0", "5.4", "5.40", "-3.5", "100", "99.5", "100.49", "0.001", "1e2", "95",
            "104.9", "37.2")
UNITS = ("mg", "g", "kg", "ug", "cm", "m", "mg/dL", "g/L", "mm[Hg]", "/min")
PLACES = {"latitude": ("45.42", "45.5", "-33.86", "0", "51.5"),
          "longitude": ("-75.7", "-73.57", "151.2", "0", "-0.12")}
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
IDENTIFIERS = ("1", "2", "A-1", "a-1", "12345", "X|1", "7,8")
CONTACTS = ("+1 555 0100", "anna@clinic.example", "555-0101")


def looked_at(params):
    """Type -> paths of elements that its parameters speak of, and what leads there."""
    paths = {}
    for (kind, _), param in params.items():
        texts = [param.expression]
        wanted = paths.setdefault(kind, set())
        for text in texts:
            text = re.sub(r"\(([A-Za-z.]+) as \w+\)|\.(?:as|where|ofType)\([^()]*(?:\(\)[^()]*)?\)",
                          lambda m: m[1] or "", text)
            for path in re.findall(r"\b[A-Z]\w*(?:\.[a-z]\w*)+", text):
                words = path.split(".")
                if words[0] in (kind, "Resource", "DomainResource"):
                    for count in range(2, len(words) + 1):
                        wanted.add(".".join([kind] + words[1:count]))
        for _, component in param.components:
            for word in re.findall(r"(?<![.%\w])[a-z]\w*", component.text):
                wanted |= {f"{base}.{word}" for base in [*wanted, kind]}
    return paths


def extensions(params):
    """Type -> [(url, type of parameter)] of extensions that parameters look at."""
    found = {}
    for (kind, _), param in params.items():
        for url in re.findall(r"extension\('([^']+)'\)|extension\.where\(url ?= ?'([^']+)'\)",
                              param.expression):
            nested = "extension.value" in param.expression
            found.setdefault(kind, []).append(("".join(url), param.type, nested))
    return found


class Maker:
    def __init__(self, model, params, seed):
        self.model, self.draw = model, random.Random(seed)
        self.codes = {url: codes[:CODES_MAX] for url, codes in model.value_sets.items()}
        self.paths = looked_at(params)
        self.extensions = extensions(params)
        self.counts = {kind: OFTEN.get(kind, SELDOM) for kind in model.resources}
        self.turn = {}

    def ident(self, kind, number):
        return f"{kind.lower()[:40]}-{number}"

    def resources(self):
        """All of them, in one list."""
        return [self.resource(kind, number) for kind in sorted(self.model.resources)
                for number in range(self.counts[kind])]

    def complete(self, made, uncovered):
        """More resources for parameters that none of those made has a value for. `uncovered` tells
        the parameters of a list of resources; what is left of them goes out, too."""
        left = uncovered(made)
        for kind in sorted({kind for kind, _ in left}):
            for _ in range(TRIES_MAX):
                wanted = {code for other, code in left if other == kind}
                if not wanted:
                    break
                one = self.resource(kind, self.counts[kind], full=True)
                found = wanted - {code for _, code in uncovered([one]) if _ == kind}
                if found:
                    made.append(one)
                    self.counts[kind] += 1
                    left -= {(kind, code) for code in found}
        return made, left

    def resource(self, kind, number, full=False):
        made = {"resourceType": kind, "id": self.ident(kind, number)}
        full = full or number < FULL
        chance = 1.0 if full else self.draw.choice((0.9, 0.5, 0.2))
        made.update(self.structure(kind, kind, kind, chance, 0))
        meta = self.meta(full)
        if meta:
            made["meta"] = meta
        self.extend(made, kind, chance)
        made.pop("text", None)
        if "contained" in self.model.elements[kind] and self.draw.random() < 0.7:
            made["text"] = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/'
                            f'xhtml">{html.escape(self.word())} <b>{html.escape(self.word())}'
                            "</b></div>"}
        made.pop("implicitRules", None)
        made.pop("contained", None)
        if kind == "Bundle":
            made["type"] = "collection"
        if kind == "List" and number % 3:  # a list with a name
            made["status"] = "current" if number % 2 else "retired"
            made["code"] = {"coding": [self.draw.choice((
                {"system": "http://loinc.org", "code": "11450-4"},
                {"system": "http://loinc.org", "code": "10160-0"}))]}
        return made

    def meta(self, full):
        meta = {}
        if full or self.draw.random() < 0.3:
            meta["profile"] = ["http://clinic.example/fhir/" + self.draw.choice("pq")]
            meta["tag"] = [self.coding()]
            meta["source"] = self.draw.choice(URIS)
            meta["security"] = [{"system": CONFIDENTIALITY, "code": self.draw.choice("NR")}]
        return meta

    def extend(self, made, kind, chance):
        for url, what, nested in self.extensions.get(kind, []):
            if self.draw.random() > chance:
                continue
            key, value = {"string": ("valueString", self.word()),
                          "date": ("valueDateTime", self.time()),
                          "reference": ("valueReference", self.reference(["Patient"])),
                          }.get(what, ("valueCodeableConcept", self.concept()))
            if nested:
                made.setdefault("extension", []).append(
                    {"url": url,
                     "extension": [{"url": "ombCategory", "valueCoding": self.coding()}]})
            else:
                made.setdefault("extension", []).append({"url": url, key: value})

    def structure(self, owner, route, root, chance, depth):
        """Elements of a structure; `route` is how it was come to, in the words of expressions."""
        made = {}
        for element in self.model.elements[owner].values():
            name = element.base
            if name in ("id", "extension", "modifierExtension", "meta", "contained"):
                continue
            path = f"{route}.{name}"
            wanted = path in self.paths.get(root, ())
            if element.min == 0 and not (wanted and self.draw.random() < chance):
                continue
            if depth > DEPTH_MAX:
                continue
            made.update(self.element(element, path, root, chance, depth))
        return made

    def something(self, owner):
        """For a structure that must be there and has nothing: its first plain element."""
        for element in self.model.elements[owner].values():
            if element.types and element.types[0] in ("code", "uri", "string", "integer"):
                return self.element(element, "", owner, 0, 0)
        return {}

    def element(self, element, path, root, chance, depth):
        if element.refers:
            pairs = [(element.base, element.refers)]
        else:
            pairs = [p for p in element.keys()]
        place = self.turn.get(path, self.draw.randrange(100))
        self.turn[path] = place + 1
        key, kind = pairs[place % len(pairs)]
        count = self.draw.choice((1, 1, 2)) if element.many else 1
        values = [self.value(element, kind, path, root, chance, depth) for _ in range(count)]
        values = [v for v in values if v not in (None, {}, [])]
        if not values:
            return {}
        return {key: values if element.many else values[0]}

    def value(self, element, kind, path, root, chance, depth):
        special = getattr(self, "make_" + kind, None)
        if special:
            return special(element)
        if kind == "Resource":
            return None
        if kind == "code" or (element.required and kind in ("CodeableConcept", "Coding")):
            return self.coded(element, kind)
        made = self.structure(kind, path, root, chance, depth + 1)
        return made or (self.something(kind) if element.min else None)

    # --- values of each type

    def word(self):
        return self.draw.choice(WORDS)

    def time(self):
        return self.draw.choice(TIMES)

    def coded(self, element, kind):
        codes = self.codes.get(element.value_set) or [(None, self.draw.choice(("en", "a1", "b2")))]
        place = self.turn[element.path + "="] = self.turn.get(element.path + "=", -1) + 1
        system, code = codes[place % len(codes)]
        coding = {"system": system, "code": code} if system else {"code": code}
        return {"code": code, "Coding": coding, "CodeableConcept": {"coding": [coding]}}[kind]

    def coding(self):
        made = {"code": self.draw.choice(CODES)}
        if self.draw.random() < 0.85:
            made["system"] = self.draw.choice(SYSTEMS)
        if self.draw.random() < 0.5:
            made["display"] = self.word()
        return made

    def concept(self):
        made = {"coding": [self.coding() for _ in range(self.draw.choice((1, 1, 2)))]}
        if self.draw.random() < 0.5:
            made["text"] = self.word()
        return made

    def reference(self, targets):
        targets = [t for t in targets if t in self.model.resources] or sorted(self.model.resources)
        only = len(targets) == 1  # else it would not say what type it means
        if self.draw.random() < 0.6 and "Patient" in targets:
            targets = ["Patient"]
        kind = self.draw.choice(targets)
        ident = self.ident(kind, self.draw.randrange(self.counts[kind]))
        chance = self.draw.random()
        if chance < 0.05 and only:
            return {"identifier": self.make_Identifier(None)}
        if chance < 0.1:
            return {"reference": f"http://other.example/fhir/{kind}/{ident}"}
        if chance < 0.14:
            return {"reference": f"{kind}/{ident}/_history/1"}
        if chance < 0.18:
            return {"reference": f"{kind}/never-stored"}
        if chance < 0.3:
            return {"reference": f"{kind}/{ident}", "identifier": self.make_Identifier(None)}
        return {"reference": f"{kind}/{ident}"}

    def make_Reference(self, element):
        return self.reference(element.targets if "Resource" not in element.targets else [])

    def make_Coding(self, element):
        return self.coded(element, "Coding") if element.required else self.coding()

    def make_CodeableConcept(self, element):
        return self.coded(element, "CodeableConcept") if element.required else self.concept()

    def make_Identifier(self, element):
        made = {"value": self.draw.choice(IDENTIFIERS)}
        if self.draw.random() < 0.8:
            made["system"] = self.draw.choice(SYSTEMS)
        if self.draw.random() < 0.4:
            made["type"] = self.concept()
        return made

    def make_ContactPoint(self, element):
        return {"system": self.draw.choice(("phone", "email")), "value": self.draw.choice(CONTACTS)}

    def make_HumanName(self, element):
        return {"family": self.word(), "given": [self.word(), self.word()], "use": "official"}

    def make_Address(self, element):
        return {"line": [self.word()], "city": self.word(), "country": self.word(),
                "state": self.word(), "postalCode": self.draw.choice(("K1A 0B1", "10115")),
                "use": "home"}

    def make_Period(self, element):
        ends = sorted(self.draw.sample(("2019-01-01", "2020-02-29", "2020-03-01", "2021-06-30"), 2))
        chance = self.draw.random()
        made = {"start": ends[0], "end": ends[1]}
        if chance < 0.2:
            del made["end"]
        elif chance < 0.3:
            del made["start"]
        return made

    def make_Timing(self, element):
        return self.draw.choice((
            {"event": [self.draw.choice(DATES), self.time()]},
            {"repeat": {"boundsPeriod": self.make_Period(None)}}))

    def amount(self):
        value = self.draw.choice(DECIMALS)
        return {"value": _Number(value)}

    def make_Quantity(self, element):
        made = self.amount()
        chance = self.draw.random()
        if chance < 0.85:
            made["unit"] = self.draw.choice(UNITS)
        if chance < 0.7:
            made.update({"system": "http://unitsofmeasure.org", "code": made["unit"]})
        return made

    make_SimpleQuantity = make_Duration = make_Count = make_Distance = make_Quantity

    def make_Age(self, element):
        return {"value": _Number(self.draw.choice(("20", "30.5", "41"))), "unit": "a",
                "system": "http://unitsofmeasure.org", "code": "a"}

    def make_Money(self, element):
        return {**self.amount(), "currency": self.draw.choice(("CAD", "USD"))}

    def make_Range(self, element):
        unit = {"unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
        low, high = sorted(self.draw.sample((1, 5, 20, 100), 2))
        return {"low": {"value": low, **unit}, "high": {"value": high, **unit}}

    def make_Attachment(self, element):
        return {"url": self.draw.choice(URIS), "contentType": "text/plain",
                "language": self.draw.choice(("en", "de"))}

    def make_Extension(self, element):
        return None

    def make_Narrative(self, element):
        return None

    def make_Meta(self, element):
        return None

    def make_string(self, element):
        return self.word()

    make_markdown = make_string

    def make_boolean(self, element):
        return self.draw.random() < 0.5

    def make_integer(self, element):
        return self.draw.choice((1, 2, 50, 100, 128))

    make_positiveInt = make_unsignedInt = make_integer

    def make_decimal(self, element):
        if element.base in PLACES:
            return _Number(self.draw.choice(PLACES[element.base]))
        return _Number(self.draw.choice(DECIMALS))

    def make_date(self, element):
        return self.draw.choice(DATES)

    def make_dateTime(self, element):
        return self.draw.choice(DATES + TIMES)

    def make_instant(self, element):
        return self.draw.choice(TIMES)

    def make_time(self, element):
        return "10:00:00"

    def make_uri(self, element):
        return self.draw.choice(URIS)

    make_url = make_uri

    def make_canonical(self, element):
        return self.draw.choice(URIS[:4]) + self.draw.choice(("", "", "|1.0", "|2.0"))

    def make_id(self, element):
        return self.draw.choice(("i1", "i2"))

    def make_oid(self, element):
        return "urn:oid:1.2.3"

    def make_uuid(self, element):
        return URIS[4]

    def make_base64Binary(self, element):
        return "YWJj"

    def make_xhtml(self, element):
        return None


class _Number(str):
    """Digits as they are to stand in JSON."""


def as_text(resource):
    """JSON in one line, numbers with the digits that were meant."""
    if isinstance(resource, _Number):
        return str(resource)
    if isinstance(resource, dict):
        return "{" + ",".join(json.dumps(k) + ":" + as_text(v) for k, v in resource.items()) + "}"
    if isinstance(resource, list):
        return "[" + ",".join(map(as_text, resource)) + "]"
    return json.dumps(resource)
