#!/usr/bin/env python3
"""A large code system from outside: ICD-10-CM (DATA/terminology) stored as one CodeSystem, its branches
and pages compared with what is counted here from the publisher's file."""

import json

from outside import DATA, Counter, Folder, Server, hale, unpack

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
COLUMNS = slice(6, 14), slice(16, 77)


def concepts(text):
    """Codes with short titles; the parent is the longest code that begins it."""
    rows = [tuple(line[c].strip() for c in COLUMNS) for line in text.splitlines()]
    known = {code for code, _ in rows}
    for code, title in rows:
        parent = code[:-1]
        while parent and parent not in known:
            parent = parent[:-1]
        more = {"property": [{"code": "parent", "valueCode": parent}]} if parent else {}
        yield {"code": code, "display": title, **more}


def value_set(name, include, exclude=None):
    compose = {"include": [include], **({"exclude": [exclude]} if exclude else {})}
    return {"resourceType": "ValueSet", "id": name, "url": f"urn:{name}", "status": "active",
            "compose": compose}


def branch(code):
    return {"system": ICD, "filter": [{"property": "concept", "op": "is-a", "value": code}]}


def check(server, all_concepts, c):
    codes = [concept["code"] for concept in all_concepts]
    diabetes = [code for code in codes if code.startswith("E11")]
    rest = len(codes) - len(diabetes)
    for made in (value_set("branch", branch("E11")),
                 value_set("rest", {"system": ICD}, branch("E11"))):
        c.equal(server.ask("PUT", f"/ValueSet/{made['id']}", json.dumps(made))[0], 201, made["id"])

    def ask(path, status=200):
        answered, _, text = server.ask("GET", path)
        c.equal(answered, status, path)
        return json.loads(text)

    expansion = ask("/ValueSet/$expand?url=urn:branch&excludeNested=true")["expansion"]
    c.equal(sorted(item["code"] for item in expansion["contains"]), sorted(diabetes), "branch")
    ask("/ValueSet/$expand?url=urn:rest", 413)
    seen = []
    for offset in (0, rest // 2, rest - 7):
        page = ask(f"/ValueSet/$expand?url=urn:rest&count=10&offset={offset}")["expansion"]
        c.equal(page["total"], rest, "total")
        seen.append([item["code"] for item in page["contains"]])
    c.equal([len(page) for page in seen], [10, 10, 7], "pages")
    c.check(not set(diabetes) & {code for page in seen for code in page}, "excluded codes")
    for code in diabetes[:20] + codes[::5000]:
        found = ask(f"/ValueSet/$validate-code?url=urn:rest&system={ICD}&code={code}")
        c.equal(found["parameter"][0]["valueBoolean"], code not in set(diabetes), code)
    for a, b, outcome in (("E11", "E1165", "subsumes"), ("E1165", "E11", "subsumed-by"),
                          ("E11", "E11", "equivalent"), ("E11", "A00", "not-subsumed")):
        said = ask(f"/CodeSystem/$subsumes?system={ICD}&codeA={a}&codeB={b}")
        c.equal(said["parameter"][0]["valueCode"], outcome, a, b)


def main():
    counter = Counter()
    packed = unpack(DATA / "terminology" / "icd10cm-order-2021.txt.zst")
    if packed is None:
        counter.skip("DATA has no ICD-10-CM, or there is no zstd")
        counter.finish()
    all_concepts = list(concepts(packed.decode()))
    system = {"resourceType": "CodeSystem", "id": "icd", "url": ICD, "version": "2021",
              "status": "active", "content": "complete", "caseSensitive": True,
              "concept": all_concepts}
    with Folder() as folder:
        hale("init", "--data", folder)
        with Server(folder) as server:
            counter.equal(server.ask("PUT", "/CodeSystem/icd", json.dumps(system))[0], 201, "stored")
            check(server, all_concepts, counter)
    counter.finish()


if __name__ == "__main__":
    main()
