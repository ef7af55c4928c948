#!/usr/bin/env python3
"""HL7's tests of GraphQL for R4, through $graphql of a server that holds the examples: the data are compared
as JSON. The one search among them is written for a server that always finds the same two: of it the form
is compared."""

import json
import sys
import urllib.parse

from outside import DATA, Counter, Folder, Server, compact, hale
from xml_resource import read

LOADED = "graphql/examples"
# Two fields of one name are a list of both here; GraphQL has one object of them (October 2021, 6.4.3), and so has Hale.
MERGED = "extension-simple"


def load(folder):
    """The examples as lines; of one that is there in JSON and in XML the former."""
    lines = {}
    for path in sorted((DATA / LOADED).iterdir(), key=lambda p: p.suffix != ".json"):
        text = path.read_text(encoding="utf-8")
        resource = json.loads(text if path.suffix == ".json" else compact(read(text)))
        if resource.get("resourceType") != "Bundle" and "id" in resource:
            lines.setdefault((resource["resourceType"], resource["id"]), json.dumps(resource))
    source = folder / "examples.ndjson"
    source.write_text("\n".join(lines.values()) + "\n", encoding="utf-8")
    return source


def ask(server, case, query, post):
    path = "/" + case["context"].lstrip("/") if case["context"] else "/$graphql"
    variables = case.get("variables") or ({"var": True} if "$var" in query else None)
    if post:
        body = {"query": query, "operationName": case.get("operation"), "variables": variables}
        return server.ask("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    words = {"query": query}
    if variables:
        words["variables"] = json.dumps(variables)
    return server.ask("GET", path + "?" + urllib.parse.urlencode(words))


def merge(one, other):
    """Two results of one object as GraphQL merges them."""
    both = dict(one)
    for name, value in other.items():
        both[name] = merge(both[name], value) if isinstance(both.get(name), dict) else value
    return both


def as_merged(wanted):
    """What is wanted, with one object instead of a list of parts."""
    (name, (one, other)), = wanted.items()
    return {name: merge(one, other)}


def check_search(counter, name, data):
    page = data.get("PatientConnection", {})
    counter.check({"count", "pagesize", "edges"} <= set(page), name, "has", list(page))
    ids = [edge["resource"]["id"] for edge in page.get("edges", [])]
    counter.check("example" in ids and "xds" in ids, name, "finds", ids)
    counter.check(all(e["resource"]["active"] is True and e["mode"] == "match" for e in page.get("edges", [])),
                  name, "gives what was not searched for")


def main():
    counter = Counter()
    cases = DATA / "graphql" / "cases.ndjson"
    if not cases.exists():
        counter.skip(f"no {cases}")
        counter.finish()
    with Folder() as folder:
        done = hale("import", "--data", folder / "data", load(folder))
        counter.check(done.returncode in (0, 3), "import", done.stderr)
        with Server(folder / "data") as server:
            for line in cases.read_text(encoding="utf-8").splitlines():
                case = json.loads(line)
                query = (cases.parent / case["source"]).read_text(encoding="utf-8")
                for post in (True, False):
                    status, _, text = ask(server, case, query, post)
                    if case["output"] == "$error":
                        counter.check(status in (400, 422) and "GraphQL: " in text, case["name"], status, text)
                        continue
                    data = json.loads(text).get("data") if status == 200 else text
                    if case["name"] == "search-full" and status == 200:
                        check_search(counter, case["name"], data)
                        continue
                    wanted = json.loads((cases.parent / case["output"]).read_text(encoding="utf-8"))
                    if case["name"] == MERGED:
                        wanted = as_merged(wanted)
                    counter.equal(data, wanted, case["name"])
            published = json.loads((cases.parent / "server-tests.json").read_text(encoding="utf-8"))
            for group in ("instance-tests", "root-tests"):
                for name, test in published[group].items():
                    status, _, text = server.ask("GET", test["url"].replace('"', "%22"))
                    counter.equal(json.loads(text) if status == 200 else text, test["output"],
                                  group, name)
    counter.finish()


if __name__ == "__main__":
    sys.exit(main())
