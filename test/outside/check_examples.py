#!/usr/bin/env python3
"""The official examples of R4 (727 resources of 132 types) go in by PUT and come out unchanged but
for what the server owns; a second version and a version read agree too."""


from outside import (PACKAGES, Counter, Folder, Server, compact, parse, short,
                     without_server_meta)

DEFINITIONS = {"SearchParameter", "ValueSet", "CodeSystem", "StructureDefinition", "ConceptMap",
               "OperationDefinition", "CompartmentDefinition", "NamingSystem"}
# Published without elements that the definitions demand.
FAULTY = {"/Questionnaire/qs1": "linkId", "/ImplementationGuide/fhir": "'status'"}
COLLECTION_BYTES = 2_000_000  # larger Bundles of the package are collections of definitions


def examples():
    for path in sorted((PACKAGES / "hl7.fhir.r4.examples").glob("*.json")):
        kind = path.name.split("-")[0]
        if kind in DEFINITIONS or path.name == "package.json" or path.name[0] == ".":
            continue
        if kind == "Bundle" and path.stat().st_size > COLLECTION_BYTES:
            continue
        text = path.read_text(encoding="utf-8")
        if '"resourceType"' in text and path.name != "ig-r4.json":  # there by another name too
            yield text


def elements(resource):
    return [name for name in resource if name not in ("resourceType", "id", "meta")]


def main():
    counter = Counter()
    count = 0
    with Folder() as folder, Server(folder / "data") as server:
        for text in examples():
            count += 1
            sent = parse(text)
            path = f"/{sent['resourceType']}/{sent['id']}"
            status, headers, answer = server.ask("PUT", path, text)
            if path in FAULTY:
                counter.check(status == 400 and FAULTY[path] in answer, path, "is refused")
                continue
            if not counter.check(status == 201, path, "is stored:", status, short(answer)):
                continue
            status, headers, answer = server.ask("GET", path)
            counter.equal(status, 200, path, "read")
            back = parse(answer)
            counter.equal(without_server_meta(back), without_server_meta(sent), path, "comes back")
            counter.equal(elements(back), elements(sent), path, "order of elements")
            counter.check('ETag' in headers and headers["ETag"] == 'W/"1"', path, "has its ETag")
            status, _, again = server.ask("GET", path + "/_history/1")
            counter.equal((status, again), (200, answer), path, "version 1")
            status, _, answer = server.ask("PUT", path, compact(back))
            counter.check(status == 200, path, "is stored again as it came:", status,
                          short(answer))
        counter.equal(count, 727, "number of examples")
    counter.finish()


if __name__ == "__main__":
    main()
