#!/usr/bin/env python3
"""Real records, in by `hale import` and by POST: counts for each type, resources read at random,
$everything and histories agree with what is worked out here from the files. Bounded in time: all
files are imported, some patients are posted. HALE_OUTSIDE_ALL=1 posts them all."""

import json
import os
import random
import re
from collections import Counter as Tally

from outside import (DATA, Counter, Folder, Server, compact, hale, parse, short, unpack,
                     unpack_folder, without_server_meta)

# An Observation of the Inferno data has Period.stop, which R4 does not know: refused as it is,
# taken when it is mended.
FAULTY = "3c766796-d8a0-480f-8215-f1e7e3afab21"
POSTED_PATIENTS = 10
READS = 400
SUPPORTING = {"Practitioner", "PractitionerRole", "Organization", "Location", "Medication",
              "Device", "Group", "Endpoint"}


class Expected:
    """What should be there: (type, id) -> resource as it should come back."""

    def __init__(self):
        self.resources = {}
        self.by_identifier = {}

    def put(self, resource):
        self.resources[resource["resourceType"], resource["id"]] = resource
        for identifier in resource.get("identifier", []) if isinstance(
                resource.get("identifier"), list) else []:
            key = (resource["resourceType"],
                   f"{identifier.get('system', '')}|{identifier.get('value', '')}")
            self.by_identifier[key] = resource["id"]

    def has_identifier(self, kind, criteria):
        return (kind, criteria.split("identifier=", 1)[1]) in self.by_identifier

    def conditional(self, reference):
        kind, query = reference.split("?", 1)
        return f"{kind}/{self.by_identifier[kind, query.split('identifier=', 1)[1]]}"

    def tally(self):
        return Tally(kind for kind, _ in self.resources)


def rewrite(value, targets, expected):
    """The value with references into the Bundle, and by identifier, made into Type/id."""
    if isinstance(value, dict):
        out = {k: rewrite(v, targets, expected) for k, v in value.items()}
        reference = out.get("reference")
        if isinstance(reference, str) and not isinstance(reference, dict):
            if reference in targets:
                out["reference"] = targets[reference]
            elif re.match(r"^[A-Za-z]+\?", reference):
                out["reference"] = expected.conditional(reference)
        return out
    if isinstance(value, list):
        return [rewrite(v, targets, expected) for v in value]
    return value


def expect_bundle(expected, bundle, ids=None):
    """Adds a Bundle of POSTs; `ids` are those the server gave, else those of the urns."""
    targets, kept = {}, []
    for i, entry in enumerate(bundle["entry"]):
        kind = entry["resource"]["resourceType"]
        criteria = entry["request"].get("ifNoneExist")
        ident = ids[i] if ids else entry["fullUrl"].removeprefix("urn:uuid:")
        if criteria and expected.has_identifier(kind, criteria):
            ident = expected.by_identifier[kind, criteria.split("identifier=", 1)[1]]
        else:
            kept.append((entry, ident))
        targets[entry["fullUrl"]] = f"{kind}/{ident}"
    for entry, ident in kept:
        resource = rewrite(entry["resource"], targets, expected)
        expected.put({**resource, "id": ident})


def check_counts(counter, server, expected, what):
    for kind, count in sorted(expected.tally().items()):
        if kind != "AuditEvent":  # the log's own are counted, too
            counter.equal(server.total(kind), count, what, kind, "count")


def check_reads(counter, server, expected, what, draw):
    keys = sorted(expected.resources)
    for kind, ident in draw.sample(keys, min(READS, len(keys))):
        status, back = server.get(f"/{kind}/{ident}")
        wanted = expected.resources[kind, ident]
        if counter.equal(status, 200, what, kind, ident, "read"):
            counter.equal(without_server_meta(back), without_server_meta(wanted), what, kind,
                          ident)


def references(value):
    """All Reference.reference texts in a resource."""
    found, work = set(), [value]
    while work:
        item = work.pop()
        if isinstance(item, dict):
            if isinstance(item.get("reference"), str):
                found.add(item["reference"])
            work.extend(item.values())
        elif isinstance(item, list):
            work.extend(item)
    return found


def check_everything(counter, server, expected, patients, what):
    mentions = {}
    for key, resource in expected.resources.items():
        for reference in references(resource):
            if reference.startswith("Patient/"):
                mentions.setdefault(reference.split("/")[1], set()).add(key)
    for patient in patients:
        wanted = mentions.get(patient, set()) | {("Patient", patient)}
        wanted = {key for key in wanted if key[0] not in SUPPORTING or key[0] == "Device"}
        entries = server.pages(f"/Patient/{patient}/$everything?_count=500")
        got = {(e["resource"]["resourceType"], e["resource"]["id"]) for e in entries}
        own = [e for e in entries if e["resource"]["resourceType"] not in SUPPORTING]
        counter.equal(len({(e["resource"]["resourceType"], e["resource"]["id"]) for e in own}),
                      len(own), what, patient, "$everything without doubles")
        counter.equal(wanted - got, set(), what, patient, "$everything lacks")
        others = {key for key in got - wanted if key[0] not in SUPPORTING}
        counter.equal(others, set(), what, patient, "$everything has too much")


