#!/usr/bin/env python3
"""Checking what is written by the practice's policy: off, structure, declared profiles, a profile by name; by
create, update, patch, transaction, batch and import; what is refused says path, rule and line."""

import json
import time

from check_packages import add, common, described, packed
from outside import Counter, Folder, Server, hale

PROFILE = "http://clinic.example/fhir/StructureDefinition/needs-name"


def profile():
    return common("StructureDefinition", "needs-name", "1.0.0", kind="resource", abstract=False, type="Patient",
                  derivation="constraint", baseDefinition="http://hl7.org/fhir/StructureDefinition/Patient",
                  differential={"element": [{"id": "Patient", "path": "Patient"},
                                            {"id": "Patient.name", "path": "Patient.name", "min": 1}]})


def set_checks(folder, *rows):
    shipped = json.loads(hale("policy", "show", "--json", "--data", folder / "data").stdout)
    shipped["checks"] = list(rows)
    path = folder / "policy.json"
    path.write_text(json.dumps(shipped))
    return hale("policy", "set", path, "--data", folder / "data")


def settle():
    time.sleep(1.1)  # a policy counts within a second


def text_of(resource, **more):
    return json.dumps({**resource, **more}, indent=1)


CONTACT = {"resourceType": "Patient", "contact": [{"gender": "male"}]}  # pat-1
DECLARED = {"resourceType": "Patient", "meta": {"profile": [PROFILE]}}
NAMED = {"resourceType": "Patient", "name": [{"text": "A"}], "meta": {"profile": [PROFILE]}}
PLAIN = {"resourceType": "Patient"}
UNKNOWN = {"resourceType": "Patient", "meta": {"profile": ["http://clinic.example/unknown"]}}


def bundle(kind, *resources):
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": [
        {"resource": r, "request": {"method": "POST", "url": r["resourceType"]}} for r in resources]}, indent=1)


def create(server, resource, headers=None):
    status, _, text = server.ask("POST", "/Patient", text_of(resource), headers)
    return status, json.loads(text) if text else {}


def statuses(server):
    return [create(server, r)[0] for r in (PLAIN, CONTACT, DECLARED, NAMED, UNKNOWN)]


def check_faults(counter, server):
    status, outcome = create(server, CONTACT)
    issue = next(i for i in outcome["issue"] if i["severity"] == "error")
    counter.check("pat-1" in issue["details"]["text"] and issue["expression"] == ["Patient.contact[0]"], "the rule", issue)
    counter.check("line 4, " in json.dumps(issue), "the line", issue)
    status, _, text = server.ask("POST", "/", bundle("transaction", NAMED, CONTACT))
    issue = next(i for i in json.loads(text)["issue"] if i["severity"] == "error")
    counter.equal(status, 422, "a transaction")
    counter.check(issue["expression"][0].startswith("Bundle.entry[1]"), "which entry", issue)


def check_batch_lines(counter, server):
    """Each entry's fault is told at its line in the Bundle."""
    text = bundle("batch", CONTACT, NAMED, CONTACT, {**CONTACT, "active": True}, CONTACT)
    lines = [n + 2 for n, line in enumerate(text.splitlines()) if '"contact": [' in line]
    answers = json.loads(server.ask("POST", "/", text)[2])["entry"]
    told = [json.dumps(e["response"]["outcome"]) for e in answers if e["response"]["status"].startswith("422")]
    counter.equal(len(told), 4, "refused entries")
    counter.check(all(f"line {n}, " in t for n, t in zip(lines, told)), "lines of a batch", lines, told)


def check_meta(counter, server):
    """What $meta-add makes is held against the checks, too; taking it away again is not held up."""
    patient = create(server, PLAIN)[1]["id"]
    sent = json.dumps({"resourceType": "Parameters", "parameter": [
        {"name": "meta", "valueMeta": {"profile": [PROFILE]}}]})
    status, _, text = server.ask("POST", f"/Patient/{patient}/$meta-add", sent)
    counter.equal(status, 422, "$meta-add of a profile that it does not conform to", text)
    counter.check("profile" not in server.ask("GET", f"/Patient/{patient}")[2], "it has no profile")
    named = create(server, {"resourceType": "Patient", "name": [{"text": "A"}]})[1]["id"]
    counter.equal(server.ask("POST", f"/Patient/{named}/$meta-add", sent)[0], 200, "$meta-add of one that it does")
    counter.equal(server.ask("POST", f"/Patient/{named}/$meta-delete", sent)[0], 200, "$meta-delete")


