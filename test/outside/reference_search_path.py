"""What the reference evaluator knows of FHIR's structures, and the part of FHIRPath that R4's
search parameters are written in. Read from the published definitions; nothing here is Hale's."""

import json
import pathlib
import re
from collections import namedtuple

from outside import PACKAGES

R4 = pathlib.Path(PACKAGES) / "hl7.fhir.r4.examples"
EXPANSIONS = pathlib.Path(PACKAGES) / "hl7.fhir.r4.expansions"
US_CORE = (pathlib.Path(PACKAGES) / "@medplum" / "definitions" / "dist" / "fhir" / "r4"
           / "search-parameters-uscore.json")

SYSTEM_TYPES = "http://hl7.org/fhirpath/System."
ALIASES = {"DateTime": "dateTime", "SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity"}

# A value in a resource with the name of its type (or its path, where it has none of its own). Of a
# code that must be from one value set: the systems that imply where it is from.
Node = namedtuple("Node", "value type systems", defaults=[()])


class Element:
    """One element of a structure: its types, how often it comes, what may stand in it."""

    def __init__(self, definition, name):
        self.path = definition["path"]
        self.name = name
        self.choice = name.endswith("[x]")
        self.base = name.removesuffix("[x]")
        self.min = definition["min"]
        self.many = definition["max"] not in ("0", "1")
        self.refers = definition.get("contentReference", "").removeprefix("#")
        self.types, self.targets = [], []
        for kind in definition.get("type", []):
            code = kind["code"]
            if code.startswith(SYSTEM_TYPES):
                code = "id" if definition["path"].count(".") == 1 else "string"
            self.types.append(code)
            self.targets += [url.rsplit("/", 1)[1] for url in kind.get("targetProfile", [])]
        binding = definition.get("binding", {})
        self.required = binding.get("strength") == "required"
        self.value_set = binding.get("valueSet", "").split("|")[0]

    def keys(self):
        """(property in JSON, type) for each type it may have."""
        for kind in self.types:
            kind = ALIASES.get(kind, kind)
            if self.choice:
                yield self.base + kind[0].upper() + kind[1:], kind
            else:
                yield self.base, self.kind_of(kind)

    def kind_of(self, kind):
        return self.path if kind in ("BackboneElement", "Element") else kind


def read_value_sets():
    """Canonical url -> [(system, code)] of all that are published expanded."""
    found = {}
    for path in sorted(EXPANSIONS.glob("ValueSet-*.json")):
        value_set = json.loads(path.read_text(encoding="utf-8"))
        codes, work = [], list(value_set.get("expansion", {}).get("contains", []))
        while work:
            entry = work.pop(0)
            work += entry.get("contains", [])
            if "code" in entry and not entry.get("abstract"):
                codes.append((entry.get("system"), entry["code"]))
        found[value_set["url"]] = codes
    return found


class Model:
    """All structures: type or path -> elements by name."""

    def __init__(self):
        self.value_sets = read_value_sets()
        self.elements, self.resources, self.abstract = {}, set(), set()
        for path in sorted(R4.glob("StructureDefinition-*.json")):
            definition = json.loads(path.read_text(encoding="utf-8"))
            if definition.get("derivation") == "constraint" or definition["kind"] == "logical":
                continue
            if definition["kind"] == "resource" and not definition["abstract"]:
                self.resources.add(definition["name"])
            self._add(definition)
        self.names = {name for name in self.elements if "." not in name}

    def _add(self, definition):
        self.elements.setdefault(definition["name"], {})
        for element in definition["snapshot"]["element"]:
            path = element["path"]
            if "." not in path:
                continue
            owner, name = path.rsplit(".", 1)
            made = Element(element, name)
            self.elements.setdefault(owner, {})[made.base] = made

    def children(self, node, name):
        """The values of one element, with their types."""
        if node.type == "Resource":
            node = Node(node.value, node.value.get("resourceType"))
        element = self.elements.get(node.type, {}).get(name)
        if element is None or not isinstance(node.value, dict):
            return []
        found = []
        pairs = [(element.base, element.refers)] if element.refers else element.keys()
        for key, kind in pairs:
            values = node.value.get(key)
            for value in values if isinstance(values, list) else [values]:
                if value is None:
                    continue
                if kind == "Resource":
                    found.append(Node(value, value["resourceType"]))
                else:
                    found.append(Node(value, kind, self._systems(element, kind, value)))
        return found

    def _systems(self, element, kind, value):
        if kind != "code" or not element.required:
            return ()
        return tuple(system for system, code in self.value_sets.get(element.value_set, ())
                     if code == value)


WORDS = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|'(?P<text>[^']*)'|(?P<number>\d+)"
                   r"|(?P<sign>!=|[.()\[\]|=%]))")