def check_versions(counter, server, keys, count, what):
    for kind, ident in keys:
        entries = server.pages(f"/{kind}/{ident}/_history")
        counter.equal([e["resource"]["meta"]["versionId"] for e in entries],
                      [str(n) for n in range(count, 0, -1)], what, kind, ident, "history")


def import_files(counter, data, files, what, status=0):
    result = hale("import", "--data", data, *files)
    counter.check(result.returncode == status, what, "hale import ends with", result.returncode,
                  short(result.stderr[-300:]))
    return result


def check_synthea(counter, folder, draw):
    unpacked = folder / "synthea"
    unpacked.mkdir()
    if not unpack_folder(DATA / "synthea" / "synthea-2.7.0-120-patients.bundles.tar.zst", unpacked):
        counter.skip("no Synthea records, or no zstd")
        return
    files = sorted(unpacked.rglob("*.json"))
    shared = [f for f in files if f.name.startswith("0-hospital")] + [
        f for f in files if f.name.startswith("0-practitioner")]
    patients = [f for f in files if f not in shared]
    check_synthea_import(counter, folder / "imported", shared, patients, draw)
    patients.sort(key=lambda f: f.stat().st_size)
    if not os.environ.get("HALE_OUTSIDE_ALL"):
        patients = patients[:POSTED_PATIENTS]
    check_synthea_post(counter, folder / "posted", shared, patients, draw)


def check_synthea_import(counter, data, shared, patients, draw):
    expected = Expected()
    for path in [*shared, *patients]:
        expect_bundle(expected, parse(path.read_text()))
    import_files(counter, data, [*shared, *patients], "synthea")
    sample = draw.sample(sorted(expected.resources), 30)
    people = [i for kind, i in sorted(expected.resources) if kind == "Patient"]
    with Server(data) as server:
        check_counts(counter, server, expected, "synthea imported")
        check_reads(counter, server, expected, "synthea imported", draw)
        check_everything(counter, server, expected, draw.sample(people, 5), "synthea imported")
        check_versions(counter, server, sample, 1, "synthea imported")
    import_files(counter, data, [*shared, *patients[:20]], "synthea again")
    with Server(data) as server:
        check_counts(counter, server, expected, "synthea imported again")
        check_versions(counter, server, sample, 1, "synthea imported again")


def check_synthea_post(counter, data, shared, patients, draw):
    expected = Expected()
    people = []
    with Server(data) as server:
        for path in [*shared, *patients]:
            bundle = parse(path.read_text())
            status, _, text = server.ask("POST", "", compact(bundle))
            if not counter.equal(status, 200, "POST", path.name, short(text)):
                continue
            answer = parse(text)
            counter.equal(len(answer["entry"]), len(bundle["entry"]), path.name, "entries")
            statuses = {e["response"]["status"][:3] for e in answer["entry"]}
            counter.check(statuses <= {"200", "201"}, path.name, "statuses", statuses)
            ids = [e["response"]["location"].split("/_history")[0].split("/")[-1]
                   for e in answer["entry"]]
            expect_bundle(expected, bundle, ids)
            if path in patients:
                people.append(ids[0])
        check_counts(counter, server, expected, "synthea posted")
        check_reads(counter, server, expected, "synthea posted", draw)
        check_everything(counter, server, expected, people[:4], "synthea posted")


def check_bulk(counter, folder, draw):
    """NDJSON of a bulk export, in alphabetical order: its references are searches for what comes
    in later files (Practitioner?identifier=…)."""
    unpacked = folder / "bulk"
    unpacked.mkdir()
    if not unpack_folder(DATA / "synthea" / "bulk-export-10-patients.partial.tar.zst", unpacked):
        counter.skip("no bulk export of Synthea, or no zstd")
        return
    files = sorted(f for f in unpacked.rglob("*.ndjson") if f.name != "log.ndjson")
    resources = [parse(line) for f in files for line in f.read_text().splitlines()]
    expected = Expected()
    for resource in resources:
        expected.put(resource)
    searches = {r for resource in resources for r in references(resource) if "?" in r}
    counter.check(len(searches) > 50, "bulk: references that are searches", len(searches))
    for resource in resources:
        expected.put(rewrite(resource, {}, expected))
    import_files(counter, folder / "data", files, "bulk")
    with Server(folder / "data") as server:
        check_counts(counter, server, expected, "bulk")
        check_reads(counter, server, expected, "bulk", draw)
    again = import_files(counter, folder / "data", files, "bulk again")
    counter.check(f"{len(resources)} of them unchanged" in again.stderr, "bulk again: unchanged",
                  short(again.stderr))


