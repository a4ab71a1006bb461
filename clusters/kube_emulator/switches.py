"""Pure: the syntax of kube-apiserver's ``--feature-gates`` and ``--runtime-config``: ``A=true,B=false``.

Which names exist depends on the release: see ``releases.gates`` and ``apiserver.served_versions``.
"""

from collections.abc import Mapping

from kube_emulator.errors import UsageError

VALUES = {"true": True, "1": True, "": True, "false": False, "0": False}
"""A name alone switches on, as for ``--runtime-config``."""


def read(text: str, flag: str) -> dict[str, bool]:
    """Parse the value of FLAG, {name: on}.

    Raises:
        UsageError: it cannot be parsed.
    """
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, value = part.partition("=")
        if not name or value.lower() not in VALUES:
            message = f"{flag}: wanted NAME=true or NAME=false with commas between them, found {part!r}"
            raise UsageError(message)
        found[name] = VALUES[value.lower()]
    return found


def shown(switches: Mapping[str, bool]) -> str:
    """Format SWITCHES as the value of a flag."""
    return ",".join(f"{name}={str(on).lower()}" for name, on in switches.items())