class Path:
    """An expression, parsed once: nested tuples (verb, operand …)."""

    BINDING = {"or": 1, "and": 2, "=": 3, "!=": 3, "|": 4, "is": 5, "as": 5}

    def __init__(self, text):
        self.text = text
        self.words = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            found = WORDS.match(text, at)
            if not found:
                raise ValueError(f"cannot read {text!r} at {at}")
            self.words.append((found.lastgroup, found.group(found.lastgroup)))
            at = found.end()
        self.place = 0
        self.tree = self._expression(0)
        if self.place != len(self.words):
            raise ValueError(f"cannot read {text!r} to its end")

    def _peek(self):
        return self.words[self.place] if self.place < len(self.words) else ("end", "")

    def _next(self):
        word = self._peek()
        self.place += 1
        return word

    def _expect(self, sign):
        if self._next() != ("sign", sign):
            raise ValueError(f"{self.text!r}: {sign} expected")

    def _expression(self, least):
        left = self._steps(self._first())
        while True:
            word = self._peek()[1] if self._peek()[0] in ("sign", "name") else ""
            strength = self.BINDING.get(word, 0)
            if strength <= least:
                return left
            self._next()
            if word in ("is", "as"):
                left = self._steps((word, left, self._next()[1]))
            else:
                left = (word, left, self._expression(strength))

    def _first(self):
        kind, word = self._next()
        if (kind, word) == ("sign", "("):
            inner = self._expression(0)
            self._expect(")")
            return inner
        if (kind, word) == ("sign", "%"):
            return ("root", self._next()[1])
        if kind in ("text", "number"):
            return ("literal", word)
        if word in ("true", "false"):
            return ("literal", word == "true")
        if self._peek() == ("sign", "("):
            return self._call(("focus",), word)
        return ("start", word)

    def _call(self, left, name):
        self._expect("(")
        inside = ("type", self._next()[1]) if name in ("as", "ofType") else (
            None if self._peek() == ("sign", ")") else self._expression(0))
        self._expect(")")
        return ("call", left, name, inside)

    def _steps(self, left):
        while self._peek() in (("sign", "."), ("sign", "[")):
            if self._next()[1] == "[":
                left = ("item", left, int(self._next()[1]))
                self._expect("]")
                continue
            name = self._next()[1]
            left = (self._call(left, name) if self._peek() == ("sign", "(")
                    else ("child", left, name))
        return left


class Evaluator:
    """Evaluates parsed paths on one resource."""

    def __init__(self, model, root):
        self.model = model
        self.root = root

    def run(self, tree, focus):
        verb = tree[0]
        return getattr(self, "_" + {"|": "union", "=": "equal", "!=": "differ", "is": "is_type",
                                    "as": "as_type", "and": "both"}.get(verb, verb))(tree, focus)

    def _focus(self, tree, focus):
        return [focus]

    def _root(self, tree, focus):
        return [self.root]

    def _literal(self, tree, focus):
        return [Node(tree[1], "literal")]

    def _start(self, tree, focus):
        name = tree[1]
        if name in (focus.type, "Resource", "DomainResource"):
            return [focus]
        if name in self.model.names and name[0].isupper():
            return []
        return self._named(focus, name)

    def _named(self, node, name):
        found = self.model.children(node, name)
        if not found and name == "valueDateTime":  # as the profiles of US Core write it
            found = [n for n in self.model.children(node, "value") if n.type == "dateTime"]
        return found

    def _child(self, tree, focus):
        return [n for node in self.run(tree[1], focus) for n in self._named(node, tree[2])]

    def _item(self, tree, focus):
        return self.run(tree[1], focus)[tree[2]:tree[2] + 1]

    def _union(self, tree, focus):
        found = self.run(tree[1], focus)
        for node in self.run(tree[2], focus):
            if not any(node.value is other.value for other in found):
                found.append(node)
        return found

    def _truth(self, tree, focus):
        found = self.run(tree, focus)
        return found[0].value if found else None

    def _both(self, tree, focus):
        left, right = self._truth(tree[1], focus), self._truth(tree[2], focus)
        if left is False or right is False:
            return [Node(False, "boolean")]
        return [Node(True, "boolean")] if left and right else []

    def _equal(self, tree, focus, wanted=True):
        left, right = self.run(tree[1], focus), self.run(tree[2], focus)
        if not left or not right:
            return []
        same = (len(left) == len(right)
                and all(type(a.value) is type(b.value) and a.value == b.value
                        for a, b in zip(left, right)))
        return [Node(same == wanted, "boolean")]

    def _differ(self, tree, focus):
        return self._equal(tree, focus, False)

    def _is_type(self, tree, focus):
        found = self.run(tree[1], focus)
        return [Node(found[0].type == ALIASES.get(tree[2], tree[2]), "boolean")] if found else []

    def _as_type(self, tree, focus):
        wanted = ALIASES.get(tree[2], tree[2])
        return [node for node in self.run(tree[1], focus) if node.type == wanted]

    def _call(self, tree, focus):
        _, left, name, inside = tree
        nodes = self.run(left, focus)
        if name == "where":
            return [n for n in nodes if self._truth(inside, n) is True]
        if name in ("as", "ofType"):
            return self._as_type((None, left, inside[1]), focus)
        if name == "exists":
            return [Node(bool(nodes), "boolean")]
        if name == "extension":
            return [e for n in nodes for e in self.model.children(n, "extension")
                    if e.value.get("url") == inside[1]]
        if name == "hasExtension":
            return [Node(any(e.value.get("url") == inside[1] for n in nodes
                             for e in self.model.children(n, "extension")), "boolean")]
        if name == "resolve":
            return [target for n in nodes for target in self._resolve(n)]
        raise ValueError(f"{name}() is not known")

    def _resolve(self, node):
        """Only the type counts: that of the address, or of the contained resource."""
        text = node.value.get("reference", "") if isinstance(node.value, dict) else node.value
        if text.startswith("#"):
            return [Node(c, c["resourceType"]) for c in self.root.value.get("contained", [])
                    if c.get("id") == text[1:]]
        found = re.search(r"(?:^|/)([A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[^/]+)?$", text)
        if found and found[1] in self.model.resources:
            return [Node({"resourceType": found[1]}, found[1])]
        return []
