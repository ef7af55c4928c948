#!/usr/bin/env python3
"""tools/generate_terminology.py --packages DIR --out DIR

Packs the CodeSystems, ValueSets, ConceptMaps and StructureDefinitions that HL7 publishes with R4 into one run of bytes
(terminology.bin: each resource compact and gzipped), with a table of where each lies
(terminology_data.c) and an assembler file that puts the bytes into the program
(terminology_bytes.S). The same input gives the same output. Left out are narrative and contacts,
which nobody asks terminology for, and examples of definitions that a practice makes itself. Of
StructureDefinitions the snapshot is kept, without what only people read about its making.
"""

import argparse
import gzip
import json
import pathlib
import sys

PACKAGE = "hl7.fhir.r4.examples"
KINDS = {"CodeSystem": "CODE_SYSTEM", "ValueSet": "VALUE_SET", "ConceptMap": "CONCEPT_MAP",
         "StructureDefinition": "STRUCTURE_DEFINITION"}
OF_ELEMENTS_LEFT_OUT = ("mapping", "requirements", "alias", "example", "comment")
LEFT_OUT = ("text", "contact", "meta", "extension")
EXAMPLES = "http://hl7.org/fhir/CodeSystem/example", "http://hl7.org/fhir/ValueSet/example-"


def quoted(text):
    return json.dumps(text, ensure_ascii=True)


def without_remarks(resource):
    """A StructureDefinition as its snapshot says it."""
    kept = {k: v for k, v in resource.items() if k not in ("differential", "mapping")}
    if "snapshot" not in kept:
        return resource
    kept["snapshot"] = {"element": [
        {k: v for k, v in element.items() if k not in OF_ELEMENTS_LEFT_OUT}
        for element in kept["snapshot"]["element"]]}
    return kept


def resources(folder, kind):
    """Each address and version once, by the names of their files."""
    seen = set()
    for file in sorted(folder.glob(f"{kind}-*.json")):
        resource = json.loads(file.read_text(encoding="utf-8"))
        url = resource.get("url")
        if not url or url.startswith(EXAMPLES) or (url, resource.get("version")) in seen:
            continue
        seen.add((url, resource.get("version")))
        if kind == "StructureDefinition":
            resource = without_remarks(resource)
        yield url, resource.get("version", ""), {
            k: v for k, v in resource.items()
            if k not in LEFT_OUT or (k == "extension" and kind == "ValueSet")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    asked = parser.parse_args()
    folder = asked.packages / PACKAGE
    if not folder.is_dir():
        sys.exit(f"generate_terminology: no {PACKAGE} in {asked.packages}: run `make deps`")
    rows, packed = [], bytearray()
    for kind in KINDS:
        for url, version, resource in resources(folder, kind):
            text = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
            piece = gzip.compress(text, 9, mtime=0)
            rows.append((url, kind, version, len(packed), len(piece), len(text)))
            packed += piece
    rows.sort(key=lambda row: (row[0].encode(), row[1]))
    lines = ['#include "fhir/published.h"', "", "const PublishedRow published_rows[] = {"]
    for url, kind, version, at, length, whole in rows:
        lines.append(f"    {{ STR_INIT({quoted(url)}), STR_INIT({quoted(version)}), TYPE_{KINDS[kind]}, "
                     f"{at}, {length}, {whole} }},")
    lines += ["};", f"const uint32_t published_count = {len(rows)};", ""]
    (asked.out / "terminology_data.c").write_text("\n".join(lines))
    binary = asked.out.resolve() / "terminology.bin"
    binary.write_bytes(packed)
    (asked.out / "terminology_bytes.S").write_text(
        "/* The packed resources, as read-only bytes of the program. */\n"
        "    .section .rodata\n    .global published_bytes\n    .type published_bytes, %object\n"
        "    .balign 8\npublished_bytes:\n"
        f"    .incbin \"{binary}\"\n    .byte 0\n    .size published_bytes, . - published_bytes\n"
        "    .section .note.GNU-stack,\"\",%progbits\n")


if __name__ == "__main__":
    main()
