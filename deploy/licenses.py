"""The licenses of everything turbomode needs at run time, one package a line.

Reads what the installed packages say of themselves; whether a license suits you, and
what developers need besides, is not said here.
"""

import re
import sys
from collections.abc import Iterator
from importlib import metadata

NAME = re.compile(r"[\w.-]+")
"""Name at the beginning of a requirement."""


def needed(package: str, seen: set[str]) -> Iterator[metadata.Distribution]:
    """What is installed of a package and of all it needs, each once."""
    name = re.sub(r"[-_.]+", "-", package).lower()
    if name in seen:
        return
    seen.add(name)
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return  # for another platform or Python
    yield found
    for requirement in found.requires or []:
        named = NAME.match(requirement)
        if named and "extra ==" not in requirement:
            yield from needed(named[0], seen)


def license_of(package: metadata.Distribution) -> str:
    """What a package says of its license, shortest form first; empty if nothing."""
    said = package.metadata
    marks = [each for each in said.get_all("Classifier", []) if "License ::" in each]
    short = [each.rpartition(":: ")[2] for each in marks]
    text = str(said.get("License") or "").strip().partition("\n")[0]
    return str(said.get("License-Expression") or " / ".join(short) or text)


def main() -> None:
    """Print name, version and license of each package, sorted by name."""
    found = needed("turbomode-assets", set())
    for package in sorted(found, key=lambda one: one.name.lower()):
        line = f"{package.name} {package.version}: {license_of(package)}\n"
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
