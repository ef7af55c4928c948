"""All records in memory, and searches over them: parameters as published, each search a scan."""

import json
from urllib.parse import parse_qsl

from reference_search_filter import evaluate, read
from reference_search_match import CONVERT, MATCH, Rules, split
from reference_search_words import Words
from reference_search_path import R4, US_CORE, Evaluator, Node, Path

SEARCH_PARAMETER = "http://hl7.org/fhir/SearchParameter/"
CONTROLS = {"_count", "_total", "_summary", "_elements", "_sort", "_include", "_revinclude",
            "_include:iterate", "_revinclude:iterate", "_format", "_pretty", "_type"}


class Param:
    """A search parameter for one type of resource."""

    def __init__(self, definition, base, model):
        self.code, self.type = definition["code"], definition["type"]
        self.url = definition["url"]
        self.expression = definition.get("expression", "")
        self.targets = [t for t in definition.get("target", []) if t != "Resource"]
        self.paths = [Path(part) for part in self._parts(base, model)]
        self.components = [(c["definition"], Path(c["expression"]))
                           for c in definition.get("component", [])]

    def _parts(self, base, model):
        """The alternatives that begin at this type."""
        parts, depth, start = [], 0, 0
        for at, sign in enumerate(self.expression + "|"):
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if sign == "|" and depth == 0:
                parts.append(self.expression[start:at].strip())
                start = at + 1
        for part in filter(None, parts):
            first = part.lstrip("(").replace(" ", ".").split(".")[0]
            if first in (base, "Resource", "DomainResource") or first not in model.names:
                yield part


def read_parameters(model):
    """(type, code) -> Param, and the type that each canonical url is of."""
    definitions = [json.loads(path.read_text(encoding="utf-8"))
                   for path in sorted(R4.glob("SearchParameter-*.json"))]
    definitions += [e["resource"] for e in json.loads(US_CORE.read_text(encoding="utf-8"))["entry"]]
    params, type_of = {}, {}
    for definition in definitions:
        if definition["url"].startswith(SEARCH_PARAMETER + "example"):
            continue
        type_of[definition["url"]] = definition["type"]
        for base in definition.get("base", []):
            kinds = [base]
            if base in ("Resource", "DomainResource"):
                kinds = [k for k in model.resources
                         if base == "Resource" or "contained" in model.elements[k]]
            for kind in kinds:
                params[kind, definition["code"]] = Param(definition, kind, model)
    return params, type_of


COMPARTMENTS = {}  # read once

EXAMPLES = "http://terminology.hl7.org/CodeSystem/list-example-use-codes"
NAMED_LISTS = {"$current-problems": {(EXAMPLES, "problems"), ("http://loinc.org", "11450-4")},
               "$current-medications": {(EXAMPLES, "medications"), ("http://loinc.org", "10160-0")}}


def read_compartments():
    """Type that owns a compartment -> type in it -> the parameters that say so."""
    for path in sorted(R4.glob("CompartmentDefinition-*.json")):
        definition = json.loads(path.read_text(encoding="utf-8"))
        if definition["id"] != "example":
            COMPARTMENTS[definition["code"]] = {
                r["code"]: [p for p in r.get("param", []) if p != "{def}"]
                for r in definition["resource"]}
    return COMPARTMENTS