def check_many_profiles(counter, folder):
    """A policy that could not come into force is not taken."""
    types = ("Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse Basic BodyStructure"
             " CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression"
             " Communication CommunicationRequest Composition Condition Consent Contract Coverage"
             " CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric"
             " DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference Encounter Endpoint"
             " EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable"
             " ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal Group GuidanceResponse"
             " HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation"
             " InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication"
             " MedicationAdministration").split()
    rows = [{"types": [t], "level": "structure", "profile": f"http://clinic.example/{t}"} for t in types]
    counter.equal(len(rows), 65, "rows")
    done = set_checks(folder, *rows)
    counter.check(done.returncode == 1 and "64 profiles" in done.stderr, "65 profiles", done.stderr)
    counter.equal(set_checks(folder, *rows[1:]).returncode, 0, "64 profiles")


def check_ways(counter, folder, server):
    before = server.total("Patient")
    server.ask("POST", "/", bundle("transaction", NAMED, CONTACT))
    counter.equal(server.total("Patient"), before, "a refused transaction leaves nothing")
    status, _, text = server.ask("POST", "/", bundle("batch", NAMED, CONTACT))
    answers = [e["response"]["status"][:3] for e in json.loads(text)["entry"]]
    counter.equal(answers, ["201", "422"], "a batch")
    check_batch_lines(counter, server)
    patient = create(server, NAMED)[1]["id"]
    counter.equal(server.ask("PUT", f"/Patient/{patient}", text_of(CONTACT, id=patient))[0], 422, "update")
    patch = json.dumps([{"op": "add", "path": "/contact", "value": [{"gender": "male"}]}])
    counter.equal(server.ask("PATCH", f"/Patient/{patient}", patch,
                             {"Content-Type": "application/json-patch+json"})[0], 422, "patch")
    status, outcome = create(server, UNKNOWN, {"Prefer": "return=OperationOutcome"})
    counter.check(status == 201 and any("clinic.example/unknown" in json.dumps(i) for i in outcome["issue"]),
                  "a warning is told and lets through", status, outcome)


def check_reader(counter, folder, server):
    """Who may not read profiles is held against them all the same."""
    made = hale("token", "--data", folder / "data", "--scope", "system/Patient.cruds")
    headers = {"Authorization": "Bearer " + made.stdout.strip()}
    counter.equal(create(server, DECLARED, headers)[0], 422, "without the right to read profiles")
    counter.equal(create(server, NAMED, headers)[0], 201, "a right one, without the right to read profiles")


def check_import(counter, folder):
    lines = folder / "patients.ndjson"
    lines.write_text("".join(json.dumps({**r, "id": f"i{n}"}) + "\n" for n, r in enumerate((NAMED, CONTACT, DECLARED))))
    done = hale("import", lines, "--data", folder / "data")
    counter.check("pat-1" in done.stderr + done.stdout, "import names the rule", done.stdout, done.stderr)
    with Server(folder / "data") as server:
        found = [server.ask("GET", f"/Patient/i{n}")[0] for n in range(3)]
    counter.equal(found, [200, 404, 404], "import takes what is right")


def check_levels(counter, folder, server):
    counter.equal(statuses(server), [201] * 5, "without checks")
    levels = (({"types": ["*"], "level": "structure"}, [201, 422, 201, 201, 201]),
              ({"types": ["Patient"], "level": "declared"}, [201, 422, 422, 201, 201]),
              ({"types": ["Patient"], "level": "structure", "profile": PROFILE}, [422, 422, 422, 201, 422]),
              ({"types": ["Observation"], "level": "declared"}, [201, 201, 201, 201, 201]),
              ({"types": ["Patient"], "level": "structure", "profile": "http://clinic.example/nowhere"}, [422] * 5))
    for row, wanted in levels:
        done = set_checks(folder, row)
        counter.check(done.returncode == 0, done.stderr)
        settle()
        counter.equal(statuses(server), wanted, row)
    for row, said in (({"types": ["Patient"], "level": "much"}, "level"), ({"types": ["Pat"], "level": "off"}, "R4"),
                      ({"types": [], "level": "off"}, "types"), ({"types": ["*"], "levels": "off"}, "levels")):
        done = set_checks(folder, row)
        counter.check(done.returncode == 1 and said in done.stderr, row, done.stderr)


def main():
    counter = Counter()
    with Folder() as folder:
        hale("token", "--data", folder / "data", "--scope", "system/*.cruds")
        done = add(folder, packed(described("org.checks", "1.0.0", [profile()])))
        counter.check(done.returncode == 0, done.stderr)
        with Server(folder / "data") as server:
            check_levels(counter, folder, server)
            set_checks(folder, {"types": ["*"], "level": "declared"})
            settle()
            check_faults(counter, server)
            check_ways(counter, folder, server)
            check_reader(counter, folder, server)
            check_meta(counter, server)
        check_import(counter, folder)
        check_many_profiles(counter, folder)
    counter.finish()


if __name__ == "__main__":
    main()
