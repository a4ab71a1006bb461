"""Where the command ``dra-driver`` begins, before any of its modules is imported."""

from dra_api.interrupts import run_command


def main() -> int:
    """Run the command; the exit code."""
    return run_command("dra_driver.cli")
