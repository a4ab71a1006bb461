"""A file of the checkout that a module writes: written, or with ``--check`` compared."""

import argparse
import sys
from pathlib import Path


def write_or_check(output: Path, wanted: str, *, module: str, purpose: str | None) -> int:
    """Write WANTED to OUTPUT, or with ``--check`` on the command line compare; 1 if it is stale, 2 outside a checkout.

    MODULE is what ``python -m`` runs to write it, PURPOSE the description in its help.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=purpose)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is stale")
    arguments = parser.parse_args()
    if not output.parent.is_dir():
        print(f"there is no folder {output.parent}; run this in a checkout", file=sys.stderr)  # noqa: T201
        return 2
    if output.exists() and output.read_text() == wanted:
        return 0
    if arguments.check:
        print(f"stale: {output}; run python -m {module}", file=sys.stderr)  # noqa: T201
        return 1
    output.write_text(wanted)
    return 0