class Records:
    """The resources, by type and id, and what is found by each parameter."""

    def __init__(self, model, params, type_of, resources=()):
        self.model, self.params, self.type_of = model, params, type_of
        self.types, self.cache = {}, {}
        self.words = Words(self)
        self.compartments = COMPARTMENTS or read_compartments()
        for resource in resources:
            self.types.setdefault(resource["resourceType"], {})[resource["id"]] = resource

    def _nodes(self, param, resource):
        root = Node(resource, resource["resourceType"])
        evaluator = Evaluator(self.model, root)
        found = []
        for path in param.paths:
            for node in evaluator.run(path.tree, root):
                if node.type == "Extension":
                    found += self.model.children(node, "value")
                else:
                    found.append(node)
        return found, evaluator

    def _composites(self, param, resource):
        """For each place: the values of each component there."""
        nodes, evaluator = self._nodes(param, resource)
        found = []
        for node in nodes:
            parts = []
            for url, path in param.components:
                convert = CONVERT[self.type_of[url]]
                parts.append([v for n in evaluator.run(path.tree, node) for v in convert(n)])
            found.append(parts)
        return [parts for parts in found if all(parts)]

    def values(self, kind, code):
        """id -> values, for those that have some."""
        key = kind, code
        if key not in self.cache:
            param, found = self.params[key], {}
            for ident, resource in self.types.get(kind, {}).items():
                if param.type == "composite":
                    values = self._composites(param, resource)
                else:
                    nodes, _ = self._nodes(param, resource)
                    values = [v for n in nodes for v in CONVERT[param.type](n)]
                if values:
                    found[ident] = values
            self.cache[key] = found
        return self.cache[key]

    def _matches(self, kind, param, modifier, texts, values, rules):
        if param.type == "composite":
            types = [self.type_of[url] for url, _ in param.components]
            return any(all(any(MATCH[t](text, v, rules) for v in part)
                           for t, text, part in zip(types, split(whole, "$"), parts, strict=True))
                       for whole in texts for parts in values)
        match = MATCH[param.type]
        if modifier:
            return any(match(text, v, rules, modifier) for text in texts for v in values)
        return any(match(text, v, rules) for text in texts for v in values)

    def clause(self, kind, name, texts, rules):
        """The ids of a type that one clause finds."""
        if name.startswith("_has:"):
            _, other, code, rest = name.split(":", 3)
            sources = self.clause(other, rest, texts, rules)
            return {t.id for ident in sources for t in self.values(other, code).get(ident, [])
                    if t.type == kind and t.id in self.types.get(kind, {})}
        if "." in name:
            return self._chain(kind, *name.split(".", 1), texts, rules)
        if name == "_list" and texts[0] in NAMED_LISTS:
            texts = [i for i in self.types.get("List", {}) if self._is_list(i, texts[0])]
        if name == "_list":
            return {t.id for ident in texts for t in self.values("List", "item").get(ident, [])
                    if t.type == kind}
        code, _, modifier = name.partition(":")
        if code in ("_text", "_content"):
            return self.words.clause(kind, code, texts, rules)
        param = self.params[kind, code]
        values = self.values(kind, code)
        every = set(self.types.get(kind, {}))
        if modifier == "missing":
            return every - set(values) if texts == ["true"] else set(values)
        if modifier == "not":
            return every - {i for i, v in values.items()
                            if self._matches(kind, param, "", texts, v, rules)}
        return {i for i, v in values.items()
                if self._matches(kind, param, modifier, texts, v, rules)}

    def _is_list(self, ident, name):
        """Whether a List is the one of that name: current, and so coded."""
        held = self.types["List"][ident]
        return held.get("status") == "current" and any(
            (c.get("system"), c.get("code")) in NAMED_LISTS[name]
            for c in held.get("code", {}).get("coding", []))

    def _chain(self, kind, first, rest, texts, rules):
        code, _, only = first.partition(":")
        param = self.params[kind, code]
        rest_code = rest.split(".")[0].split(":")[0]
        targets = [only] if only else [t for t in param.targets or sorted(self.model.resources)
                                       if (t, rest_code) in self.params or rest_code == "_has"]
        found = set()
        for target in targets:
            wanted = self.clause(target, rest, texts, rules)
            found |= {ident for ident, values in self.values(kind, code).items()
                      if any(v.type == target and v.id in wanted for v in values)}
        return found

    def search(self, url, rules=None):
        """(names that match, names that are included) for "/Type?query", "/Patient/id/Type?query"
        or "/?query"."""
        rules = rules or Rules()
        path, _, query = url.lstrip("/").partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        *within, kind = path.split("/")
        kinds = [kind] if kind else dict(pairs).get("_type", ",".join(self.types)).split(",")
        matches = set()
        for kind in kinds:
            found = set(self.types.get(kind, {}))
            if within:
                found &= self._compartment(*within, kind)
            for name, value in pairs:
                if name == "_filter":
                    found &= evaluate(read(value), self, kind, rules)
                elif name not in CONTROLS and value:
                    found &= self.clause(kind, name, split(value, ","), rules)
            matches |= {f"{kind}/{ident}" for ident in found}
        return matches, self._included(matches, pairs) - matches

    def _compartment(self, owner, ident, kind):
        """The ids of a type whose resources are in that compartment."""
        return {i for code in self.compartments[owner].get(kind, ())
                for i, values in self.values(kind, code).items()
                if any((t.type, t.id) == (owner, ident) for t in values)}

    def _included(self, matches, pairs):
        included, fresh, first = set(), set(matches), True
        while fresh:
            new = set()
            for name, value in pairs:
                if name.startswith(("_include", "_revinclude")) and (
                        first or name.endswith(":iterate")):
                    way = self._forward if name.startswith("_include") else self._backward
                    new |= way(fresh, *value.split(":"))
            fresh = new - included - matches
            included |= fresh
            first = False
        return included

    def _references(self, kind, code):
        if code == "*":
            return [c for (k, c), param in self.params.items()
                    if k == kind and param.type == "reference"]
        return [code]

    def _forward(self, names, kind, code="*", only=None):
        found = set()
        for name in names:
            if name.split("/")[0] != kind:
                continue
            for one in self._references(kind, code):
                for t in self.values(kind, one).get(name.split("/")[1], []):
                    if t.address is not None:
                        found |= self._canonical(t.address, self.params[kind, one], only)
                    if t.id in self.types.get(t.type, {}) and only in (None, t.type):
                        found.add(f"{t.type}/{t.id}")
        return found

    def _canonical(self, address, param, only):
        """What has that url, and that version if one is named."""
        url, _, version = address.rpartition("|") if "|" in address else (address, "", "")
        return {f"{kind}/{ident}" for kind in (param.targets or sorted(self.types))
                if only in (None, kind) for ident, r in self.types.get(kind, {}).items()
                if r.get("url") == url and (not version or r.get("version") == version)}

    def _backward(self, names, kind, code="*", only=None):
        found = set()
        for one in self._references(kind, code):
            for ident, values in self.values(kind, one).items():
                if any(f"{t.type}/{t.id}" in names and only in (None, t.type) for t in values):
                    found.add(f"{kind}/{ident}")
        return found
