#!/usr/bin/env python3
"""The terminology ecosystem's own cases (DATA/tx: HL7's tx-ecosystem tests), asked over HTTP: each
suite's resources are stored, each request is sent, each answer is compared with its template.
The cases are written in R5's form; what only R5 has is taken out of resources and of what is
expected. With --table the result is printed as the table of docs/conformance.md; with --show NAME the
answer of one case. It fails when fewer pass than were known to."""

import argparse
import json
import pathlib
import re
import sys

from outside import DATA, Counter, Folder, Server, hale, unpack_folder

PASSED_BEFORE = 0
TYPES = {"id": r"[A-Za-z0-9\-.]{1,64}", "uuid": r"urn:uuid:[0-9a-f-]{36}",
         "instant": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "semver": r"\d+(\.\d+)*.*",
         "string": r".*", "url": r"\S+", "token": r"\S+", "version": r".+", "date": r"\d{4}(-\d\d(-\d\d.*)?)?", "$": r".*"}
PATHS = {"expand": "ValueSet/$expand", "validate-code": "ValueSet/$validate-code",
         "cs-validate-code": "CodeSystem/$validate-code", "lookup": "CodeSystem/$lookup",
         "translate": "ConceptMap/$translate", "batch-validate": "ValueSet/$batch-validate-code",
         "compare": "ValueSet/$related"}
R5_ONLY = {"CodeSystem": ("versionAlgorithmCoding", "versionAlgorithmString", "copyrightLabel"),
           "ValueSet": ("versionAlgorithmCoding", "versionAlgorithmString", "copyrightLabel", "scope")}


def read(path):
    return json.loads(path.read_text(encoding="utf-8-sig"))


def to_r4(value):
    """A resource, or one that contains some, without what R4 does not have."""
    if isinstance(value, list):
        return [to_r4(v) for v in value]
    if not isinstance(value, dict):
        return value
    leave = R5_ONLY.get(value.get("resourceType"), ())
    made = {k: to_r4(v) for k, v in value.items()
            if k not in leave and not k.startswith("$") and ":" not in k}
    if value.get("resourceType") == "ValueSet" and "compose" in made:
        made["compose"].pop("property", None)
    made.pop("additionalUse", None)
    if value.get("resourceType") in ("CodeSystem", "ValueSet"):
        made.setdefault("status", "active")
    return concept_map_to_r4(made) if value.get("resourceType") == "ConceptMap" else made


EQUIVALENCE = {"related-to": "relatedto", "equivalent": "equivalent", "not-related-to": "disjoint",
               "source-is-narrower-than-target": "wider", "source-is-broader-than-target": "narrower"}


def concept_map_to_r4(value):
    for end in ("source", "target"):
        for kind in ("Uri", "Canonical"):
            if f"{end}Scope{kind}" in value:
                value[f"{end}{kind}"] = value.pop(f"{end}Scope{kind}")
    for group in value.get("group", ()):
        for element in group["element"]:
            for target in element.get("target", ()):
                target["equivalence"] = EQUIVALENCE[target.pop("relationship")]
    return value


def optional(pattern):
    """Numbers of messages are that one server's own."""
    return isinstance(pattern, dict) and (
        bool(pattern.get("$optional$")) or pattern.get("url", "").endswith("operationoutcome-message-id"))


def text_matches(pattern, actual):
    if isinstance(pattern, str) and "$version$" in pattern:
        return re.fullmatch(re.escape(pattern).replace(re.escape("$version$"), ".+"), actual) is not None
    if not (isinstance(pattern, str) and pattern.startswith("$") and pattern.endswith("$")):
        return False
    word, _, rest = pattern[1:-1].partition(":")
    if word == "choice":
        return actual in rest.split("|")
    if word == "fragments":
        return all(part in actual for part in rest.split("|")[1:]) or all(
            part.lower() in actual.lower() for part in rest.split("|"))
    if word == "external":
        return rest.partition(":")[2] in actual
    kind = TYPES.get(pattern[1:-1])
    return kind is not None and re.fullmatch(kind, str(actual), re.S) is not None


def differs(pattern, actual, path):
    """Where the two differ, or None."""
    if isinstance(pattern, dict):
        return object_differs(pattern, actual, path)
    if isinstance(pattern, list):
        return list_differs(pattern, actual, path)
    if pattern == actual and isinstance(pattern, bool) == isinstance(actual, bool):
        return None
    if isinstance(actual, (str, int, float)) and text_matches(pattern, actual):
        return None
    return f"{path}: {json.dumps(actual)[:160]} is not {json.dumps(pattern)[:160]}"


