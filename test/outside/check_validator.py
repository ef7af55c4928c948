#!/usr/bin/env python3
"""HL7's validator cases for R4, through `hale validate`: whether a resource is found right or wrong, and
where. Cases of what goes beyond resources (marked special) are counted apart.

An argument is a file to which each case is written with its outcome. The run fails if the program
crashes, or if fewer than FLOOR agree."""

import collections
import json
import re
import shutil
import subprocess
import sys

from outside import DATA, HALE, Counter, Folder, unpack_folder

FLOOR = 0.80
SECONDS = 30


def errors_of(expect):
    return [i for i in expect.get("issues", []) if i["severity"] in ("error", "fatal")]


def plain(path):
    """An element's path without remarks and indices, as either side writes it."""
    path = re.sub(r"/\*[^*]*\*/", "", path).replace(".ofType(", "#").replace("value[x]", "value")
    return re.sub(r"#\w+\)", "", re.sub(r"\[\d+\]", "", path))


def near(wanted, found):
    """Whether one path is the other, or its parent or child."""
    a, b = plain(wanted), plain(found)
    return a == b or a.rpartition(".")[0] == b or b.rpartition(".")[0] == a


def validate(folder, case, names, profile):
    """(issues, or None where the program failed) of one run with those definitions."""
    with Folder() as definitions:
        for number, name in enumerate(names):
            source = folder / name
            if source.is_file():
                shutil.copy(source, definitions / f"{number}{source.suffix}")
        words = [HALE, "validate", "--with", str(definitions)]
        if profile:
            words += ["--profile", profile]
        done = subprocess.run([*words, str(folder / case["file"])], capture_output=True, text=True,
                              timeout=SECONDS)
    if done.returncode not in (0, 1):
        return None
    try:
        return json.loads(done.stdout)["issue"]
    except ValueError:
        return [{"severity": "fatal", "details": {"text": done.stderr}}]


def url_of(folder, source):
    """The canonical url of the profile in a file."""
    path = folder / source
    if not path.is_file():
        return source
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    found = re.search(r'<url value="([^"]+)"', text) if path.suffix == ".xml" else None
    return found.group(1) if found else json.loads(text)["url"]


def runs(case, folder):
    """(name, definitions, profile, what is expected) for each run of a case."""
    common = list(case.get("supporting", [])) + list(case.get("profiles", []))
    if not case.get("profile"):
        yield "base", common, None, case["expect"]
        return
    profile = case["profile"]
    yield "base", common, None, case["expect"]
    names = common + list(profile.get("supporting", [])) + [profile["source"]]
    yield "profile", names, url_of(folder, profile["source"]), profile["expect"]


def judge(issues, expect):
    """(the same verdict, the same places, what we said)."""
    ours = [i for i in issues if i["severity"] in ("error", "fatal")]
    wanted = errors_of(expect)
    verdict = bool(ours) == bool(wanted)
    places = [p for i in ours for p in i.get("expression", [])]
    # an error of the whole text has no place in the resource
    same = all(any(near(e, p) for p in places) for i in wanted for e in i.get("expression", [])[:1]
               if "." in e)
    return verdict, verdict and same, ours


def main():
    counter, told = Counter(), []
    table = collections.defaultdict(lambda: [0, 0, 0])
    with Folder() as folder:
        if not unpack_folder(DATA / "validator" / "files.tar.zst", folder):
            counter.skip("the validator's cases are not here, or cannot be unpacked")
            counter.finish()
        for line in (DATA / "validator" / "cases.ndjson").read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case.get("missing") or case.get("logical"):
                continue
            level = "special" if case.get("special") else case["level"]
            for which, names, profile, expect in runs(case, folder):
                try:
                    issues = validate(folder, case, names, profile)
                except subprocess.TimeoutExpired:
                    issues = None
                counter.check(issues is not None, case["id"], "crashed or took too long")
                verdict, same, ours = judge(issues or [], expect)
                row = table[level]
                row[0] += 1
                row[1] += verdict
                row[2] += same
                told.append({"id": case["id"], "run": which, "level": level, "verdict": verdict, "same": same,
                             "ours": [(i["details"]["text"], i.get("expression")) for i in ours],
                             "wanted": [(i.get("text"), i.get("expression")) for i in errors_of(expect)]})
    print("| level | runs | same verdict | and the same places |\n|---|---|---|---|")
    for level, (total, verdict, same) in sorted(table.items()):
        print(f"| {level} | {total} | {verdict} | {same} |")
    core = [t for t in told if t["level"] != "special"]
    share = sum(t["verdict"] for t in core) / len(core)
    print(f"{share:.1%} of {len(core)} runs have the same verdict")
    counter.check(share >= FLOOR, f"fewer than {FLOOR:.0%} agree")
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as out:
            out.writelines(json.dumps(t, ensure_ascii=False) + "\n" for t in told)
    counter.finish()


if __name__ == "__main__":
    main()
