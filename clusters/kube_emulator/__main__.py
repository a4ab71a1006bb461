"""Where the command ``python -m kube_emulator`` begins, before any of its modules is imported."""

import sys

from dra_api.interrupts import run_command


def main() -> int:
    """Run the command; the exit code."""
    return run_command("kube_emulator.cli")


if __name__ == "__main__":
    sys.exit(main())
