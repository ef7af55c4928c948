#!/usr/bin/env python3
"""tools/generate_definitions.py --packages DIR --overlay DIR --out DIR

Makes definitions_ids.h and definitions_data.c from the definitions HL7 publishes and our overlay:
types, elements, required codes, search parameters compiled to trails, compartments and the
folding of letters. The same input gives the same output, byte for byte. Whatever of the
definitions cannot be carried over is named on standard error. The shape of the tables is in
src/fhir/definitions_data.h.
"""

import argparse
import hashlib
import pathlib
import sys

sys.dont_write_bytecode = True

from definitions import output  # noqa: E402
from definitions.constraints import Constraints  # noqa: E402
from definitions.folding import Folding  # noqa: E402
from definitions.output import boolean, numbers, table  # noqa: E402
from definitions.packages import Packages  # noqa: E402
from definitions.searches import Searches  # noqa: E402
from definitions.structures import Model, PRIMITIVES, constant  # noqa: E402
from definitions.trails import Compartment, Trails  # noqa: E402

# Raised when src/fhir/index*.c makes other rows from the same tables than before, so that
# databases notice: it is part of the fingerprint.
INDEX_RULES = 5

ROW_KINDS = ("TOKEN", "IDENTIFIER", "REFERENCE", "DATE", "STRING", "NUMBER", "QUANTITY")
INCLUDES = '#include "fhir/definitions_data.h"\n\n'