def check_inferno(counter, folder, draw):
    lines = unpack(DATA / "inferno" / "reference-data.ndjson.zst")
    if lines is None:
        counter.skip("no Inferno records, or no zstd")
        return
    path = folder / "inferno.ndjson"
    path.write_bytes(lines)
    expected = Expected()
    for line in lines.decode().splitlines():
        expected.put(parse(line))
    del expected.resources["Observation", FAULTY]
    result = import_files(counter, folder / "inferno", [path], "inferno", status=3)
    counter.check("'stop'" in result.stderr and "line " in result.stderr, "inferno: the fault told")
    rejected = parse((folder / "inferno.ndjson.rejected.ndjson").read_text())
    counter.equal(rejected["id"], FAULTY, "inferno: the fault kept")
    people = [i for kind, i in expected.resources if kind == "Patient"]
    with Server(folder / "inferno") as server:
        check_counts(counter, server, expected, "inferno")
        check_reads(counter, server, expected, "inferno", draw)
        check_everything(counter, server, expected, people, "inferno")
    check_inferno_post(counter, folder)


def check_inferno_post(counter, folder):
    unpacked = folder / "inferno-bundles"
    unpacked.mkdir()
    unpack_folder(DATA / "inferno" / "reference-server-bundles.tar.zst", unpacked)
    with Server(folder / "inferno-posted") as server:
        for path in sorted(unpacked.rglob("*.json")):
            text = path.read_text()
            sent = json.loads(text)
            if sent["resourceType"] != "Bundle":
                status, _, answer = server.ask("PUT", f"/{sent['resourceType']}/{sent['id']}", text)
                counter.equal(status, 201, "PUT", path.name, short(answer))
                continue
            if FAULTY in text:
                status, _, answer = server.ask("POST", "", text)
                counter.check(status == 400 and "'stop'" in answer, "POST", path.name, "refused")
                text = text.replace('"stop":', '"end":')
            status, _, answer = server.ask("POST", "", text)
            counter.equal(status, 200, "POST", path.name, short(answer))
            counter.equal(len(json.loads(answer).get("entry", [])), len(sent["entry"]), path.name)


def published_fault(resource):
    """Whether a definition lacks what the standard demands, as a few of the published ones do."""
    kind = resource["resourceType"]
    return ((kind == "SearchParameter" and "base" not in resource)
            or (kind == "ImplementationGuide" and "status" not in resource)
            or (kind, resource["id"]) == ("Questionnaire", "qs1") or len(resource["id"]) > 64)


def definition_lines(name):
    """The resources of one file. Bundles are unpacked by the import: those of definitions are
    expected with their entries, the examples are left out."""
    lines = unpack(name)
    if lines is None:
        return None
    resources = []
    for line in lines.decode().splitlines():
        resource = parse(line)
        if resource["resourceType"] != "Bundle":
            resources.append((line, [resource]))
        elif "examples" not in name.name:
            resources.append((line, [e["resource"] for e in resource["entry"]]))
    return resources


def check_definitions(counter, folder, draw):
    """Lines of definitions keep their ids; where two files give the same id, in that order, there
    are two versions; the same text twice is one."""
    names = sorted((DATA / "fhir-r4-spec").glob("*.ndjson.zst"))
    names += sorted((DATA / "us-core").glob("us-core-6.1.0.*.ndjson.zst"))
    expected, versions, files, faults = Expected(), {}, [], 0
    for name in names:
        lines = definition_lines(name)
        if lines is None:
            names = []
            break
        path = folder / name.name.removesuffix(".zst")
        path.write_text("".join(line + "\n" for line, _ in lines))
        files.append(path)
        for resource in (r for _, resources in lines for r in resources):
            key = resource["resourceType"], resource["id"]
            if published_fault(resource):
                faults += 1
                continue
            if key not in versions or without_server_meta(
                    expected.resources[key]) != without_server_meta(resource):
                versions[key] = versions.get(key, 0) + 1
            expected.put(resource)
    if not names:
        counter.skip("no definitions, or no zstd")
        return
    result = import_files(counter, folder / "definitions", files, "definitions", status=3)
    counter.check(f", {faults} rejected" in result.stderr, "definitions: the faults told")
    twice = [key for key, count in versions.items() if count == 2]
    with Server(folder / "definitions") as server:
        check_counts(counter, server, expected, "definitions")
        check_reads(counter, server, expected, "definitions", draw)
        check_versions(counter, server, draw.sample(sorted(twice), min(20, len(twice))), 2,
                       "definitions")


def main():
    counter = Counter()
    if not DATA.is_dir():
        counter.skip(f"{DATA} is not there")
        counter.finish()
    draw = random.Random(2)
    for check in (check_inferno, check_bulk, check_definitions, check_synthea):
        with Folder() as folder:
            check(counter, folder, draw)
    counter.finish()


if __name__ == "__main__":
    main()
