"""Trails and compartments: what index rows a resource of each type has.

A place of a trail: its edges to further places, and the parameters for which a node that has
come there is indexed. Places are numbered through all types; every type has a root.
"""

import sys

from .searches import Searches

LABEL = 0xFFFF    # emitted instead of a parameter's index: the node is a security label


class Place:
    """Where a walk through a resource may be."""

    def __init__(self):
        self.edges = {}       # (element index, guard) -> Place
        self.emits = []

    def follow(self, route):
        """The place at the end of a route, made if it is not there."""
        place = self
        for element, guard in route:
            place = place.edges.setdefault((element.index, guard), Place())
        return place


class Trails:
    """The places of all types, in the order in which they are numbered."""

    def __init__(self, searches: Searches, packages):
        self.model = searches.model
        self.places = [Place()]      # 0 is nowhere
        self.roots = [0]
        self.parts = {}         # composite's index -> the number of each part's first place
        labels = [row[0] for row in packages.overlay_table("security_labels.tsv")]
        for base in self.model.resources:
            root = Place()
            for param in searches.indexed(base):
                for route in param.routes:
                    root.follow(route).emits.append(param.index)
            for path in labels:
                first, *names = path.split(".")
                if first in (base, "Resource"):
                    root.follow(self._route(base, names)).emits.append(LABEL)
            self.roots.append(self._number(root))
            for param in searches.indexed(base):
                self.parts[param.index] = [self._part(part, param.index)
                                           for part in param.components]
        self.number_of = {id(place): n for n, place in enumerate(self.places)}

    def _part(self, part, index):
        root = Place()
        for route in part.routes:
            root.follow(route).emits.append(index)
        return self._number(root)

    def _route(self, base, names):
        structure, route = self.model[base], []
        for name in names:
            (element,) = structure.named(name)
            route.append((element, None))
            structure = self.model.structures[element.type - 1]
        return route

    def _number(self, root):
        first = len(self.places)
        pending = [root]
        while pending:
            place = pending.pop(0)
            place.edges = dict(sorted(place.edges.items(), key=lambda e: (e[0][0], e[0][1] or ())))
            place.emits.sort()
            self.places.append(place)
            pending += place.edges.values()
        return first


class Compartment:
    """For each type the parameters that lead to a patient, all of them and the subject's; and those
    that lead to the owners of the other compartments."""

    OTHERS = ("Device", "Encounter", "Practitioner", "RelatedPerson")

    def __init__(self, searches, packages):
        self.rules = []
        self.others = [(owner, base, self._params(searches, base, codes)) for owner in self.OTHERS
                       for base, codes in sorted(packages.compartment(owner).items()) if codes]
        all_of = packages.compartment("Patient")
        subject_of = {}
        for row in packages.overlay_table("patient_record.tsv"):
            subject_of[row[0]] = [] if row[1] == "-" else row[1].split(",")
        for missing in sorted({t for t, codes in all_of.items() if codes} - set(subject_of)):
            sys.exit(f"patient_record.tsv: {missing} is missing")
        for base in searches.model.resources:
            if base not in subject_of:
                continue
            subject = subject_of[base]
            every = list(dict.fromkeys(all_of.get(base, []) + subject))
            self.rules.append((base, self._params(searches, base, every),
                               self._params(searches, base, subject)))

    @staticmethod
    def _params(searches, base, codes):
        params = [searches.by_type[base][code] for code in codes]
        for param in params:
            if param.type != "reference" or not param.routes:
                sys.exit(f"compartment: {base}.{param.code} finds no references")
        return params
