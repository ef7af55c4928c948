#!/usr/bin/env python3
"""Searches against a second opinion: an evaluator in memory that scans all resources for each
search, made from the published definitions and R4's words alone. Made-up resources of every type,
searches by every parameter, then random ones, also by callers who may not see everything; ids,
includes, totals and the order must agree. Each difference is told in its smallest form.

HALE_SEARCHES=50000 asks so many, also over Synthea patients where they are at hand; HALE_SEED draws
others."""

import itertools
import json
import os
import random
import re
from collections import Counter as Tally
from fractions import Fraction

from check_search import Refused, ask, follow
from outside import DATA, Counter, Folder, Server, hale, parse, short, unpack
from reference_search_ask import WITHOUT, WITHOUT_OF, Asker
from reference_search_make import Maker, as_text
from reference_search_match import Rules
from reference_search_path import Model
from reference_search_records import Records, read_parameters

SEARCHES = int(os.environ.get("HALE_SEARCHES", "1500"))
SEED = int(os.environ.get("HALE_SEED", "4"))
DIFFERENCES_MAX = 15
SMALL = 20  # entries of a page

# What must agree. A search that needs something else is asked and told, but not demanded.
MUST_AGREE = {
    "_content", "_text", "_filter", "_has", "_include", "_include:iterate", "_list", "_revinclude", "_sort", "_type",
    "any type", "chain", "compartment of Device", "compartment of Encounter",
    "compartment of Patient", "compartment of Practitioner", "compartment of RelatedPerson",
    "composite", "composite or Range", "composite with system|", "composite with unit", "date", "missing", "number", "quantity",
    "quantity or Range", "reference", "reference:[type]", "reference:identifier", "special", "string",
    "string:contains", "string:exact", "token", "token:not", "token:of-type", "token:text", "uri",
    "uri:above", "uri:below",
}

# Where R4 leaves a choice: if these say different things, a search is not asked.
READINGS = [Rules(Fraction(8, 100)), Rules(Fraction(12, 100), True, True)]


# Parameters that no made-up resource has a value for: the components of the first are the wrong way
# round as published, and the second needs an extension that says what it is.
NOT_MADE = {("DocumentReference", "relationship"), ("QuestionnaireResponse", "item-subject")}


# Refusals that are as good as finding nothing: of a type that this caller may not search, and of
# chains and _has by a reference that cannot point there.
MAY_REFUSE = ("refused: 403", "a reference that never points to this type",
              "the types it points to have no such search parameter")


class Caller:
    """Somebody else who asks the same server."""

    def __init__(self, server, data, *scope):
        made = hale("token", "--data", data, "--scope", *scope)
        self.server, self.token = server, made.stdout.strip()
        if made.returncode != 0:
            raise RuntimeError("hale token: " + made.stderr)

    def ask(self, method, path, body=None, headers=None):
        return self.server.ask(method, path, body,
                               {**(headers or {}), "Authorization": "Bearer " + self.token})