def object_differs(pattern, actual, path):
    if not isinstance(actual, dict):
        return f"{path}: no object"
    loose = set(pattern.get("$optional-properties$", ())) | {"location", "message-id"}
    counted = pattern.get("$count-arrays$", ())
    for name, wanted in pattern.items():
        if name.startswith("$"):
            continue
        if name == "property" and (path.endswith("expansion") or "contains" in path):
            continue  # R5's
        if name not in actual:
            gone = name in loose or optional(wanted) or (
                isinstance(wanted, list) and all(optional(w) for w in wanted))
            if not gone:
                return f"{path}.{name} is missing"
            continue
        if name in counted:
            if len(wanted) != len(actual[name]):
                return f"{path}.{name}: {len(actual[name])} are not {len(wanted)}"
            continue
        found = differs(wanted, actual[name], f"{path}.{name}")
        if found:
            return found
    for name in actual:
        if name not in pattern and name not in loose:
            return f"{path}.{name} is too much: {json.dumps(actual[name])[:120]}"
    return None


def label(value):
    if isinstance(value, dict):
        for name in ("name", "code", "value", "text"):
            if isinstance(value.get(name), str):
                return value[name]
        text = value.get("details", {})
        return text.get("text", "") if isinstance(text, dict) else ""
    return str(value)


def list_differs(pattern, actual, path):
    if not isinstance(actual, list):
        return f"{path}: no list"
    left = list(actual)
    missing = []
    for wanted in sorted(pattern, key=optional):
        near = None
        for i, one in enumerate(left):
            found = differs(wanted, one, f"{path}[{label(wanted)}]")
            if found is None:
                del left[i]
                break
            if label(one) == label(wanted) or near is None:
                near = found
        else:
            if not optional(wanted):
                missing.append(near or f"{path}: {label(wanted)} is missing")
    if missing:
        return missing[0]
    if left:
        return f"{path}: {json.dumps(left[0])[:200]} is too much"
    return None


class Suite:
    def __init__(self, files, suite):
        self.files, self.suite = files, suite

    def run(self, only, show):
        """(name, None or why not) for each case."""
        with Folder() as folder:
            hale("init", "--data", folder)
            with Server(folder) as server:
                for number, name in enumerate(self.suite.get("setup", ())):
                    self.store(server, number, name)
                for test in self.suite["tests"]:
                    if only and only not in test["name"]:
                        continue
                    yield test["name"], self.case(server, test, show)

    def store(self, server, number, name):
        resource = to_r4(read(self.files / name))
        resource["id"] = f"r{number}"
        status, _, text = server.ask("PUT", f"/{resource['resourceType']}/r{number}",
                                     json.dumps(resource))
        if status not in (200, 201):
            print("not stored:", name, text[:400], flush=True)

    def case(self, server, test, show):
        path = PATHS.get(test["operation"])
        request = to_r4(read(self.files / test["request"]))
        if test.get("profile"):
            request["parameter"] += to_r4(read(self.files / test["profile"]))["parameter"]
        request["parameter"] = [p for p in request["parameter"] if p["name"] != "uuid"]
        headers = {k: test[k] for k in ("Accept-Language",) if k in test}
        status, _, text = server.ask("POST", f"/{path}", json.dumps(request), headers)
        if show:
            print(json.dumps(request, indent=1), status, text, sep="\n")
            print(json.dumps(read(self.files / test["response"]), indent=1))
        wanted = test.get("http-code", "200")
        if not re.fullmatch(wanted.replace("x", r"\d"), str(status)):
            try:
                why = json.loads(text)["issue"][0]["details"]["text"]
            except (ValueError, KeyError):
                why = text[:100]
            return f"HTTP {status} is not {wanted}: {why}"
        return differs(read(self.files / test["response"]), json.loads(text), "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--show", default="")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    counter = Counter()
    with Folder() as files:
        if not (DATA / "tx" / "test-cases.json").exists() or not unpack_folder(
                DATA / "tx" / "files.tar.zst", files):
            counter.skip("DATA has no tx, or there is no zstd")
            counter.finish()
        rows = []
        for suite in read(DATA / "tx" / "test-cases.json")["suites"]:
            if suite.get("mode", "general") != "general" or asked.suite not in suite["name"]:
                continue
            results = list(Suite(pathlib.Path(files), suite).run(asked.only or asked.show,
                                                                 asked.show))
            for name, why in results:
                if why and not asked.table:
                    print(f"{suite['name']}/{name}: {why}", flush=True)
            rows.append((suite["name"], sum(not why for _, why in results), len(results)))
    passed, total = sum(r[1] for r in rows), sum(r[2] for r in rows)
    if asked.table:
        for name, good, every in rows:
            print(f"| {name} | {good} | {every - good} |")
    print(f"{passed} passed, {total - passed} failed, 0 skipped")
    sys.exit(0 if asked.suite or asked.only or asked.show or passed >= PASSED_BEFORE else 1)


if __name__ == "__main__":
    main()
