"""policy.py PROGRAM [WORD…]: each role, type and interaction against the table that people read.

What is expected is worked out here from the table in docs/security.md, "Roles", and from R4's own list of
types, not from the policy that ships. Issue "How it is shown"; security 1.3.
"""

import http.client
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import smart
from live import Server, run
from person import Browser, hale

PROGRAM = sys.argv[1]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ASKED = "user/*.cruds patient/*.cruds user/AuditEvent.rs patient/AuditEvent.rs"
tokens = {}
LOGINS = {"practitioner": "house", "front-desk": "desk", "biller": "bill",
          "privacy-officer": "privacy", "administrator": "admin", "patient": "anne", "proxy": "carer"}
LETTERS = {"create": "c", "read": "r", "change": "u", "delete": "d", "search": "s"}

# method, address, body's type, letters that are needed
INTERACTIONS = [
    ("GET", "{type}/none", None, "r"),
    ("GET", "{type}/none/_history/1", None, "r"),
    ("GET", "{type}/none/_history", None, "r"),
    ("GET", "{type}/none/$meta", None, "r"),
    ("GET", "{type}?_count=1", None, "s"),
    ("GET", "{type}?_summary=count", None, "s"),
    ("POST", "{type}/_search", "application/x-www-form-urlencoded", "s"),
    ("GET", "{type}/_history?_count=1", None, "s"),
    ("GET", "{type}/$meta", None, "rs"),
    ("POST", "{type}", "application/fhir+json", "c"),
    ("PUT", "{type}/none", "application/fhir+json", "u"),
    ("PATCH", "{type}/none", "application/json-patch+json", "ur"),
    ("DELETE", "{type}/none", None, "d"),
    ("PUT", "{type}?_id=none", "application/fhir+json", "u"),
    ("PATCH", "{type}?_id=none", "application/json-patch+json", "us"),
    ("DELETE", "{type}?_id=none", None, "ds"),
]


OF_THE_LOG = [("GET", "{type}/none"), ("GET", "{type}?_count=1"), ("POST", "{type}/_search")]

# Nothing that would be accepted: a cell asks who may, and makes nothing.
BODIES = {None: None, "application/x-www-form-urlencoded": "_count=1",
          "application/fhir+json": '{"resourceType":"TYPE","nonsense":1}',
          "application/json-patch+json": '[{"op":"test","path":"/none","value":1}]'}


