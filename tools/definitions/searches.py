"""Search parameters -> one row for each type they apply to, compiled to trails.

A trail is a tree for each resource type that is walked together with a resource: an edge leads
from one node to the children with a certain element, if its guard holds; where a place emits,
the node there is indexed for that parameter. Parameters that go the same way share it.
"""

from .expressions import Unsupported, parse, split

TYPES = ("number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special")

# Which kind of index row a parameter's type makes of a value's type.
ROWS = {
    "number": {t: "NUMBER" for t in ("integer", "decimal", "positiveInt", "unsignedInt")},
    "date": {t: "DATE" for t in ("date", "dateTime", "instant", "Period", "Timing")},
    "string": {t: "STRING" for t in ("string", "markdown", "HumanName", "Address")},
    "token": {"Coding": "TOKEN", "CodeableConcept": "TOKEN", "code": "TOKEN", "boolean": "TOKEN",
              "uri": "TOKEN", "canonical": "TOKEN", "Identifier": "IDENTIFIER",
              "ContactPoint": "IDENTIFIER", "string": "IDENTIFIER", "id": "IDENTIFIER",
              "oid": "IDENTIFIER", "uuid": "IDENTIFIER"},
    "reference": {t: "REFERENCE" for t in ("Reference", "canonical", "uri")},
    "quantity": {t: "QUANTITY" for t in ("Quantity", "Age", "Duration", "Distance", "Count",
                                         "Money", "Range")},
    "uri": {t: "TOKEN" for t in ("uri", "url", "canonical", "oid", "uuid")},
}
# Special parameters that rows answer for, and what their expression must lead to.
SPECIAL = {"near": "Location.position"}

ALIASES = {"SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity", "DateTime": "dateTime"}

# What begins so in a composite's part begins at the resource, not at the composite's place.
WHOLE = "%resource."

# A composite of three is a code with where something begins and where it ends.
SPAN = ["token", "number", "number"]

# Answered from the store's own columns, whatever the expression says.
STORE_ANSWERS = ("_id", "_lastUpdated")


class Param:
    """A search parameter as it applies to one resource type."""

    def __init__(self, definition, base):
        self.code = definition["code"]
        self.url = definition["url"]
        self.base = base
        self.type = definition["type"]
        self.said_targets = set(definition.get("target", []))
        self.parts = []
        self.routes = []       # each a tuple of (element, guard)
        self.kinds = set()
        self.components = []   # of a composite: a Param for each part, beginning where it ends
        self.whole = False     # a component: beginning at the resource instead
        self.only_type = ""
        self.exists = False
        self.same_as = self
        self.also = self
        self.index = 0

    @property
    def way(self):
        """What makes two parameters find the same nodes."""
        return (self.type, self.exists, frozenset(self.routes), self.component_way)

    @property
    def single(self):
        """Whether a resource has one value of it at most."""
        return (bool(self.routes) and not self.components
                and all(not element.many for route in self.routes for element, _ in route)
                and all(self._exclude(one, two) for one in self.routes for two in self.routes))

    @staticmethod
    def _exclude(one, two):
        """Whether two ways part at a choice, or are the same: both cannot be gone."""
        for (first, _), (second, _) in zip(one, two):
            if first is not second:
                return first.choice != 0 and first.choice == second.choice
        return one == two

    @property
    def component_way(self):
        return tuple((part.type, part.whole, frozenset(part.routes)) for part in self.components)

    def targets(self, model):
        """The types it can find references to: what its definition and its elements both say."""
        if self.only_type:
            return {self.only_type}
        if self.type != "reference":
            return set()
        every = set(model.resources)
        said = self.said_targets if self.said_targets - {"Resource"} else every
        found = set()
        for route in self.routes:
            found |= model.target_sets[route[-1][0].targets] or every
        return said & found


