#!/usr/bin/env python3
"""HL7's tests of FHIRPath Patch through HTTP: PUT the input, PATCH with the Parameters, GET and compare.

The JSON Patch cases are about documents that are no resources: test/fhir/test_patch.c has them. XML
Patch is not offered."""

import xml.etree.ElementTree as tree

from outside import DATA, Counter, Folder, Server, compact, parse
from xml_resource import FHIR, resource


def inner(case, name):
    part = case.find(name)
    node = next(iter(part), None) if part is not None else None
    return resource(node) if node is not None and node.tag.startswith(FHIR) else None


def check(counter, server, number, case):
    name, before, patch = case.get("name"), inner(case, "input"), inner(case, "diff")
    before["id"] = f"case{number}"
    path = f"/{before['resourceType']}/{before['id']}"
    status, _, text = server.ask("PUT", path, compact(before))
    if not counter.check(status in (200, 201), name, "PUT", status, text):
        return
    status, _, text = server.ask("PATCH", path, compact(patch))
    stored = parse(server.ask("GET", path)[2])
    stored.pop("meta")
    if case.find("error") is not None:
        counter.check(status == 422 and stored == parse(compact(before)), name, status, text)
        return
    after = inner(case, "output")
    after["id"] = before["id"]
    counter.check(status == 200, name, status, text)
    counter.equal(stored, parse(compact(after)), name)


def main():
    counter = Counter()
    cases = DATA / "patch" / "fhir-patch-tests.xml"
    if not cases.exists():
        counter.skip(f"no {cases}")
        counter.finish()
    with Folder() as folder, Server(folder / "data") as server:
        for number, case in enumerate(tree.parse(cases).getroot().iter("case")):
            check(counter, server, number, case)
    counter.finish()


main()
