"""Pure: the words in which Kubernetes' programs are told what to switch on: ``A=true,B=false``.

Two flags of kube-apiserver are spelled so: ``--feature-gates`` and ``--runtime-config`` (which versions are served). Which
names there are depends on the provider and the release.
"""

from collections.abc import Mapping

from dra_clusters.errors import UsageError

VALUES = {"true": True, "1": True, "": True, "false": False, "0": False}
"""A name alone switches on, as for ``--runtime-config``."""


def read(text: str, flag: str) -> dict[str, bool]:
    """The switches that the value of FLAG tells.

    Raises:
        UsageError: it cannot be read.
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
    """SWITCHES as the value of a flag."""
    return ",".join(f"{name}={str(on).lower()}" for name, on in switches.items())