class Comparison:
    """One server and the records that it should hold."""

    def __init__(self, counter, server, records):
        self.counter, self.server, self.records = counter, server, records
        self.asked, self.differing, self.refused = Tally(), Tally(), Tally()
        self.told = 0

    def expected(self, search):
        """(ids, includes), or None where the answer is a matter of reading."""
        answers = [self.records.search(search.url(), rules) for rules in READINGS]
        return answers[0] if answers[0] == answers[1] else None

    def difference(self, search, count=1000, post=False):
        """What is wrong with the server's answer, or None."""
        expected = self.expected(search)
        if expected is None:
            return None
        url = search.url(("_count", str(count)), ("_total", "accurate"))
        if post:
            path, form = url.split("?", 1)
            bundle = ask(self.server, "POST", path.rstrip("/") + "/_search", form)
        else:
            bundle = ask(self.server, "GET", url)
        matches, includes, faults = follow(self.server, bundle)
        ids = matches
        includes -= set(ids)  # of small pages: what another one has as a match
        if len(set(ids)) != len(ids):
            faults.append("a match comes twice")
        if bundle.get("total") != len(expected[0]):
            faults.append(f"total {bundle.get('total')}, not {len(expected[0])}")
        if set(ids) != expected[0]:
            faults.append(f"lacking {short(sorted(expected[0] - set(ids))[:4])}, "
                          f"too much {short(sorted(set(ids) - expected[0])[:4])}")
        if includes != expected[1] and set(ids) == expected[0]:
            faults.append(f"included: lacking {short(sorted(expected[1] - includes)[:4])}, "
                          f"too much {short(sorted(includes - expected[1])[:4])}")
        keys = dict(search.controls).get("_sort")
        if keys and not faults and not self.in_order(search.kind, keys.split(","), ids):
            faults.append("not in the order of " + keys)
        return "; ".join(faults) or None

    def limited(self, search, count=1000, post=False):
        """The difference; by small pages if with large ones too much would come along."""
        try:
            return self.difference(search, count, post)
        except Refused as refusal:
            if not str(refusal).startswith("413") or count <= SMALL:
                raise
            return self.difference(search, SMALL, post)

    def in_order(self, kind, keys, names):
        """Under one of the readings; what has no value comes last."""
        for end, spaces, strokes in itertools.product((0, 1), (False, True), (False, True)):
            rules = Rules(spaces=spaces, strokes=strokes)
            places = [[self.place(kind, key, name.split("/")[1], end, rules) for key in keys]
                      for name in names]
            if all(a <= b for a, b in itertools.pairwise(places)):
                return True
        return False

    def place(self, kind, key, ident, end, rules):
        down = key.startswith("-")
        code = key.removeprefix("-")
        values = self.records.values(kind, code).get(ident)
        if not values:
            return (1,)
        if self.records.params[kind, code].type == "string":
            folded = [rules.fold(v) for v in values if rules.fold(v)]
            if not folded:
                return (1,)
            return (0, _Down(max(folded)) if down else min(folded))
        numbers = [v[end] if isinstance(v, tuple) else v for v in values]
        return (0, -max(numbers) if down else min(numbers))

    def may_refuse(self, search, refusal):
        """Whether a refusal is right: there is nothing to find, or a type was named in _type that
        this caller may not search."""
        if not search.kind and dict(search.controls).get("_type") and "403" in refusal:
            return True
        return not self.expected(search)[0] and any(may in refusal for may in MAY_REFUSE)

    def check(self, search, count=1000):
        if self.expected(search) is None or not search.asks():
            return
        demanded = search.features <= MUST_AGREE
        for feature in search.features:
            self.asked[feature] += 1
        try:
            wrong = self.limited(search, count, sum(self.asked.values()) % 5 == 0)
        except Refused as refusal:
            wrong = "refused: " + str(refusal)
            if self.may_refuse(search, wrong):
                wrong = None
            for feature in search.features if wrong else ():
                self.refused[feature] += 1
        if wrong is None:
            self.counter.passed += 1
            return
        for feature in search.features:
            self.differing[feature] += 1
        if demanded:
            self.counter.failed += 1
        else:
            self.counter.skipped += 1
        if demanded or os.environ.get("HALE_SEARCH_ALL"):
            self.tell(search, wrong)

    def tried(self, search):
        """What is wrong when it is asked once more, by GET, or None."""
        try:
            return self.limited(search) if search.asks() else None
        except Refused as refusal:
            return "refused: " + str(refusal)

    def tell(self, search, wrong):
        """The smallest search that still differs."""
        self.told += 1
        if self.told > DIFFERENCES_MAX:
            return
        while True:
            smaller = ((less, self.tried(less)) for less in search.smaller())
            found = next(((less, why) for less, why in smaller if why), None)
            if not found:
                break
            search, wrong = found
        print("FAILED", search.url(), wrong, flush=True)

    def summary(self, what):
        """What is not demanded yet, and how far it is."""
        for feature in sorted(self.asked):
            if feature not in MUST_AGREE:
                print(f"{what}, {feature}: of {self.asked[feature]} searches with it "
                      f"{self.refused[feature]} are refused, "
                      f"{self.differing[feature] - self.refused[feature]} differ", flush=True)


class _Down(str):
    """Text that sorts the other way."""

    def __lt__(self, other):
        return str.__gt__(self, other)

    def __le__(self, other):
        return str.__ge__(self, other)


def uncovered(params, resources):
    """(type, code) of parameters that find nothing in these resources."""
    records = Records(*params, [parse(as_text(r)) for r in resources])
    return {(kind, code) for kind, code in params[1]
            if kind in records.types and (kind, code) not in WITHOUT_OF
            and code not in WITHOUT and code != "_lastUpdated" and not records.values(kind, code)}


def learn_moments(server, resources):
    """Puts the server's meta.lastUpdated into the records: when it took them, it alone can know."""
    held = {(r["resourceType"], r["id"]): r for r in resources}
    for kind in sorted({kind for kind, _ in held}):
        for entry in server.pages(f"/{kind}?_count=1000&_elements=id"):
            key = kind, entry["resource"]["id"]
            if key in held:
                held[key].setdefault("meta", {})["lastUpdated"] = (
                    entry["resource"]["meta"]["lastUpdated"])


