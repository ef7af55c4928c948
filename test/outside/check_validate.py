#!/usr/bin/env python3
"""`hale validate`: the official examples of R4 are valid, and each rule broken once is found.

The faults are made here, from examples: each breaks one invariant of the standard and no other."""

import json
import pathlib
import subprocess

from check_examples import FAULTY
from outside import HALE, PACKAGES, Counter, Folder

DEFINITIONS = {"SearchParameter", "ValueSet", "CodeSystem", "StructureDefinition", "ConceptMap",
               "OperationDefinition", "CompartmentDefinition", "NamingSystem"}
BATCH = 200
# Has an extension of US Core, which is no part of R4.
OF_OTHERS = {"Observation-example-genetics-brcapat"}
# Published with entries whose fullUrl is of another resource than the entry's.
WRONG_URLS = {"Bundle-10bb101f-a121-4264-a920-67be9cb82c74", "Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe",
              "Bundle-lri-example"}


def examples():
    for path in sorted((PACKAGES / "hl7.fhir.r4.examples").glob("*.json")):
        if path.name.split("-")[0] not in DEFINITIONS and path.name[0].isupper() \
                and path.stat().st_size < 2_000_000:
            yield path


def outcomes(paths):
    """(path, issues that are errors, warnings) for each."""
    for at in range(0, len(paths), BATCH):
        part = paths[at:at + BATCH]
        done = subprocess.run([HALE, "validate", *map(str, part)], capture_output=True, text=True)
        for path, line in zip(part, done.stdout.splitlines(), strict=True):
            issues = json.loads(line)["issue"]
            yield path, [i for i in issues if i["severity"] in ("error", "fatal")], issues


PATIENT = {"resourceType": "Patient", "text": {"status": "generated", "div":
           '<div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div>'}}
OBSERVATION = {**PATIENT, "resourceType": "Observation", "status": "final", "code": {"text": "x"}}

# rule -> a resource that breaks it, and how grave that is
FAULTS = {
    "pat-1": ({**PATIENT, "contact": [{"gender": "male"}]}, "error"),
    "cpt-2": ({**PATIENT, "telecom": [{"value": "1"}]}, "error"),
    "per-1": ({**PATIENT, "name": [{"text": "x", "period": {"start": "2021", "end": "2020"}}]}, "error"),
    "att-1": ({**PATIENT, "photo": [{"data": "AAAA"}]}, "error"),
    "ext-1": ({**PATIENT, "extension": [{"url": "http://example.org/x"}]}, "error"),
    "dom-3": ({**PATIENT, "contained": [
        {"resourceType": "Organization", "id": "o", "name": "x"}]}, "error"),
    "dom-6": ({"resourceType": "Patient", "active": True}, "warning"),
    "org-1": ({**PATIENT, "resourceType": "Organization"}, "error"),
    "obs-6": ({**OBSERVATION, "valueString": "x", "dataAbsentReason": {"text": "x"}}, "error"),
    "obs-7": ({**OBSERVATION, "code": {"coding": [{"code": "x"}]}, "valueString": "x", "component": [
        {"code": {"coding": [{"code": "x"}]}, "valueString": "y"}]}, "error"),
    "obs-3": ({**OBSERVATION, "referenceRange": [{"appliesTo": [{"text": "x"}]}]}, "error"),
    "qty-3": ({**OBSERVATION, "valueQuantity": {"value": 1, "code": "g"}}, "error"),
    "rng-2": ({**OBSERVATION, "valueRange": {"low": {"value": 2}, "high": {"value": 1}}}, "error"),
    "bdl-1": ({"resourceType": "Bundle", "type": "collection", "total": 1}, "error"),
    "bdl-5": ({"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:x:y"}]}, "error"),
    "bdl-7": ({"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "http://x/Basic/1", "resource": {"resourceType": "Basic", "id": "1", "code": {"text": "x"}}},
        {"fullUrl": "http://x/Basic/1", "resource": {"resourceType": "Basic", "id": "1", "code": {"text": "x"}}}]},
              "error"),
    "con-3": ({**PATIENT, "resourceType": "Condition", "subject": {"reference": "Patient/1"}, "category": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category",
                     "code": "problem-list-item"}]}]}, "warning"),
    "que-2": ({**PATIENT, "resourceType": "Questionnaire", "status": "draft", "item": [
        {"linkId": "1", "type": "string", "text": "a"}, {"linkId": "1", "type": "string", "text": "b"}]},
              "error"),
    "tim-1": ({**PATIENT, "resourceType": "ServiceRequest", "status": "draft", "intent": "order",
               "subject": {"reference": "Patient/1"},
               "occurrenceTiming": {"repeat": {"duration": 1}}}, "error"),
}


def seeded(counter, folder):
    paths = []
    for rule, (fault, _) in FAULTS.items():
        paths.append(pathlib.Path(folder) / f"{rule}.json")
        paths[-1].write_text(json.dumps(fault), encoding="utf-8")
    for path, _, issues in outcomes(paths):
        rule, severity = path.stem, FAULTS[path.stem][1]
        found = [i for i in issues if f"rule {rule} " in i["details"]["text"]]
        others = [i for i in issues if i not in found and i["severity"] == "error"]
        counter.check(found and found[0]["severity"] == severity and not others, rule, issues)


def main():
    counter = Counter()
    for path, errors, issues in outcomes(list(examples())):
        name = "/" + path.stem.replace("-", "/", 1)
        if name in FAULTY or path.stem in WRONG_URLS | OF_OTHERS:
            counter.check(errors, path.name, "is published with a fault that was not found")
        else:
            counter.check(not errors, path.name, [(e["details"]["text"], e.get("expression")) for e in errors])
            counter.check(not any("could not be checked" in i["details"]["text"] for i in issues),
                          path.name, [i["details"]["text"] for i in issues])
    with Folder() as folder:
        seeded(counter, folder)
    counter.finish()


if __name__ == "__main__":
    main()
