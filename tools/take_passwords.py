#!/usr/bin/env python3
"""take_passwords.py OUT FREQUENCY_LISTS: the passwords that people choose most, one a line, out of
the frequency lists of the npm package zxcvbn. Those of less than four characters are left out: no
password may be so short, and as a part of a longer one they mean nothing."""

import pathlib
import re
import sys


def main():
    out, lists = sys.argv[1:]
    found = re.search(r'\bpasswords: "([^"]*)"', pathlib.Path(lists).read_text())
    words = sorted({word for word in found[1].split(",") if len(word) >= 4}) if found else []
    if len(words) < 10000:
        sys.exit(f"take_passwords.py: {lists} is not what it was")
    pathlib.Path(out).write_text("\n".join(words) + "\n")


if __name__ == "__main__":
    main()