def visible(caller, resources):
    """What this caller can read: all that searches may know of."""
    return [r for r in resources
            if caller.ask("GET", f"/{r['resourceType']}/{r['id']}")[0] == 200]


def compare_callers(counter, server, data, resources, params, draw):
    """Whoever may see less searches as if the rest were not there: matches, totals, order, what
    chains and _has go through, what is included. Half of the searches know what is hidden."""
    asked = Tally(r["subject"].get("reference") for r in resources
                  if isinstance(r.get("subject"), dict))
    patient = next(name for name, _ in asked.most_common()
                   if name and re.fullmatch(r"Patient/[^/]+", name)).split("/")[1]
    for what, scope in (("a patient", ("patient/*.rs", "--patient", patient)),
                        ("few types", ("system/Patient.rs system/Observation.rs "
                                       "system/Practitioner.rs system/Group.rs",))):
        caller = Caller(server, data, *scope)
        seen = visible(caller, resources)
        counter.check(5 < len(seen) < len(resources), what, "sees", len(seen))
        askers = [Asker(Records(*params, held), draw) for held in (seen, resources)]
        comparison = Comparison(counter, caller, Records(*params, seen))
        for _ in range(SEARCHES // 3):
            comparison.check(draw.choice(askers).search())
        comparison.summary(what)


def compare(counter, folder, what, resources, lines, params, count):
    path = folder / "records.ndjson"
    path.write_text("".join(line + "\n" for line, r in zip(lines, resources)
                            if r["resourceType"] != "Bundle"))
    result = hale("import", "--data", folder / "data", path)
    counter.equal(result.returncode, 0, what, "import", result.stderr[-300:])
    draw = random.Random(SEED)
    with Server(folder / "data") as server:
        for line, resource in zip(lines, resources):
            if resource["resourceType"] == "Bundle":
                status, _, text = server.ask("PUT", "/Bundle/" + resource["id"], line)
                counter.equal(status, 201, what, "PUT", resource["id"], text[:200])
        learn_moments(server, resources)
        records = Records(*params, resources)
        asker = Asker(records, draw)
        comparison = Comparison(counter, server, records)
        if what == "made up":
            for search in asker.every():
                comparison.check(search)
        for _ in range(count):
            comparison.check(asker.search(), 7 if draw.random() < 0.05 else 1000)
        comparison.summary(what)
        if what == "made up":
            compare_callers(counter, server, folder / "data", resources, params, draw)


def check_evaluator(counter, params):
    """The second opinion itself, on searches whose answers others have worked out."""
    for folder, records, searches in (
            ("inferno", "reference-data.ndjson.zst", "us-core-searches.ndjson"),
            ("search", "dataset.ndjson.zst", "queries.ndjson.zst")):
        lines = unpack(DATA / folder / records)
        if lines is None:
            counter.skip("no searches with known answers, or no zstd")
            continue
        held = Records(*params, [parse(line) for line in lines.decode().splitlines()])
        asked = (unpack(DATA / folder / searches) if searches.endswith(".zst")
                 else (DATA / folder / searches).read_bytes())
        for query in map(json.loads, asked.splitlines()):
            found, included = held.search(query["url"], READINGS[1])
            counter.equal(len(found), query.get("total", len(query.get("match", ()))),
                          "evaluator", query["url"])
            counter.equal((found if "match" in query else set(), included),
                          (set(query.get("match", ())), set(query.get("include", ()))),
                          "evaluator", query["url"])


def main():
    counter = Counter()
    model = Model()
    params = model, *read_parameters(model)
    maker = Maker(model, params[1], SEED)
    made, left = maker.complete(maker.resources(), lambda resources: uncovered(params, resources))
    counter.equal(left, NOT_MADE, "parameters without a value in any resource")
    # Those that are stored are found behind the log's own: test/talk has that.
    lines = [as_text(r) for r in made if r["resourceType"] != "AuditEvent"]
    with Folder() as folder:
        compare(counter, folder, "made up", [parse(line) for line in lines], lines, params,
                SEARCHES)
    if "HALE_SEARCHES" in os.environ:
        check_evaluator(counter, params)
        synthea = unpack(DATA / "search" / "dataset.ndjson.zst")
        if synthea is None:
            counter.skip("no Synthea patients, or no zstd")
        else:
            lines = synthea.decode().splitlines()
            with Folder() as folder:
                compare(counter, folder, "Synthea", [parse(line) for line in lines], lines, params,
                        SEARCHES // 4)
    counter.finish()


if __name__ == "__main__":
    main()