class Searches:
    """All parameters, sorted by type and code, and the trails they are found by."""

    def __init__(self, model, packages):
        self.model = model
        self.left_out = []
        self.params = []
        self.by_type = {}
        for base in model.resources:
            self.by_type[base] = {}
        definitions = packages.search_parameters()
        self.type_of = {definition["url"]: definition["type"] for definition in definitions}
        for definition in definitions:
            for base in self._bases(definition):
                self.by_type[base][definition["code"]] = self._param(definition, base)
        for base in model.resources:
            mine = self.by_type[base] = dict(sorted(self.by_type[base].items()))
            self._share(mine)
            self._unite(mine)
            for param in mine.values():
                param.index = len(self.params)
                self.params.append(param)

    def _bases(self, definition):
        found = []
        for name in definition["base"]:
            if name == "Resource":
                found += self.model.resources
            elif name == "DomainResource":
                found += [r for r in self.model.resources if self.model[r].domain]
            else:
                found.append(name)
        return found

    def _param(self, definition, base):
        param = Param(definition, base)
        for part in split(definition.get("expression", "")):
            first = part.lstrip("(").split(".")[0].split(" ")[0]
            if first and (first in (base, "Resource", "DomainResource")
                          or first not in self.model.by_name):
                param.parts.append(part)
        if param.code in STORE_ANSWERS:
            return param
        try:
            for part in param.parts:
                self._compile(param, part, base)
            if param.type == "composite":
                self._compose(param, definition, base)
        except Unsupported as reason:
            param.routes, param.components = [], []
            self._leave_out(param, str(reason))
        else:
            if not param.routes:
                self._leave_out(param, "leads to nothing that can be indexed"
                                if param.parts else "has no expression")
        return param

    def _leave_out(self, param, reason):
        text = f"{param.code} ({param.url}): {reason}"
        if text not in self.left_out:
            self.left_out.append(text)

    def _compose(self, param, definition, base):
        """The parts of a composite: a code that its rows are kept under, and a value, or two
        numbers, from one of which the row reaches to the other."""
        parents = [end for part in param.parts for end in self._ends(param, part, base)]
        wanted = [(self.type_of.get(c["definition"]), c["expression"])
                  for c in definition["component"]]
        if len(wanted) != 2 and [kind for kind, _ in wanted] != SPAN:
            raise Unsupported("more than two parts, and not a code with two numbers")
        param.components = self._components(definition, base, parents, wanted)
        if not param.components and len(wanted) == 2:
            # DocumentReference.relationship has its expressions the wrong way round.
            turned = [(wanted[0][0], wanted[1][1]), (wanted[1][0], wanted[0][1])]
            param.components = self._components(definition, base, parents, turned)
        if len(wanted) == len(SPAN):
            param.kinds.add("QUANTITY")
        if not any(c.type == "token" and "TOKEN" in c.kinds for c in param.components):
            raise Unsupported("no part is a code")
        for part, component in zip(param.components, definition["component"]):
            part.url = component["definition"]

    def _components(self, definition, base, parents, wanted):
        found = []
        for kind, expression in wanted:
            part = Param({**definition, "type": kind}, base)
            part.whole = expression.startswith(WHOLE)
            for structure in [self.model[base]] if part.whole else [s for _, s in parents]:
                for branch in parse(expression.removeprefix(WHOLE)):
                    self._follow(part, [((), structure)], branch)
            found.append(part)
        return found if all(part.routes for part in found) else []

    def _ends(self, param, part, base):
        for branch in parse(part):
            if branch[0][1] in {base, "Resource", "DomainResource"}:
                branch = branch[1:]
            found = [((), self.model[base])]
            for step in branch:
                found = self._step(param, found, step)
            yield from found

    def _compile(self, param, part, base):
        if param.type in ("composite", "special"):
            for route, structure in self._ends(param, part, base):
                if param.type == "composite" or SPECIAL.get(param.code) == structure.name:
                    param.routes.append(route)
            if param.type == "special" and param.routes:
                param.kinds.add("QUANTITY")
            return
        names = {base, "Resource", "DomainResource"}
        for branch in parse(part):
            if branch[0][1] in names:
                branch = branch[1:]
            self._follow(param, [((), self.model[base])], branch)

    def _follow(self, param, found, branch):
        for step in branch:
            found = self._step(param, found, step)
        if found and all(s.name == "Extension" for _, s in found):
            found = self._children(found, "value")
        for route, structure in found:
            self._add(param, route, structure)

    def _add(self, param, route, structure):
        if param.type == "token" and structure.name == "code" and len(route) > 1:
            parent = route[-2][0].type_name
            if parent == "Coding":
                # A coding's code is looked for with its system.
                route, structure = route[:-1], self.model["Coding"]
            elif parent in ROWS["quantity"]:
                return
        kind = "TOKEN" if param.exists else ROWS[param.type].get(structure.name)
        if kind:
            param.kinds.add(kind)
            if route not in param.routes:
                param.routes.append(route)

    def _step(self, param, found, step):
        verb, *words = step
        if verb == "child":
            return self._children(found, words[0])
        if verb == "type":
            name = ALIASES.get(words[0], words[0])
            return [(route, s) for route, s in found if s.name == name]
        if verb == "extension":
            return self._guard(self._children(found, "extension"), ("EQUALS", "url", words[0]))
        if verb == "equals":
            return self._guard(found, ("EQUALS", words[0], words[1]))
        if verb == "has_extension":
            return self._guard(found, ("EXTENSION", "", words[0]))
        if verb == "not_false":
            return self._guard(found, ("NOT_FALSE", "", ""))
        if verb == "exists":
            param.exists = True
            return found
        if verb == "resolves" and param.only_type in ("", words[0]):
            param.only_type = words[0]
            return found
        raise Unsupported(f"{verb} cannot stand there")

    def _children(self, found, name):
        result = []
        for route, structure in found:
            if structure.name == "Resource":
                raise Unsupported("looks into another resource")
            for element in structure.named(name):
                child = self.model.structures[element.type - 1]
                result.append((route + ((element, None),), child))
        return result

    @staticmethod
    def _guard(found, guard):
        result = []
        for route, structure in found:
            if not route or route[-1][1]:
                raise Unsupported("two conditions at one place")
            result.append((route[:-1] + ((route[-1][0], guard),), structure))
        return result

    @staticmethod
    def _share(params):
        """Parameters that go the same way read the rows of one: the least narrow of them."""
        owners = {}
        for param in sorted(params.values(), key=lambda p: (p.only_type != "", p.code)):
            if not param.routes:
                continue
            owner = owners.setdefault(param.way, param)
            if owner.only_type in ("", param.only_type):
                param.same_as = owner

    @staticmethod
    def _agree(whole, one, two):
        """Whether the parts of composites are found alike (what is no composite has none)."""
        return all(set(w.routes) == set(a.routes) | set(b.routes) and w.type == a.type == b.type
                   and w.whole == a.whole == b.whole
                   for w, a, b in zip(whole.components, one.components, two.components))

    def _unite(self, params):
        """A parameter that finds exactly what two others find needs no rows either."""
        owners = [p for p in params.values()
                  if p.routes and p.same_as is p and not p.only_type and not p.exists]
        for param in owners:
            for one in owners:
                for two in owners:
                    routes = set(one.routes) | set(two.routes)
                    if (one.code < two.code and one.type == two.type == param.type
                            and self._agree(param, one, two)
                            and param not in (one, two) and routes == set(param.routes)
                            and one.also is one and two.also is two):
                        param.same_as, param.also = one, two

    def indexed(self, base):
        """The parameters of a type that have rows of their own."""
        return [p for p in self.by_type[base].values() if p.routes and p.same_as is p]
