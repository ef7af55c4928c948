"""Invariants: the constraints of the base definitions, by the structure or element they stand at.

Left out is what reading a resource sees to already: ele-1 (nothing is empty), and ext-1 where it is
repeated at each use of an Extension.
"""

# As published these do not say what they mean; so do later releases.
CORRECTED = {
    "que-7": "operator = 'exists' implies (answer is boolean)",
}


class Constraints:
    """Unique constraints, and where they stand: by structure number and by element number."""

    def __init__(self, model, packages):
        self.rows = []                # (key, human, expression, warning)
        self.of_structure = {}        # structure number -> numbers of rows
        self.of_element = []          # (element index, number of a row)
        self._number_of = {}
        for definition in packages.structure_definitions():
            for element in definition["snapshot"]["element"]:
                for constraint in element.get("constraint", []):
                    self._take(model, element["path"], constraint)
        self.of_element.sort()

    def _take(self, model, path, constraint):
        key = constraint["key"]
        if key == "ele-1" or (key == "ext-1" and path != "Extension"):
            return
        expression = CORRECTED.get(key, constraint["expression"])
        row = (key, constraint["human"], expression, constraint["severity"] == "warning")
        number = self._number_of.setdefault(row, len(self.rows))
        if number == len(self.rows):
            self.rows.append(row)
        if path in model.by_name:
            self.of_structure.setdefault(model[path].number, []).append(number)
            return
        parent, _, name = path.rpartition(".")
        for element in model[parent].named(name.removesuffix("[x]")):
            self.of_element.append((element.index, number))
