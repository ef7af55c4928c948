#!/usr/bin/env python3
"""Profiles, through `hale snapshot` and `hale validate`: published snapshots of US Core 6.1 and R4 are made
again from their differentials; US Core's examples conform to what they declare; each kind of rule of a
profile, broken once, is found."""

import copy
import json
import subprocess

from outside import DATA, HALE, PACKAGES, Counter, Folder, hale, unpack

# What a snapshot says that decides about resources.
DECIDES = ("min", "max", "contentReference", "maxLength")
PREFIXES = ("fixed", "pattern", "minValue", "maxValue")
SECONDS = 120

# Published with an entry whose fullUrl is of another resource.
FAULTY = {"66c8856b-ba11-4876-8aa8-467aad8c11a2"}
# Needs a definition that is not part of the package.
NEEDS_OTHERS = {"us-core-questionnaireresponse"}


def of_element(element):
    kept = {k: v for k, v in element.items() if k in DECIDES or k.startswith(PREFIXES)}
    kept["type"] = sorted(t["code"] + str(sorted(t.get("profile", []))) + str(sorted(t.get("targetProfile", [])))
                          for t in element.get("type", []))
    kept["binding"] = [element.get("binding", {}).get(k) for k in ("strength", "valueSet")]
    kept["constraint"] = sorted(c["key"] for c in element.get("constraint", []))
    return kept


def differences(ours, published):
    """(id, what differs) for each element."""
    a = {e["id"]: of_element(e) for e in ours["snapshot"]["element"]}
    b = {e["id"]: of_element(e) for e in published["snapshot"]["element"]}
    for name in sorted(set(a) | set(b)):
        if name not in a:
            yield name, "is only published"
        elif name not in b:
            yield name, "is only ours"
        else:
            for key in sorted(set(a[name]) | set(b[name])):
                if a[name].get(key) != b[name].get(key):
                    yield name, f"{key}: ours {a[name].get(key)} published {b[name].get(key)}"


def snapshots(counter, name, definitions, folder, lines_of_others, allowed):
    """Profiles without their snapshots must get them back."""
    with_path = folder / f"{name}.ndjson"
    with_path.write_text("\n".join(lines_of_others), encoding="utf-8")
    paths = []
    for number, definition in enumerate(definitions):
        bare = {k: v for k, v in definition.items() if k != "snapshot"}
        paths.append(folder / f"{name}-{number}.json")
        paths[-1].write_text(json.dumps(bare), encoding="utf-8")
    done = subprocess.run([HALE, "snapshot", "--with", str(with_path), *map(str, paths)],
                          capture_output=True, text=True, timeout=SECONDS)
    made = {d["url"]: d for d in map(json.loads, done.stdout.splitlines())}
    elements = wrong = 0
    told = []
    for definition in definitions:
        ours = made.get(definition["url"])
        if not counter.check(ours, definition["url"], "has no snapshot", done.stderr[-300:]):
            continue
        elements += len(definition["snapshot"]["element"])
        for place, what in differences(ours, definition):
            wrong += 1
            told.append(f"{definition['id']} {place}: {what}")
    print(f"{name}: {len(made)} snapshots, {elements} elements, {wrong} differences")
    for line in told[:12]:
        print("   ", line[:240])
    counter.check(wrong <= allowed * elements, name, "differs more than it did")


def us_core(name):
    data = unpack(DATA / "us-core" / f"us-core-6.1.0.{name}.ndjson.zst")
    return data and data.decode().splitlines()


def published_profiles():
    for path in sorted((PACKAGES / "hl7.fhir.r4.examples").glob("StructureDefinition-*.json")):
        definition = json.loads(path.read_text(encoding="utf-8"))
        if definition.get("derivation") == "constraint" and "differential" in definition and "snapshot" in definition \
                and definition["url"].startswith("http://hl7.org/fhir/StructureDefinition/"):
            yield definition


def validate(folder, resources, *words):
    """The issues of each resource."""
    paths = []
    for number, resource in enumerate(resources):
        paths.append(folder / f"resource-{number}.json")
        paths[-1].write_text(json.dumps(resource), encoding="utf-8")
    done = hale("validate", *words, *paths)
    return [json.loads(line)["issue"] for line in done.stdout.splitlines()]


def errors(issues):
    return [i for i in issues if i["severity"] in ("error", "fatal")]


def broken(patient, change):
    other = copy.deepcopy(patient)
    change(other)
    return other


OMB = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"

# what is broken -> (how, a word of the issue)
FAULTS = {
    "min": (lambda p: p.pop("gender"), "Patient.gender"),
    "min inside": (lambda p: p["identifier"][0].pop("system"), "Patient.identifier.system"),
    "invariant": (lambda p: p.update(name=[{"use": "official"}]), "us-core-6"),
    "a slice of an extension": (lambda p: p["extension"][0]["extension"].pop(-1), "text"),
    "the type of an extension's value": (
        lambda p: p["extension"][0]["extension"][-1].update(valueInteger=p["extension"][0]["extension"][-1].pop(
            "valueString") and 1), "must be string"),
    "an extension too many": (lambda p: p["extension"].append(p["extension"][0]), "at most"),
    "an extension out of place": (lambda p: p.update(
        name=[{**p["name"][0], "extension": [p["extension"][0]]}]), "may not stand here"),
}


def seeded(counter, folder, path, examples):
    patient = next(e for e in examples if e["resourceType"] == "Patient" and any(
        x["url"] == OMB for x in e.get("extension", [])))
    patient["extension"].sort(key=lambda x: x["url"] != OMB)
    found = validate(folder, [patient] + [broken(patient, how) for how, _ in FAULTS.values()],
                     "--with", path)
    counter.check(not errors(found[0]), "the example is valid", errors(found[0]))
    for (name, (_, word)), issues in zip(FAULTS.items(), found[1:], strict=True):
        counter.check(any(word in i["details"]["text"] for i in errors(issues)), name, errors(issues))


def main():
    counter = Counter()
    with Folder() as folder:
        snapshots(counter, "R4", list(published_profiles()), folder, [], 0.02)
        definitions, examples = us_core("definitions"), us_core("examples")
        if not definitions or not examples:
            counter.skip("US Core is not here, or cannot be unpacked")
            counter.finish()
        profiles = [d for d in map(json.loads, definitions) if d["id"] not in NEEDS_OTHERS and d["resourceType"] == "StructureDefinition"
                    and d.get("derivation") == "constraint" and "differential" in d]
        snapshots(counter, "us-core", profiles, folder, definitions, 0.02)
        path = folder / "us-core.ndjson"
        resources = [json.loads(line) for line in examples]
        for resource, issues in zip(resources, validate(folder, resources, "--with", path), strict=True):
            counter.check(bool(errors(issues)) == (resource["id"] in FAULTY), resource["resourceType"], resource["id"],
                          [(i["details"]["text"], i.get("expression")) for i in errors(issues)][:4])
        seeded(counter, folder, path, resources)
    counter.finish()


if __name__ == "__main__":
    main()