class Line:
    """One connection that is kept."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def ask(self, token, method, path, kind=None, body=None):
        headers = {"Authorization": f"Bearer {token}"}
        if kind:
            headers["Content-Type"] = kind
            body = "" if body is None else body
        self.connection.request(method, "/fhir/" + path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, text


def types_of_r4():
    token = smart.server.token("system/*.rs")
    said = json.loads(Line(smart.server).ask(token, "GET", "metadata")[1])
    names = [r["type"] for r in said["rest"][0]["resource"]]
    assert len(names) == len(set(names)) >= 146, len(names)
    return names


def table():
    """role -> type ("*": each) -> letters, as docs/security.md says it in words."""
    text = (ROOT / "docs/security.md").read_text()
    part = text[text.index("## Roles"):]
    directory = re.search(r"The directory is ([^.]*)\.", part).group(1).split(",")
    directory = [w.strip() for w in directory]
    found = {}
    for row in re.findall(r"^\| ([a-z-]+) \| (.*) \|$", part, re.M):
        role, words = row
        given = {}
        scopes = re.findall(r"(?:user|patient)/([A-Za-z*]+)\.([cruds]+)", words)
        if scopes:
            given = {type: set(letters) for type, letters in scopes}
        elif role in LOGINS:
            for clause in words.split(";"):
                deeds, _, kinds = clause.partition(":")
                letters = {LETTERS[w.strip()] for w in deeds.split(",")}
                for kind in re.sub(r" \(.*?\)", "", kinds).split(","):
                    for type in directory if kind.strip() == "the directory" else [kind.strip()]:
                        given.setdefault(type, set()).update(letters)
        if role in LOGINS:
            found[role] = given
    assert set(found) == set(LOGINS), found.keys()
    return found


def cells(roles, types):
    line = Line(smart.server)
    answers = {}
    for role in roles:
        for type in types:
            for number, (method, path, kind, _) in enumerate(INTERACTIONS):
                if type == "AuditEvent" and (method, path) not in OF_THE_LOG:
                    continue  # not offered to anybody
                status, _ = line.ask(tokens[role], method, path.format(type=type), kind,
                                     BODIES[kind] and BODIES[kind].replace("TYPE", type))
                assert status < 500 and status not in (401, 405), (role, type, method, path, status)
                answers[role, type, number] = status != 403
    return answers


def take_tokens():
    hale(PROGRAM, "client", "add", "--id", "everything", "--name", "Everything", "--redirect",
         smart.BACK, "--scope", ASKED, "--data", smart.server.folder)
    for role, login in LOGINS.items():
        tokens[role] = smart.App("everything").tokens(smart.people[login], ASKED)["access_token"]


def each_cell_is_what_the_table_says():
    types, expected = types_of_r4(), table()
    answers = cells(LOGINS, types)
    wrong = []
    for (role, type, number), allowed in answers.items():
        # the audit log is opened by its own name only
        everything = set() if type == "AuditEvent" else expected[role].get("*", set())
        letters = everything | expected[role].get(type, set())
        if allowed != (set(INTERACTIONS[number][3]) <= letters):
            wrong.append((role, type, INTERACTIONS[number][:2], allowed))
    assert not wrong, (len(wrong), wrong[:20])
    assert len(answers) == len(LOGINS) * ((len(types) - 1) * len(INTERACTIONS) + len(OF_THE_LOG)) > 16000
    print(f"{len(answers)} cells, {sum(answers.values())} of them open")


def policy(*words):
    return hale(PROGRAM, "policy", *words, "--data", smart.server.folder)


def put_in_force(rows):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump({"name": "a test's", "rows": rows}, f)
        f.flush()
        said = policy("set", f.name)
    time.sleep(1.1)
    return said


def shipped():
    return json.loads(policy("show", "--json", "--number", "0"))["rows"]


def what_is_set_is_in_force_within_a_second_for_tokens_given_before():
    line = Line(smart.server)
    assert line.ask(tokens["front-desk"], "GET", "Coverage?_count=1")[0] == 200
    assert put_in_force([r for r in shipped() if r["role"] != "front-desk"]).startswith("version ")
    assert line.ask(tokens["front-desk"], "GET", "Coverage?_count=1")[0] == 403
    assert line.ask(tokens["biller"], "GET", "Coverage?_count=1")[0] == 200
    put_in_force(shipped())
    assert line.ask(tokens["front-desk"], "GET", "Coverage?_count=1")[0] == 200
    assert len(policy("history").splitlines()) == 3


def taking_away_a_row_that_gives_is_never_wider():
    rows, types = shipped(), ["Patient", "Coverage", "Observation", "Practitioner", "Slot", "Binary",
                              "Appointment", "Account", "DocumentReference", "Consent"]
    before = cells(LOGINS, types)
    for i, row in enumerate(rows):
        if "may" not in row:
            continue
        put_in_force(rows[:i] + rows[i + 1:])
        after = cells(LOGINS, types)
        wider = [cell for cell, allowed in after.items() if allowed and not before[cell]]
        assert not wider, (row, wider)
        assert after != before, row
    put_in_force(rows)
    assert cells(LOGINS, types) == before


def criteria_of_a_role_hold_like_those_of_a_scope():
    line, owner = Line(smart.server), smart.server.token("system/*.cruds")
    made = {}
    for status in ("active", "cancelled"):
        made[status] = smart.fhir(owner, "Coverage", "POST", {
            "resourceType": "Coverage", "status": status, "payor": [{"display": "x"}],
            "beneficiary": {"reference": "Patient/" + smart.patients["anne"]}})[1]["id"]
    put_in_force([{**r, "criteria": "status=active"} if r["role"] == "biller" and "may" in r
                  and r["types"] == ["Coverage"] else r for r in shipped()])
    assert line.ask(tokens["biller"], "GET", "Coverage/" + made["active"])[0] == 200
    assert line.ask(tokens["biller"], "GET", "Coverage/" + made["cancelled"])[0] == 404
    found = json.loads(line.ask(tokens["biller"], "GET", "Coverage?_total=accurate")[1])
    assert found["total"] == 1
    given = smart.clients["public"].tokens(smart.people["bill"], "user/Coverage.rs")
    assert given["scope"] == "user/Coverage.rs?status=active", given["scope"]
    given = smart.clients["public"].tokens(smart.people["bill"], "user/Coverage.rs?status=cancelled")
    assert smart.ids(smart.fhir(given["access_token"], "Coverage")[1]) == set()
    put_in_force(shipped())
    assert line.ask(tokens["biller"], "GET", "Coverage/" + made["cancelled"])[0] == 200


def labels_are_kept_from_who_has_no_clearance():
    line, owner = Line(smart.server), smart.server.token("system/*.cruds")
    level = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    made = {}
    for system, code in ((None, "none"), (level, "N"), (level, "R"), (level, "V"), (act, "HIV"),
                         (act, "PSY")):
        made[code] = smart.fhir(owner, "Condition", "POST", {
            "resourceType": "Condition", "code": {"text": "label " + code},
            "subject": {"reference": "Patient/" + smart.patients["anne"]},
            **({"meta": {"security": [{"system": system, "code": code}]}} if system else {})})[1]["id"]
    hidden = {"practitioner": {"V"}, "patient": set(), "proxy": {"R", "V", "HIV", "PSY"}}
    for role, kept in hidden.items():
        for code, id in made.items():
            expected = 404 if code in kept else 200
            for path in (f"Condition/{id}", f"Condition/{id}/_history", f"Condition/{id}/_history/1",
                         f"Condition/{id}/$meta"):
                assert line.ask(tokens[role], "GET", path)[0] == expected, (role, code, path)
            for path in (f"Condition?_id={id}&_summary=count",
                         f"Condition?_security={code}&_id={id}&_summary=count"):
                found = json.loads(line.ask(tokens[role], "GET", path)[1])
                asked_by_label = "_security" in path and code == "none"
                assert found["total"] == (0 if asked_by_label else expected == 200), (role, code, path)
        everything = line.ask(tokens[role], "GET", f"Patient/{smart.patients['anne']}/$everything")[1].decode()
        history = line.ask(tokens[role], "GET", "Condition/_history")[1].decode()
        for code in made:
            assert (f"label {code}" in everything) == (code not in kept), (role, code)
            assert (f"label {code}" in history) == (code not in kept), (role, code)
    # somebody cannot label what they make out of their own sight, nor take a label off unseen
    status, _ = line.ask(tokens["practitioner"], "POST", "Condition", "application/fhir+json", json.dumps({
        "resourceType": "Condition", "meta": {"security": [{"system": level, "code": "V"}]},
        "subject": {"reference": "Patient/" + smart.patients["anne"]}}))
    assert status == 403
    assert line.ask(tokens["practitioner"], "PUT", "Condition/" + made["V"], "application/fhir+json", json.dumps({
        "resourceType": "Condition", "id": made["V"],
        "subject": {"reference": "Patient/" + smart.patients["anne"]}}))[0] == 404
    # a patient's own record stays open to them when it is deleted, a proxy hears nothing of it
    smart.fhir(owner, "Condition/" + made["HIV"], "DELETE")
    assert line.ask(tokens["proxy"], "GET", "Condition/" + made["HIV"])[0] == 404
    assert line.ask(tokens["patient"], "GET", "Condition/" + made["HIV"])[0] == 410


def explained(login, resource, *more):
    said = hale(PROGRAM, "access", "explain", "--as", login, resource, *more, "--data", smart.server.folder)
    lines = said.splitlines()
    fields = {word: rest.strip() for word, _, rest in (line.partition(" ") for line in lines[:3])}
    return fields["allowed"] == "yes", fields["by"], fields["why"], lines[3:]


def what_decides_is_said_and_is_what_the_api_does():
    line, owner = Line(smart.server), smart.server.token("system/*.cruds")
    level = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    anne, bert = smart.patients["anne"], smart.patients["bert"]

    def make(type, patient, label=None, **members):
        about = "beneficiary" if type == "Coverage" else "subject"
        return type + "/" + smart.fhir(owner, type, "POST", {
            "resourceType": type, about: {"reference": "Patient/" + patient}, **members,
            **({"meta": {"security": [{"system": level, "code": label}]}} if label else {})})[1]["id"]

    plain, kept, berts = make("Condition", anne), make("Condition", anne, "V"), make("Condition", bert)
    cancelled = make("Coverage", anne, status="cancelled", payor=[{"display": "secret payor"}])
    gone = make("Condition", anne)
    smart.fhir(owner, gone, "DELETE")
    put_in_force([{**r, "criteria": "status=active"} if r["role"] == "biller" and "may" in r
                  and r["types"] == ["Coverage"] else r for r in shipped()])
    hale(PROGRAM, "user", "allow", "carer", "--patient", anne, "--may", "book,pay", "--data", smart.server.folder)
    time.sleep(1.1)
    expected = [  # role, resource, what decides, in its reason, in the row named
        ("practitioner", plain, "policy", "", "may       cruds of *"),
        ("practitioner", kept, "label", "very restricted", "withhold  _security="),
        ("practitioner", gone, "resource", "deleted", None),
        ("practitioner", "Condition/none", "resource", "no such", None),
        ("front-desk", plain, "policy", "No row gives", None),
        ("front-desk", "Patient/" + anne, "policy", "", "Patient RelatedPerson"),
        ("biller", cancelled, "criterion", "does not match", "where status=active"),
        ("administrator", "Patient/" + anne, "policy", "No row gives", None),
        ("patient", kept, "policy", "", "may       rs of *"),
        ("patient", berts, "record", "Patient/" + anne, None),
        ("proxy", plain, "switch", "book,pay", None), ("proxy", kept, "label", "restricted", "withhold"),
        ("proxy", cancelled, "policy", "", "may       rs of *"),
        ("proxy", berts, "record", "Patient/" + anne, None),
    ]
    methods = {"read": ("GET", None, None), "delete": ("DELETE", None, None)}
    for role, resource, by, reason, row in expected:
        for deed, (method, kind, body) in methods.items():
            if deed == "delete" and role in ("practitioner", "administrator"):
                continue  # it would be done
            allowed, said, why, rows = explained(LOGINS[role], resource, "--interaction", deed)
            status = line.ask(tokens[role], method, resource, kind, body)[0]
            assert allowed == (status in (200, 204)), (role, resource, deed, status, said, why)
            if deed == "read":
                assert said == by and reason in why, (role, resource, said, why)
                assert len(rows) == (0 if row is None else 1) and (not row or row in rows[0]), (role, rows)
            assert "payor" not in why + "".join(rows)
    assert explained("house", plain, "--scope", "user/Observation.rs")[:2] == (False, "scope")
    assert explained("house", plain, "--scope", "user/Condition.rs")[0]
    assert explained("desk", plain, "--interaction", "search")[1] == "policy"
    hale(PROGRAM, "user", "disable", "desk", "--data", smart.server.folder)
    assert explained("desk", "Patient/" + anne)[:2] == (False, "login")
    hale(PROGRAM, "user", "enable", "desk", "--data", smart.server.folder)
    put_in_force(shipped())
    records = [json.loads(l) for l in hale(PROGRAM, "audit", "report", "--data",
                                           smart.server.folder).splitlines()]
    assert any(r.get("detail") == f"asked what login house may do with {kept}" and r["patient"] == anne
               for r in records), [r for r in records if "asked" in r.get("detail", "")][-5:]
    for words in (("--as", "nobody.here", plain), ("--as", "house", "Condition"), ("--as", "house", "Soup/1"),
                  ("--as", "house", "AuditEvent/1"), ("--as", "house", plain, "--interaction", "create"),
                  ("--as", "house", plain, "--scope", "nonsense")):
        assert refused("access", "explain", *words), words


def what_cannot_be_read_is_not_put_in_force():
    before = policy("history")
    for rows, place in (([{"role": "cook", "types": ["*"], "may": "r"}], "role"),
                        ([{"role": "patient", "types": ["Soup"], "may": "r"}], "Soup"),
                        ([{"role": "patient", "types": [], "may": "r"}], "types"),
                        ([{"role": "patient", "types": ["*"], "may": "sr"}], "Row 0"),
                        ([{"role": "patient", "types": ["*"]}], "may"),
                        ([{"role": "patient", "types": ["*"], "may": "r", "hide": "x"}], "hide"),
                        ([{"role": "patient", "types": ["*"], "may": "r", "withhold": "_id=1"}], "withhold"),
                        ([{"role": "biller", "types": ["Coverage"], "may": "r", "criteria": "x=1"}], "Row 0")):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            json.dump({"rows": rows}, f)
            f.flush()
            said = policy_refused("set", f.name)
        assert place in said or place in ("role", "types", "may", "withhold"), (rows, said)
    assert policy("history") == before


def policy_refused(*words):
    return refused("policy", *words)


def refused(command, *words):
    done = subprocess.run([PROGRAM, command, *words, "--data", smart.server.folder],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and done.stderr.startswith(f"hale {command}: "), (words, done)
    return done.stderr


TESTS = [each_cell_is_what_the_table_says,
         what_is_set_is_in_force_within_a_second_for_tokens_given_before,
         taking_away_a_row_that_gives_is_never_wider, criteria_of_a_role_hold_like_those_of_a_scope,
         labels_are_kept_from_who_has_no_clearance,
         what_decides_is_said_and_is_what_the_api_does, what_cannot_be_read_is_not_put_in_force]


def main():
    smart.server = Server(PROGRAM, "--behind-proxy")
    smart.server.base = f"http://127.0.0.1:{smart.server.port}"
    try:
        smart.prepare()
        take_tokens()
        return run(TESTS, sys.argv[2:])
    finally:
        smart.server.close()


if __name__ == "__main__":
    sys.exit(main())
