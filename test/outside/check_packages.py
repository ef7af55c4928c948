#!/usr/bin/env python3
"""FHIR packages: added whole or refused whole, with a server or without, versions side by side, there
after a restart, used by $validate, terminology and searches, and gone when they are removed."""

import io
import json
import tarfile

from outside import DATA, Counter, Folder, Server, hale, unpack


PROFILE = "http://clinic.example/fhir/StructureDefinition/house-patient"


def packed(files):
    """A .tgz of these files: {name: text}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            data = text.encode()
            info = tarfile.TarInfo("package/" + name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def described(name, version, resources, **dependencies):
    files = {"package.json": json.dumps({
        "name": name, "version": version, "fhirVersions": ["4.0.1"],
        "dependencies": {"hl7.fhir.r4.core": "4.0.1", **dependencies}})}
    for r in resources:
        files[f"{r['resourceType']}-{r['id']}.json"] = json.dumps(r)
    return files


def common(what, name, version, **more):
    return {"resourceType": what, "id": name, "url": f"http://clinic.example/fhir/{what}/{name}",
            "version": version, "name": name.title().replace("-", ""), "status": "active", **more}


def house(version, family_max="1"):
    """A small package: a code system, a value set, a profile, a search parameter."""
    return [
        common("CodeSystem", "house-colours", version, content="complete", caseSensitive=True,
               concept=[{"code": "red", "display": f"Red {version}"}, {"code": "blue"}]),
        common("ValueSet", "house-colours", version, compose={"include": [
            {"system": "http://clinic.example/fhir/CodeSystem/house-colours"}]}),
        common("StructureDefinition", "house-patient", version, kind="resource", abstract=False,
               type="Patient", derivation="constraint",
               baseDefinition="http://hl7.org/fhir/StructureDefinition/Patient",
               differential={"element": [
                   {"id": "Patient", "path": "Patient"},
                   {"id": "Patient.name", "path": "Patient.name", "min": 1, "max": family_max}]}),
        common("SearchParameter", "house-nick", version, description="Nickname", code="nick",
               base=["Patient"], type="string", expression="Patient.name.where(use='nickname').given"),
    ]


def add(folder, data, *more):
    path = folder / "given.tgz"
    path.write_bytes(data)
    return hale("package", "add", path, "--data", folder / "data", *more)


def listed(folder):
    done = hale("package", "list", "--data", folder / "data")
    return [tuple(line.split()[:3]) for line in done.stdout.splitlines()[1:]]


def counts(server):
    return {k: server.total(k) for k in ("StructureDefinition", "ValueSet", "CodeSystem",
                                         "SearchParameter", "ImplementationGuide")}


def broken_packages():
    good = described("org.house", "1.0.0", house("1.0.0"))
    yield "not an archive", b"hello", None
    yield "cut off", packed(good)[:-200], None
    yield "no package.json", packed({k: v for k, v in good.items() if k != "package.json"}), "package.json"
    yield "broken JSON", packed({**good, "ValueSet-x.json": '{"resourceType": "ValueSet", '}), "ValueSet-x.json"
    yield ("a fault in a resource", packed({**good, "ValueSet-x.json": json.dumps(
        {"resourceType": "ValueSet", "status": "of sorts"})}), "ValueSet-x.json")
    yield ("a code twice", packed({**good, "CodeSystem-x.json": json.dumps(common(
        "CodeSystem", "x", "1", content="complete", concept=[{"code": "a"}, {"code": "a"}]))}), "CodeSystem-x.json")
    yield ("for another release", packed({**good, "package.json": json.dumps(
        {"name": "a", "version": "1.0.0", "fhirVersions": ["5.0.0"]})}), "package.json")
    yield ("needs what is not there", packed(described("org.house", "1.0.0", house("1.0.0"), **{
        "org.other": "2.x"})), "org.other#2.x")


def check_refused(counter, folder):
    for what, data, said in broken_packages():
        done = add(folder, data)
        counter.check(done.returncode == 1, what, "was taken", done.stdout)
        counter.check(said is None or said in done.stderr, what, "does not say where:", done.stderr)
    counter.equal(listed(folder), [], "what is there after refusals")


def validate(server, resource, profile=PROFILE):
    _, _, text = server.ask("POST", f"/{resource['resourceType']}/$validate?profile={profile}", json.dumps(resource))
    return [i["details"]["text"] for i in json.loads(text)["issue"] if i["severity"] in ("error", "fatal")]


def check_used(counter, server):
    nobody = {"resourceType": "Patient"}
    two = {"resourceType": "Patient", "name": [{"family": "A"}, {"family": "B"}]}
    counter.check(validate(server, nobody), "a name is required")
    counter.check(validate(server, two, PROFILE + "|1.0.0"), "two names are too many")
    counter.equal(validate(server, two, PROFILE + "|2.0.0"), [], "two names in version 2.0.0")
    status, answer = server.get("/CodeSystem/$lookup?code=red&system=http://clinic.example/fhir/CodeSystem/house-colours&version=1.0.0")
    shown = [p.get("valueString") for p in answer.get("parameter", []) if p["name"] == "display"]
    counter.equal((status, shown), (200, ["Red 1.0.0"]), "a code of version 1.0.0")
    status, answer = server.get("/ValueSet/$expand?url=http://clinic.example/fhir/ValueSet/house-colours|1.0.0")
    counter.equal(status, 200, "an expansion")


def check_statement(counter, server, versions):
    statement = server.get("/metadata")[1]
    guides = statement.get("implementationGuide", [])
    counter.equal(guides, [f"urn:hale:package:org.house|{v}" for v in versions], "implementationGuide")
    patient = [r for r in statement["rest"][0]["resource"] if r["type"] == "Patient"][0]
    counter.equal(patient.get("supportedProfile", []), [PROFILE] if versions else [], "supportedProfile")


def check_search(counter, server, there):
    for _ in range(200):
        status, bundle = server.get("/Patient?nick=Bo")
        if status != 503:
            break
    if there:
        counter.equal((status, bundle.get("total") or str(len(bundle.get("entry", [])))), (200, "1"), "a search by nick")
    else:
        counter.equal(status, 400, "a search by nick, once the package is gone")


def check_many(counter, folder):
    """Hundreds of search parameters come in one write; of two of one code the first is in force, and it is said."""
    many = [common("SearchParameter", f"many-{n:03}", "1.0.0", description="One of many", code=f"many{n % 399}",
                   base=["Patient"], type="string", expression="Patient.name.family") for n in range(400)]
    done = add(folder, packed(described("org.many", "1.0.0", many)))
    counter.check(done.returncode == 0, "400 search parameters", done.stderr)
    idle = [line for line in done.stdout.splitlines() if line.startswith("not in force: ")]
    counter.check(len(idle) == 1 and "SearchParameter-many-399" in idle[0], "the second of one code", done.stdout)
    done = hale("package", "remove", "org.many", "--data", folder / "data")
    counter.check(done.returncode == 0, "and go again", done.stderr)


def check_lifetime(counter, folder):
    with Server(folder / "data") as server:
        server.ask("POST", "/Patient", json.dumps({"resourceType": "Patient", "name": [
            {"use": "nickname", "given": ["Bo"]}]}))
        before = counts(server)
        first = add(folder, packed(described("org.house", "1.0.0", house("1.0.0"))))
        counter.check(first.returncode == 0, first.stderr)
        check_statement(counter, server, ["1.0.0"])
        second = add(folder, packed(described("org.house", "2.0.0", house("2.0.0", "*"))))
        counter.check(second.returncode == 0 and "not in force: SearchParameter-house-nick" in second.stdout,
                      second.stdout, second.stderr)
        counter.check(add(folder, packed(described("org.house", "2.0.0", house("2.0.0")))).returncode == 1,
                      "one version twice")
        counter.equal([p[:2] for p in listed(folder)], [("org.house", "1.0.0"), ("org.house", "2.0.0")], "list")
        check_statement(counter, server, ["1.0.0", "2.0.0"])
        check_search(counter, server, True)
    with Server(folder / "data") as server:
        check_statement(counter, server, ["1.0.0", "2.0.0"])
        check_used(counter, server)
        needing = add(folder, packed(described("org.needs", "1.0.0", [], **{"org.house": "1.0.x"})))
        counter.check(needing.returncode == 0, needing.stderr)
        refused = hale("package", "remove", "org.house#1.0.0", "--data", folder / "data")
        counter.check(refused.returncode == 1 and "org.needs#1.0.0" in refused.stderr, "is needed", refused.stderr)
        for name in ("org.needs", "org.house#1.0.0"):
            done = hale("package", "remove", name, "--data", folder / "data")
            counter.check(done.returncode == 0, name, done.stderr)
        check_statement(counter, server, ["2.0.0"])
        check_search(counter, server, True)
        done = hale("package", "remove", "org.house", "--data", folder / "data")
        counter.check(done.returncode == 0, done.stderr)
        check_statement(counter, server, [])
        check_search(counter, server, False)
        counter.equal(counts(server), before, "what is left")


def check_us_core(counter, folder):
    lines = unpack(DATA / "us-core" / "us-core-6.1.0.definitions.ndjson.zst")
    if lines is None:
        counter.skip("US Core's definitions are not here")
        return
    resources = [json.loads(line) for line in lines.splitlines()]
    done = add(folder, packed(described("hl7.fhir.us.core", "6.1.0", resources)))
    counter.check(done.returncode == 0, done.stderr)
    counter.check("99 search parameters are the standard's own" in done.stdout, done.stdout)
    with Server(folder / "data") as server:
        statement = server.get("/metadata")[1]
        kinds = {r["type"]: r.get("supportedProfile", []) for r in statement["rest"][0]["resource"]}
        wanted = {}
        for r in resources:
            if r["resourceType"] == "StructureDefinition" and r["kind"] == "resource":
                wanted.setdefault(r["type"], set()).add(r["url"])
        counter.equal({k: set(v) for k, v in kinds.items() if v}, wanted, "US Core's profiles in the statement")
        counter.check(statement["implementationGuide"] == [
            "http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core|6.1.0"], statement["implementationGuide"])
        texts = validate(server, {"resourceType": "Patient"},
                         "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient")
        counter.check(len(texts) >= 3, "US Core's Patient needs identifier, name and gender", texts)
        for _ in range(200):
            status, _ = server.get("/Patient?race=2106-3")
            if status != 503:
                break
        counter.equal(status, 200, "US Core's search by race")


def main():
    counter = Counter()
    with Folder() as folder:
        hale("token", "--data", folder / "data", "--scope", "system/*.cruds")
        check_refused(counter, folder)
        check_lifetime(counter, folder)
        check_many(counter, folder)
    with Folder() as folder:
        hale("token", "--data", folder / "data", "--scope", "system/*.cruds")
        check_us_core(counter, folder)
    counter.finish()


if __name__ == "__main__":
    main()
