#!/usr/bin/env python3
"""Two sets of searches with known answers: 966 over Synthea patients, 629 that the US Core suites
send. Each is asked by GET, by POST _search, with _total=accurate and with _summary=count; all pages
are followed. What matches, what is included and how many there are must agree with the files.

A family of searches must pass once it stands in MUST_PASS; the others are asked, and told as
skipped, until then. HALE_SEARCH_ALL=1 counts them as failures, too."""

import hashlib
import json
import os
import re
import time
from collections import Counter as Tally

from outside import DATA, Counter, Folder, Server, hale, short, unpack

# Families of searches that must pass. One is added when it does.
MUST_PASS = {
    "_has", "_id", "chain", "chain-encounter", "combo", "date-day", "date-eb", "date-exact",
    "date-ge", "date-gt", "date-le", "date-lt", "date-month", "date-range", "date-sa", "date-year",
    "include", "missing", "quantity-ge", "quantity-gt", "quantity-le", "quantity-lt",
    "quantity-unit", "ref-encounter", "ref-id", "ref-or", "ref-subject", "ref-type-id",
    "ref-type-modifier", "revinclude", "string", "string-contains", "string-exact", "string-prefix", "token",
    "token-not", "token-or", "token-system", "token-system-only", "us-core", "us-core-optional",
    "us-core-revinclude",
}

# This Observation has Period.stop, which R4 does not know: refused as it is. It is stored without
# it, so that every search has what it looks for.
FAULTY = "3c766796-d8a0-480f-8215-f1e7e3afab21"

# Searches that are not answered as the file says: url -> reason.
KNOWN_REFUSALS = {
    "/Location?name=ADULT%20AND%20PEDIATRIC%20DERMATOLOGY%2C%20P.C.":
        "two values, the second \" P.C.\": without its punctuation what begins with \"pc\" is found",
}

# Pages of different sizes, so that answers have from one to many of them.
GET_COUNT, POST_COUNT = 100, 33
MANY, MANY_COUNT = 400, 1000

PATIENCE = 30  # times that an answer is asked for again
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Refused(Exception):
    """The server answered with something else than a searchset."""


def ask(server, method, path, form=None):
    """The Bundle of one request; of an index that is still being made, when it is done."""
    for _ in range(PATIENCE):
        status, headers, text = server.ask(method, path, form, FORM if form is not None else None)
        if status != 503:
            break
        time.sleep(min(5, int(headers.get("Retry-After", 1))))
    if status != 200:
        raise Refused(f"{status} {text[:200]}")
    bundle = json.loads(text)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise Refused("not a searchset")
    return bundle


def follow(server, bundle):
    """(matches, includes, faults) of all pages, in order."""
    matches, includes, faults = [], set(), []
    while True:
        on_page = set()
        for entry in bundle.get("entry", []):
            resource = entry.get("resource", {})
            name = f"{resource.get('resourceType')}/{resource.get('id')}"
            mode = entry.get("search", {}).get("mode")
            if name in on_page:
                faults.append(f"{name} is on a page twice")
            on_page.add(name)
            if not entry.get("fullUrl", "").endswith("/fhir/" + name):
                faults.append(f"{name} has the fullUrl {entry.get('fullUrl')}")
            if mode == "match":
                matches.append(name)
            elif mode == "include":
                includes.add(name)
            else:
                faults.append(f"{name} has the mode {mode}")
        links = [x["url"] for x in bundle.get("link", []) if x["relation"] == "next"]
        if not links:
            return matches, includes, faults
        bundle = ask(server, "GET", links[0].split("/fhir", 1)[1])


def differences(expected, matches, includes, faults):
    """What is wrong with an answer, as texts."""
    wrong = list(faults)
    if len(set(matches)) != len(matches):
        wrong.append("a match comes twice")
    if expected["match"] is not None:
        lacking = sorted(expected["match"] - set(matches))
        beyond = sorted(set(matches) - expected["match"])
        if lacking:
            wrong.append(f"{len(lacking)} lacking: {short(lacking[:3])}")
        if beyond:
            wrong.append(f"{len(beyond)} too much: {short(beyond[:3])}")
    digest = hashlib.sha256("\n".join(sorted(set(matches))).encode()).hexdigest()
    if expected["digest"] and digest != expected["digest"]:
        wrong.append(f"{len(matches)} matches, not the {expected['total']} expected")
    if includes != expected["include"]:
        wrong.append(f"includes {short(sorted(includes)[:3])} ({len(includes)}), "
                     f"not {short(sorted(expected['include'])[:3])} ({len(expected['include'])})")
    return wrong


def check_total(server, path, separator, control, total):
    bundle = ask(server, "GET", f"{path}{separator}{control}")
    wrong = []
    if bundle.get("total") != total:
        wrong.append(f"{control}: total {bundle.get('total')}, not {total}")
    if control == "_summary=count" and "entry" in bundle:
        wrong.append(f"{control}: has entries")
    return wrong


