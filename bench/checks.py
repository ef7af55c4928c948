#!/usr/bin/env python3
"""What checking on write costs: processor time of the server for each create of US Core's example Patients and
Observations, by the policy's level. Wants HALE (the program) and DATA (the shared folder)."""

import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "outside"))

from check_checks import set_checks  # noqa: E402
from check_packages import add, described, packed  # noqa: E402
from outside import DATA, Folder, Server, hale, unpack  # noqa: E402

ROUNDS, CYCLES = 10, 4


def seconds_of(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def examples():
    lines = unpack(DATA / "us-core" / "us-core-6.1.0.examples.ndjson.zst").splitlines()
    return [r for r in map(json.loads, lines) if r["resourceType"] in ("Patient", "Observation")]


def measure(server, texts):
    for kind, text in texts:
        server.ask("POST", "/" + kind, text)  # definitions are made ready
    before, taken, created = seconds_of(server.process), 0, 0
    for _ in range(ROUNDS):
        for kind, text in texts:
            created += server.ask("POST", "/" + kind, text)[0] == 201
            taken += 1
    return (seconds_of(server.process) - before) / taken * 1e6, created, taken


def main():
    texts = [(r["resourceType"], json.dumps(r)) for r in examples()]
    definitions = [json.loads(line) for line in
                   unpack(DATA / "us-core" / "us-core-6.1.0.definitions.ndjson.zst").splitlines()]
    with Folder() as folder:
        hale("token", "--data", folder / "data", "--scope", "system/*.cruds")
        add(folder, packed(described("hl7.fhir.us.core", "6.1.0", definitions)))
        with Server(folder / "data") as server:
            least = {}
            for level in ("off", "structure", "declared") * CYCLES:
                set_checks(folder, {"types": ["*"], "level": level})
                time.sleep(1.2)
                cost, created, taken = measure(server, texts)
                if created != taken:
                    sys.exit(f"{taken - created} of {taken} were refused at level {level}")
                least[level] = min(cost, least.get(level, cost))
    for level, cost in least.items():
        print(f"{level:10} {cost:6.0f} us for each, {cost / least['off']:.2f} of what it costs without")



if __name__ == "__main__":
    main()
