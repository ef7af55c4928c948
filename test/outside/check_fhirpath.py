#!/usr/bin/env python3
"""HL7's tests of FHIRPath for R4, through `hale path`: values, types, order and what must fail.

An argument is a file to which each case is written with its outcome."""

import json
import sys

from outside import DATA, Counter, Folder, compact, hale, parse
from xml_resource import read

PREDICATE = "predicate"


def convert(folder, target):
    for path in sorted(folder.iterdir()):
        text = path.read_text(encoding="utf-8")
        out = compact(read(text)) if path.suffix == ".xml" else text
        (target / path.name).write_text(out, encoding="utf-8")
    (target / "none").write_text('{"resourceType":"Basic","code":{"text":"none"}}')


def expected(case):
    return [((e.get("type") or "").split(".")[-1], e["value"]) for e in case["expect"] or []]


def canonical(kind, text, wanted):
    """As the suite writes a value: a date behind '@'."""
    if kind in ("date", "dateTime", "instant", "time") and wanted.startswith("@"):
        return ("@T" if kind == "time" else "@") + text
    return text


def agrees(case, found):
    wanted = expected(case)
    if case.get(PREDICATE) == "true":
        truth = bool(found) if not (len(found) == 1 and found[0]["type"] == "boolean") \
            else found[0]["text"] == "true"
        return wanted == [("boolean", "true" if truth else "false")]
    if case.get("ordered") in (False, "false"):
        return sorted(v for _, v in wanted) == sorted(f["text"] for f in found)
    if len(found) != len(wanted):
        return False
    for value, (kind, text) in zip(found, wanted):
        lower = value["type"][0].lower() + value["type"][1:]
        if kind and kind[0].lower() + kind[1:] != lower:
            return False
        if text is not None and canonical(value["type"], value["text"], text) != text:
            return False
    return True


def main():
    counter = Counter()
    cases = DATA / "fhirpath" / "cases.ndjson"
    if not cases.exists():
        counter.skip(f"no {cases}")
        counter.finish()
    log = open(sys.argv[1], "w", encoding="utf-8") if len(sys.argv) > 1 else None
    with Folder() as folder:
        convert(cases.parent / "input", folder)
        for line in cases.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if not case["expression"]:
                counter.skip(case["id"] + " has no expression")
                continue
            words = ["--typed"] + (["--strict"] if case.get("mode") == "strict" else [])
            done = hale("path", *words, "--", case["expression"], folder / (case["input"] or "none"),
                        timeout=20)
            if case.get("invalid"):
                good, shown = done.returncode == 1, done.stdout
            else:
                found = parse(done.stdout) if done.returncode == 0 else None
                good = found is not None and agrees(case, found)
                shown = done.stderr if found is None else [(f["type"], f["text"]) for f in found]
            counter.check(good, case["id"], case["expression"], "gives", shown, "not", expected(case),
                          case.get("invalid", ""))
            if log:
                print("passed" if good else "failed", case["id"], file=log)
    counter.finish()


main()