def check_query(server, expected):
    """All ways of asking one search; what is wrong, as texts."""
    path = expected["url"]
    kind, _, query = path.partition("?")
    separator = "&" if query else "?"
    many = expected["total"] > MANY
    ways = {
        "GET": ("GET", f"{path}{separator}_count={MANY_COUNT if many else GET_COUNT}", None),
        "POST": ("POST", kind + "/_search",
                 query + ("&" if query else "") + f"_count={MANY_COUNT if many else POST_COUNT}"),
    }
    wrong, orders = [], []
    for name, (method, target, form) in ways.items():
        try:
            matches, includes, faults = follow(server, ask(server, method, target, form))
        except (Refused, KeyError, ValueError) as error:
            wrong.append(f"{name}: {error}")
            continue
        wrong += [f"{name}: {text}" for text in differences(expected, matches, includes, faults)]
        orders.append(matches)
    if len(orders) == 2 and orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]):
        wrong.append("GET and POST differ in their order")
    for control in ("_total=accurate", "_summary=count"):
        try:
            wrong += check_total(server, path, separator, control, expected["total"])
        except (Refused, ValueError) as error:
            wrong.append(f"{control}: {error}")
    return wrong


def check_set(counter, server, queries):
    """Asks all; a line for each family that is not wholly right."""
    asked, right = Tally(), Tally()
    everything = os.environ.get("HALE_SEARCH_ALL")
    for expected in queries:
        family = expected["family"]
        wrong = check_query(server, expected)
        if expected["url"] in KNOWN_REFUSALS:
            counter.check(wrong, expected["url"], "is answered now:", "take it off the list")
            continue
        asked[family] += 1
        right[family] += not wrong
        if not wrong:
            counter.passed += 1
        elif family in MUST_PASS or everything:
            counter.check(False, family, expected["url"], "; ".join(wrong))
        else:
            counter.skipped += 1
    for family in sorted(asked):
        if right[family] < asked[family]:
            print(f"{family}: {right[family]} of {asked[family]} right"
                  + ("" if family in MUST_PASS else ", not demanded yet"), flush=True)


def load(counter, folder, name, lines, status):
    path = folder / (name + ".ndjson")
    path.write_bytes(lines)
    result = hale("import", "--data", folder / name, path)
    counter.equal(result.returncode, status, name, "hale import ends with", result.stderr[-300:])
    return folder / name


def check_synthea(counter, folder):
    lines = unpack(DATA / "search" / "dataset.ndjson.zst")
    queries = unpack(DATA / "search" / "queries.ndjson.zst")
    if lines is None or queries is None:
        counter.skip("no set of searches over Synthea patients, or no zstd")
        return
    expected = []
    for line in queries.splitlines():
        query = json.loads(line)
        expected.append({
            "family": query["family"], "url": query["url"], "total": query["total"],
            "match": set(query["match"]) if "match" in query else None,
            "digest": query["match_sha256"], "include": set(query.get("include", []))})
    with Server(load(counter, folder, "synthea", lines, 0)) as server:
        check_set(counter, server, expected)


def us_core_family(query):
    if "_revinclude" in query["url"]:
        return "us-core-revinclude"
    if "_include" in query["url"]:
        return "us-core-include"
    return "us-core-optional" if query.get("optional") else "us-core"


def check_us_core(counter, folder):
    lines = unpack(DATA / "inferno" / "reference-data.ndjson.zst")
    if lines is None:
        counter.skip("no reference data of the US Core suites, or no zstd")
        return
    mended = [line for line in lines.decode().splitlines() if f'"id":"{FAULTY}"' in line]
    counter.equal(len(mended), 1, "us-core: the faulty Observation")
    expected = []
    for line in (DATA / "inferno" / "us-core-searches.ndjson").read_text().splitlines():
        query = json.loads(line)
        expected.append({
            "family": us_core_family(query), "url": query["url"], "total": len(query["match"]),
            "match": set(query["match"]), "digest": None, "include": set(query["include"])})
    with Server(load(counter, folder, "us-core", lines, 3)) as server:
        status, _, text = server.ask("PUT", f"/Observation/{FAULTY}",
                                     re.sub(r',"stop":"[^"]*"', "", mended[0]))
        counter.equal(status, 201, "us-core: the mended Observation", short(text))
        check_set(counter, server, expected)


def main():
    counter = Counter()
    if not DATA.is_dir():
        counter.skip(f"{DATA} is not there")
        counter.finish()
    for check in (check_us_core, check_synthea):
        with Folder() as folder:
            check(counter, folder)
    counter.finish()


if __name__ == "__main__":
    main()
