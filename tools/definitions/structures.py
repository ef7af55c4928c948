"""Types and elements: StructureDefinition snapshots -> numbered structures with their elements.

A choice (value[x]) becomes one element for each type; contentReference is resolved; a backbone
element becomes a structure of its own, named by its path.
"""

import re

FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"

PRIMITIVES = {
    "boolean": "BOOLEAN", "integer": "INTEGER", "unsignedInt": "UNSIGNED_INT",
    "positiveInt": "POSITIVE_INT", "decimal": "DECIMAL", "string": "STRING",
    "markdown": "MARKDOWN", "code": "CODE", "id": "ID", "uri": "URI", "url": "URL",
    "canonical": "CANONICAL", "oid": "OID", "uuid": "UUID", "date": "DATE",
    "dateTime": "DATE_TIME", "instant": "INSTANT", "time": "TIME", "base64Binary": "BASE64",
    "xhtml": "XHTML",
}


# Types whose values are codes; those of other types that have a binding are texts.
CODED = ("code", "Coding", "CodeableConcept", "Quantity")


class Element:
    """One JSON property of a structure."""

    def __init__(self, name, path, type_name, definition):
        self.name = name
        self.path = path
        self.type_name = type_name
        self.type = 0
        self.min = definition["min"]
        self.many = definition.get("base", definition)["max"] != "1"
        self.modifier = definition.get("isModifier", False)
        self.summary = definition.get("isSummary", False)
        self.choice = 0
        self.codes = 0
        self.binding = None  # (strength, value set)
        self.targets = 0
        self.order = 0
        self.index = 0


class Structure:
    """A type, or a part that only its parent has."""

    def __init__(self, name, kind, domain=False):
        self.name = name
        self.kind = kind
        self.domain = domain
        self.number = 0
        self.elements = []

    def named(self, path):
        """The elements whose FHIRPath or JSON name is `path`."""
        found = [e for e in self.elements if e.path == path]
        return found or [e for e in self.elements if e.name == path]