def hash_name(name, bits):
    """As definitions.c does it: the slot where a name is looked for first."""
    data = name.encode()
    length = len(data)
    if length >= 8:
        head, tail = int.from_bytes(data[:8], "little"), int.from_bytes(data[-8:], "little")
    elif length >= 4:
        head, tail = int.from_bytes(data[:4], "little"), int.from_bytes(data[-4:], "little")
    else:
        head, tail = data[0] | data[length // 2] << 8 | data[-1] << 16, 0
    mask = (1 << 64) - 1
    value = ((head ^ (tail << 29 | tail >> 35)) + length) & mask
    value = value * 0x9E3779B97F4A7C15 & mask
    value = (value ^ value >> 32) * 0x9E3779B97F4A7C15 & mask
    return value >> (64 - bits)


def hash_slots(names):
    """(bits, slots) for names by position; a slot holds the position + 1."""
    bits = max(1, (2 * len(names) - 1).bit_length())
    slots = [0] * (1 << bits)
    for position, name in enumerate(names):
        at = hash_name(name, bits)
        while slots[at]:
            at = (at + 1) % len(slots)
        slots[at] = position + 1
    return bits, slots


def ids_header(model):
    """definitions_ids.h: the numbers of all structures."""
    lines = [output.HEADER + "#ifndef FHIR_DEFINITIONS_IDS_H", "#define FHIR_DEFINITIONS_IDS_H", ""]
    lines += ["enum {"]
    lines += [f"    {constant(s.name)} = {s.number}," for s in model.structures]
    lines += ["};", "", "enum {", f"    RESOURCE_TYPES = {len(model.resources)},",
              f"    STRUCTURE_COUNT = {len(model.structures)},",
              f"    ELEMENT_COUNT = {model.element_count},", "};", "", "#endif", ""]
    return "\n".join(lines)


def structure_tables(model, pool):
    """Structures, elements and the slots their names are found by."""
    structures, elements, slots_of = ["{ }"], [], ["{ 0, 0 }"]
    element_slots = []
    for structure in model.structures:
        primitive = PRIMITIVES.get(structure.name, "NONE")
        structures.append(
            f"{{ {pool.str(structure.name)}, STRUCTURE_{structure.kind}, PRIMITIVE_{primitive}, "
            f"{boolean(structure.domain)}, {len(elements)}, {len(structure.elements)} }}")
        bits, slots = hash_slots([e.name for e in structure.elements])
        slots_of.append(f"{{ {len(element_slots)}, {bits} }}")
        element_slots += slots
        for e in structure.elements:
            elements.append(
                f"{{ {pool.str(e.name)}, {pool.str(e.path)}, {e.type}, {e.min}, {boolean(e.many)}, "
                f"{boolean(e.modifier)}, {boolean(e.summary)}, {e.choice}, {e.codes}, {e.targets}, "
                f"{e.order} }}")
    bits, slots = hash_slots([s.name for s in model.structures])
    return [table("const Structure structures[]", structures),
            table("const Element elements[]", elements),
            table("const Slots element_slots_of[]", slots_of),
            numbers("const uint8_t element_slots[]", element_slots),
            f"const Slots structure_slots_of = {{ 0, {bits} }};\n",
            numbers("const uint16_t structure_slots[]", slots)]


def bit_words(model, names):
    """A set of resource types as 64-bit words."""
    bits = sum(1 << model[name].number for name in names)
    words = (len(model.resources) + 64) // 64
    return ", ".join(f"0x{bits >> 64 * word & (1 << 64) - 1:x}U" for word in range(words))


def set_tables(model, pool):
    """Required codes and reference targets."""
    sets, texts, mixed = ["{ }"], [], []
    for _, codes in model.code_sets[1:]:
        systems = {system for _, system in codes}
        one = systems.pop() if len(systems) == 1 else ""
        first = len(mixed) if systems else 0
        sets.append(f"{{ {len(texts)}, {len(codes)}, {boolean(systems)}, {first}, {pool.str(one)} }}")
        texts += [pool.str(code) for code, _ in codes]
        mixed += [pool.str(system) for _, system in codes] if systems else []
    targets = ["{ }"] + [f"{{ {bit_words(model, names)} }}" for names in model.target_sets[1:]]
    return [table("const CodeSet code_sets[]", sets),
            table("const Str code_texts[]", texts),
            table("const Str code_systems[]", mixed),
            table("const uint64_t target_sets[][TARGET_WORDS]", targets)]


def kind_bits(param):
    return sum(1 << ROW_KINDS.index(kind) for kind in param.kinds)


def composite_rows(model, param, trails, parts, siblings):
    """Adds a composite's parts to the table; where they begin."""
    index_of = {p.url: p.index for p in siblings if p.routes}
    places = trails.parts.get(param.same_as.index, [0] * len(param.components))
    for part, place in zip(param.components, places):
        targets = model.target_set(part.targets(model))
        parts.append(f"{{ SEARCH_{part.type.upper()}, {kind_bits(part)}, {targets}, {place}, "
                     f"{index_of.get(part.url, 'SEARCH_PARAM_NONE')}, {boolean(part.whole)} }}")
    return len(parts) - len(param.components)


def search_tables(model, searches, trails, pool):
    """Search parameters, by type and code."""
    rows, first, parts = [], [0], []
    for base in model.resources:
        first.append(len(rows))
        for p in searches.by_type[base].values():
            owner = p.same_as
            only = model[p.only_type].number if p.only_type else 0
            value_parts = [c for c in p.components if c.type != "token"] or p.components[1:]
            kinds = kind_bits(p) or sum(kind_bits(part) for part in value_parts)
            at = composite_rows(model, p, trails, parts,
                                searches.by_type[base].values())
            targets = model.target_set(p.targets(model))
            rows.append(
                f"{{ {pool.str(p.code)}, {pool.str(p.url)}, {pool.str(' | '.join(p.parts))}, "
                f"{model[base].number}, SEARCH_{p.type.upper()}, {boolean(p.routes)}, "
                f"{boolean(p.exists)}, {boolean(p.single)}, {p.index}, {owner.index}, "
                f"{(p.also if p.also is not p else owner).index}, {only}, {targets}, {kinds}, "
                f"{at}, {len(p.components)} }}")
    first.append(len(rows))
    return [table("const SearchParam search_params[]", rows),
            table("const SearchPart search_parts[]", parts),
            numbers("const uint16_t search_params_from[]", first),
            f"const uint16_t search_param_count = {len(rows)};\n"]


def compartment_tables(model, compartment):
    """Rules by resource type, and the lists of parameters they point to."""
    numbers_of, rules = [], {}
    for base, every, subject in compartment.rules:
        at = len(numbers_of)
        numbers_of += [p.index for p in every] + [p.index for p in subject]
        rules[base] = (f"{{ {model[base].number}, compartment_params + {at}, {len(every)}, "
                       f"compartment_params + {at + len(every)}, {len(subject)} }}")
    rows = ["{ }"] + [rules.get(base, "{ }") for base in model.resources]
    others = []
    for owner, base, every in compartment.others:
        others.append(f"{{ {model[owner].number}, {{ {model[base].number}, compartment_params + "
                      f"{len(numbers_of)}, {len(every)}, NULL, 0 }} }}")
        numbers_of += [p.index for p in every]
    return [numbers("static const uint16_t compartment_params[]", numbers_of),
            table("const CompartmentRule compartment_rules[]", rows),
            table("const OtherCompartment other_compartments[]", others),
            f"const uint16_t other_compartment_count = {len(others)};\n"]


def constraint_tables(model, constraints, pool):
    """Invariants, and where they stand."""
    rows = [f"{{ {pool.str(key)}, {pool.str(human)}, {pool.str(expression)}, {boolean(warning)} }}"
            for key, human, expression, warning in constraints.rows]
    listed, first = [], []
    for number in range(len(model.structures) + 2):
        first.append(len(listed))
        listed += constraints.of_structure.get(number, [])
    at_elements = [f"{{ {element}, {number} }}" for element, number in constraints.of_element]
    return [table("const Constraint constraints[]", rows),
            f"const uint16_t constraint_count = {len(rows)};\n",
            numbers("const uint16_t structure_constraints_from[]", first),
            numbers("const uint16_t structure_constraints[]", listed),
            table("const ElementConstraint element_constraints[]", at_elements),
            f"const uint16_t element_constraint_count = {len(at_elements)};\n"]


def binding_tables(model, pool):
    """Bindings that are asked of value sets, by element."""
    rows = [f"{{ {e.index}, BINDING_{e.binding[0]}, {pool.str(e.binding[1])} }}"
            for s in model.structures for e in s.elements if e.binding]
    return [table("const ElementBinding element_bindings[]", rows),
            f"const uint16_t element_binding_count = {len(rows)};\n"]


def trail_tables(trails, pool):
    """Places, edges, guards and emits of all types."""
    guards = {None: 0}
    places, edges, emits = [], [], []
    for place in trails.places:
        places.append(f"{{ {len(edges)}, {len(place.edges)}, {len(emits)}, {len(place.emits)} }}")
        emits += place.emits
        for (element, guard), to in place.edges.items():
            number = guards.setdefault(guard, len(guards))
            edges.append(f"{{ {element}, {number}, {trails.number_of[id(to)]} }}")
    guard_rows = ["{ }"] + [f"{{ GUARD_{kind}, {pool.str(name)}, {pool.str(value)} }}"
                              for kind, name, value in list(guards)[1:]]
    return [numbers("const uint16_t trail_roots[]", trails.roots),
            table("const TrailPlace trail_places[]", places),
            table("const TrailEdge trail_edges[]", edges),
            table("const TrailGuard trail_guards[]", guard_rows),
            numbers("const uint16_t trail_emits[]", emits)]


def folding_tables(folding):
    """Characters for string search."""
    pages = ["{ " + ", ".join(map(str, page)) + " }" for page in folding.pages]
    return [numbers("const uint8_t fold_page_of[]", folding.page_of),
            table("const uint16_t fold_pages[][256]", pages),
            numbers("const unsigned char fold_text[]", list(folding.text))]


def fingerprint(searches, trails, compartment, folding, model):
    """A digest of all that decides which index rows a resource has, in words of the standard, so
    that numbers given here do not matter."""
    digest = hashlib.sha256(f"rules {INDEX_RULES}\n".encode())
    name_of = {e.index: f"{s.name}.{e.name}" for s in model.structures for e in s.elements}
    for base in model.resources:
        for p in searches.indexed(base):
            routes = sorted([[(name_of[e.index], g) for e, g in route] for route in p.routes],
                            key=repr)
            digest.update(f"{base} {p.code} {p.type} {p.exists} {p.only_type} {routes}\n".encode())
            for part in p.components:
                ways = sorted([[(name_of[e.index], g) for e, g in way] for way in part.routes],
                              key=repr)
                whole = " whole" if part.whole else ""
                digest.update(f"{part.type}{whole} {ways}\n".encode())
    for base, _, subject in compartment.rules:
        digest.update(f"{base} {[p.code for p in subject]}\n".encode())
    labels = [name_of[e] for place in trails.places for (e, _), to in place.edges.items()
              if 0xFFFF in to.emits]
    digest.update(f"{sorted(labels)} {model.code_sets[1:]}\n".encode())
    digest.update(repr((folding.page_of, folding.pages)).encode() + bytes(folding.text))
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", required=True)
    parser.add_argument("--overlay", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    packages = Packages(options.packages, options.overlay)
    model = Model(packages)
    searches = Searches(model, packages)
    trails = Trails(searches, packages)
    compartment = Compartment(searches, packages)
    folding = Folding()
    for reason in searches.left_out:
        print(f"generate_definitions: not indexed: {reason}", file=sys.stderr)

    pool = output.Pool()
    digest = fingerprint(searches, trails, compartment, folding, model)
    parts = (structure_tables(model, pool) + search_tables(model, searches, trails, pool)
             + set_tables(model, pool) + compartment_tables(model, compartment)
             + constraint_tables(model, Constraints(model, packages), pool)
             + binding_tables(model, pool) + trail_tables(trails, pool) + folding_tables(folding)
             + [f'const Str definitions_fingerprint = STR_INIT("{digest}");\n'])
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "definitions_ids.h").write_text(ids_header(model), encoding="utf-8")
    (out / "definitions_data.c").write_text(
        output.HEADER + INCLUDES + pool.definition() + "\n" + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
