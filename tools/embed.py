#!/usr/bin/env python3
"""embed.py OUT NAME FILE…: the text of files as a C table `const EmbeddedFile NAME[]`, ended by an
empty name. Written as bytes, because compilers limit how long a string may be."""

import pathlib
import sys


def byte(value):
    """As a char constant where it would not fit a signed char otherwise."""
    return str(value) if value < 128 else f"'\\{value:03o}'"


def main():
    out, name, *files = sys.argv[1:]
    lines = ['#include "store/embedded.h"', ""]
    rows = []
    for number, file in enumerate(files):
        data = pathlib.Path(file).read_bytes()
        lines.append(f"static const char text_{number}[] = {{")
        for at in range(0, len(data), 24):
            lines.append("    " + ", ".join(byte(b) for b in data[at:at + 24]) + ",")
        lines.append("};")
        rows.append(f'    {{ "{pathlib.Path(file).name}", {{ text_{number}, {len(data)} }} }},')
    lines += ["", f"const EmbeddedFile {name}[] = {{", *rows, "    { 0 },", "};", ""]
    pathlib.Path(out).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