def constant(name):
    """HumanName -> TYPE_HUMAN_NAME, Patient.contact -> TYPE_PATIENT_CONTACT."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return "TYPE_" + words.replace(".", "_").upper()


class Model:
    """All structures by name and number, the code sets and the sets of reference targets."""

    def __init__(self, packages):
        self.packages = packages
        self.value_sets = packages.value_sets()
        self.profile_types = packages.profile_types()
        self.by_name = {}
        self.code_sets = [None]       # (url, sorted (code, system)); number 0 is none
        self.target_sets = [None]     # frozenset of resource names; number 0 is any
        self._code_set_of = {}
        self._target_set_of = {}
        definitions = packages.structure_definitions()
        for definition in definitions:
            self._declare(definition)
        self._number()
        for definition in definitions:
            self._fill(definition)
        self._finish()

    def __getitem__(self, name):
        return self.by_name[name]

    def _declare(self, definition):
        name, elements = definition["name"], definition["snapshot"]["element"]
        domain = any(e["path"] == name + ".contained" for e in elements)
        if name in PRIMITIVES:
            kind = "PRIMITIVE"
        elif definition["kind"] == "resource" and not definition["abstract"]:
            kind = "RESOURCE"
        else:
            kind = "COMPLEX"
        self.by_name[name] = Structure(name, kind, domain)
        parents = {e["path"].rpartition(".")[0] for e in elements} - {"", name}
        for path in sorted(parents):
            self.by_name[path] = Structure(path, "BACKBONE")

    def _number(self):
        ranks = {"RESOURCE": 0, "COMPLEX": 1, "BACKBONE": 2, "PRIMITIVE": 3}
        self.structures = sorted(self.by_name.values(), key=lambda s: (ranks[s.kind], s.name))
        for number, structure in enumerate(self.structures, 1):
            structure.number = number
        self.resources = [s.name for s in self.structures if s.kind == "RESOURCE"]

    def _fill(self, definition):
        root = definition["name"]
        for element in definition["snapshot"]["element"]:
            parent, _, name = element["path"].rpartition(".")
            if not parent or element["max"] == "0":
                continue
            if root in PRIMITIVES and name == "value":
                continue
            structure = self.by_name[parent]
            if name.endswith("[x]"):
                structure.elements += self._choices(structure, name[:-3], element)
            else:
                structure.elements.append(self._single(structure, name, element))

    def _single(self, structure, name, definition):
        path = definition["path"]
        if path in self.by_name:
            return Element(name, name, path, definition)
        if "contentReference" in definition:
            return Element(name, name, definition["contentReference"][1:], definition)
        types = definition["type"]
        if len(types) != 1:
            raise ValueError(f"{path}: several types, but no choice")
        element = Element(name, name, self._type_name(structure, name, types[0]), definition)
        self._bind(element, definition, types[0])
        return element

    def _choices(self, structure, path, definition):
        choice = 1 + max((e.choice for e in structure.elements), default=0)
        rows = []
        for kind in definition["type"]:
            code = kind["code"]
            element = Element(path + code[0].upper() + code[1:], path, code, definition)
            element.choice = choice
            self._bind(element, definition, kind)
            rows.append(element)
        if len({row.name for row in rows}) != len(rows):
            raise ValueError(f"{definition['path']}: one type twice")
        return rows

    @staticmethod
    def _type_name(structure, name, kind):
        if name == "id" and structure.kind == "RESOURCE":
            return "id"
        for extension in kind.get("extension", []):
            if extension["url"] == FHIR_TYPE:
                return extension["valueUrl"]
        return "string" if kind["code"] == SYSTEM_STRING else kind["code"]

    def _bind(self, element, definition, kind):
        binding = definition.get("binding", {})
        if binding.get("strength") == "required" and element.type_name == "code":
            element.codes = self._codes(binding.get("valueSet", "").split("|")[0])
        if (element.type_name in CODED and not element.codes
                and binding.get("strength") in ("required", "extensible", "preferred")):
            element.binding = (binding["strength"].upper(), binding.get("valueSet", ""))
        if element.type_name in ("Reference", "canonical"):
            element.targets = self._targets(kind.get("targetProfile", []))

    def _codes(self, url):
        if url not in self._code_set_of:
            number = 0
            expanded = self._expansion(url)
            if expanded:
                systems = {}
                for system, code in expanded:
                    systems.setdefault(code, set()).add(system)
                # a code of several systems implies none of them
                codes = [(code, systems[code].pop() if len(systems[code]) == 1 else "")
                         for code in sorted(systems, key=lambda c: c.encode())]
                number = len(self.code_sets)
                self.code_sets.append((url, codes))
            self._code_set_of[url] = number
        return self._code_set_of[url]

    def _expansion(self, url):
        """(system, code) of all members, or nothing where the set cannot be enumerated."""
        value_set = self.value_sets.get(url, {})
        expansion = value_set.get("expansion", {})
        members = []
        pending = list(expansion.get("contains", []))
        while pending:
            item = pending.pop()
            pending += item.get("contains", [])
            if "code" in item and not item.get("abstract"):
                members.append((item.get("system", ""), item["code"]))
        limited = any(p["name"] == "limitedExpansion" for p in expansion.get("parameter", []))
        if limited:
            listed = [c["code"] for part in value_set["compose"]["include"]
                      for c in part.get("concept", [])]
            if sorted(listed) != sorted(code for _, code in members):
                return []
        return members

    def target_set(self, names):
        """The number of a set of resource types; 0 if it is all of them or empty."""
        names = frozenset(names)
        if not names or "Resource" in names or names >= set(self.resources):
            return 0
        if names not in self._target_set_of:
            self._target_set_of[names] = len(self.target_sets)
            self.target_sets.append(names)
        return self._target_set_of[names]

    def _targets(self, profiles):
        return self.target_set(self.profile_types[p.split("|")[0]] for p in profiles)

    def _finish(self):
        index = 0
        for structure in self.structures:
            for order, element in enumerate(structure.elements):
                element.order = order
                element.index = index
                element.type = self.by_name[element.type_name].number
                index += 1
        self.element_count = index
        names = [constant(s.name) for s in self.structures]
        if len(set(names)) != len(names):
            raise ValueError("two structures with one constant")
