#!/usr/bin/env python3
"""What the CapabilityStatement and docs/api.md claim, against what the server does: every search
parameter, include, modifier and operation that is claimed is taken; what is not claimed is refused."""

import json
import re

from outside import SOURCE, Counter, Folder, Server

# A value that each modifier takes.
VALUES = {"missing": "true", "identifier": "x", "of-type": "urn:s|c|v", "ofType": "urn:s|c|v",
          "in": "http://hl7.org/fhir/ValueSet/administrative-gender",
          "not-in": "http://hl7.org/fhir/ValueSet/administrative-gender",
          "above": "http://hl7.org/fhir/administrative-gender%7Cmale",
          "below": "http://hl7.org/fhir/administrative-gender%7Cmale"}

# A parameter of each type that takes all that its type takes. of-type is for identifiers.
SAMPLES = {"number": ("RiskAssessment", "probability"), "date": ("Patient", "birthdate"),
           "string": ("Patient", "name"), "token": ("Patient", "gender"),
           "reference": ("Observation", "subject"), "composite": ("Observation", "code-value-date"),
           "quantity": ("Observation", "value-quantity"), "uri": ("ValueSet", "url"),
           "special": ("Location", "near")}
MODIFIERS = ("missing", "exact", "contains", "not", "text", "in", "not-in", "above", "below",
             "of-type", "ofType", "identifier")


def refusals(server, path, values):
    """Which of so many values are refused, halving what is asked together."""
    if not values:
        return []
    status, _, text = server.ask("GET", path + "&".join(values))
    if status == 200:
        return []
    if len(values) == 1:
        return [f"{values[0]}: {status} {text[:200]}"]
    middle = len(values) // 2
    return refusals(server, path, values[:middle]) + refusals(server, path, values[middle:])


def batches(values, size):
    return [values[at:at + size] for at in range(0, len(values), size)]


def check_resource(counter, server, resource):
    kind = resource["type"]
    names = [p["name"] for p in resource.get("searchParam", [])]
    counter.equal(len(set(names)), len(names), kind, "each parameter once")
    wrong = refusals(server, f"/{kind}?_count=0&", [name + "=" for name in names])
    for member, word in (("searchInclude", "_include"), ("searchRevInclude", "_revinclude")):
        for some in batches(resource.get(member, []), 30):
            wrong += refusals(server, f"/{kind}?_count=1&", [f"{word}={value}" for value in some])
    counter.check(not wrong, kind, "claims what it refuses:", "; ".join(wrong))
    status, _, _ = server.ask("GET", f"/{kind}?no-such-parameter=x")
    counter.equal(status, 400, kind, "an unknown parameter")


def check_unclaimed(counter, server, resources):
    """What another type claims is refused by those that do not."""
    claimed = {r["type"]: {p["name"] for p in r.get("searchParam", [])} for r in resources}
    every = set().union(*claimed.values())
    for kind in sorted(claimed):
        taken = [name for name in sorted(every - claimed[kind])[::7]
                 if server.ask("GET", f"/{kind}?{name}=x")[0] != 400]
        counter.equal(taken, [], kind, "takes parameters that it does not claim")


def check_modifiers(counter, server, documentation):
    claimed = {kind: set(words.replace(":", "").split())
               for words, kind in re.findall(r"((?: :[\w-]+)+) \((\w+)\)", documentation)}
    counter.equal(sorted(claimed), sorted(set(SAMPLES) - {"composite"}), "types with modifiers")
    for kind, (resource, name) in SAMPLES.items():
        for word in MODIFIERS:
            value = VALUES.get(word, "x")
            sample = name
            if word in ("of-type", "ofType") and kind == "token":
                sample = "identifier"
            status, _, text = server.ask("GET", f"/{resource}?{sample}:{word}={value}&_count=0")
            counter.equal(status, 200 if word in claimed.get(kind, ()) else 400, resource,
                          f"{sample}:{word}", text[:200])


def operations_of(statement):
    """(name, whether of the system) of all that is claimed."""
    rest = statement["rest"][0]
    found = {(o["name"], True) for o in rest.get("operation", [])}
    return found | {(o["name"], False) for r in rest["resource"] for o in r.get("operation", [])}


def check_operations(counter, server, statement, page):
    claimed = operations_of(statement)
    told = re.findall(r"^\| (`(?:GET|POST)\b.*?)\|", page, re.MULTILINE)
    on_page = {(name, not kind) for row in told
               for kind, name in re.findall(r"[` ]([…/\w]*)/\$([\w-]+)", row)}
    counter.equal(sorted({n for n, _ in on_page}), sorted({n for n, _ in claimed}),
                  "operations in docs/api.md and in the CapabilityStatement")
    counter.equal(sorted(n for n, system in on_page if system),
                  sorted(n for n, system in claimed if system),
                  "operations of the system in docs/api.md and in the CapabilityStatement")
    for resource in statement["rest"][0]["resource"]:
        for operation in resource.get("operation", []):
            found = {server.ask(method, f"/{resource['type']}{place}/${operation['name']}?",
                                "{}" if method == "POST" else None)[2].count("is not offered there")
                     for method in ("GET", "POST") for place in ("", "/x")}
            counter.check(0 in found, resource["type"], operation["name"], "is offered nowhere")


def check_page(counter, server, page, documentation):
    """The table of modifiers, and the names that R4 has and Hale has not."""
    row = next(line for line in page.splitlines() if line.startswith("| modifiers |"))
    told = {word for word in re.findall(r"`:([\w-]+)`", row) if word != "Type"}
    claimed = set(re.findall(r" :([\w-]+)", documentation)) - {"ofType"}
    counter.equal(sorted(told), sorted(claimed), "modifiers in docs/api.md")
    for name in re.findall(r"`(_\w+)`", re.search(r"Not offered: (.*)", page).group(1)):
        counter.equal(server.ask("GET", f"/Patient?{name}=x")[0], 400, name, "is said not to be there")


def main():
    counter = Counter()
    page = (SOURCE / "docs" / "api.md").read_text(encoding="utf-8")
    with Folder() as folder, Server(folder / "data") as server:
        status, _, text = server.ask("GET", "/metadata")
        counter.equal(status, 200, "metadata")
        statement = json.loads(text)
        rest = statement["rest"][0]
        stored = [r for r in rest["resource"] if r["type"] != "AuditEvent"]
        for resource in stored:
            check_resource(counter, server, resource)
        check_unclaimed(counter, server, stored)
        wrong = refusals(server, "/?_count=0&", [p["name"] + "=" for p in rest["searchParam"]])
        counter.check(not wrong, "the system claims what it refuses:", "; ".join(wrong))
        check_modifiers(counter, server, rest["documentation"])
        check_operations(counter, server, statement, page)
        check_page(counter, server, page, rest["documentation"])
    counter.finish()


if __name__ == "__main__":
    main()
