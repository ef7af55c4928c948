#!/usr/bin/env python3
"""SQL on FHIR's tests of ViewDefinitions, through `hale view`: rows as multisets, and what must fail.

An argument is a file to which each case is written with its outcome."""

import csv
import io
import json
import sys

from outside import DATA, Counter, Folder, Number, compact, hale, parse


def same(rows, wanted):
    """As multisets; a column that is not said is null."""
    def key(row):
        return json.dumps(row, sort_keys=True)
    names = sorted({name for row in wanted for name in row})
    full = [{**dict.fromkeys(names), **row} for row in wanted]
    return sorted(map(key, rows)) == sorted(map(key, full))


def cell(value):
    if value is None:
        return ""
    return value if isinstance(value, str) and not isinstance(value, Number) else compact(value)


def csv_agrees(text, rows):
    """CSV tells the same as NDJSON."""
    found = list(csv.reader(io.StringIO(text, newline="")))
    if not rows:
        return len(found) == 1
    return found == [list(rows[0])] + [[cell(v) for v in row.values()] for row in rows]


def outcome(case, view, resources):
    done = hale("view", view, resources, timeout=20)
    if case.get("expectError"):
        return done.returncode == 1 and "hale view:" in done.stderr, done.stdout
    if done.returncode != 0:
        return False, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if "expectCount" in case and len(rows) != case["expectCount"]:
        return False, rows
    if "expectColumns" in case and rows and list(rows[0]) != case["expectColumns"]:
        return False, rows
    if "expect" in case and not same(rows, case["expect"]):
        return False, rows
    table = hale("view", "--format", "csv", view, resources, timeout=20)
    digits = [parse(line) for line in done.stdout.splitlines()]
    return csv_agrees(table.stdout, digits), table.stdout


def main():
    counter = Counter()
    files = sorted((DATA / "sql-on-fhir").glob("*.json"))
    if not files:
        counter.skip(f"no {DATA / 'sql-on-fhir'}")
        counter.finish()
    log = open(sys.argv[1], "w", encoding="utf-8") if len(sys.argv) > 1 else None
    with Folder() as folder:
        for path in files:
            suite = json.loads(path.read_text(encoding="utf-8"))
            resources = folder / "resources.ndjson"
            resources.write_text("".join(json.dumps(r) + "\n" for r in suite["resources"]),
                                 encoding="utf-8")
            for case in suite["tests"]:
                view = folder / "view.json"
                view.write_text(json.dumps(case["view"]), encoding="utf-8")
                good, shown = outcome(case, view, resources)
                counter.check(good, path.name, case["title"], "gives", shown, "not",
                              case.get("expect", "an error"))
                if log:
                    print("passed" if good else "failed", path.name, case["title"], file=log)
    counter.finish()


main()
