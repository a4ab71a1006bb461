"""The first line of the log: everything about a run but its results."""

import datetime
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from dra_conformance.catalogue import catalogue_digest
from dra_conformance.covered import covered_ids
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.harness.factory import Environment


def head_of(
    descriptor: Descriptor, environment: Environment, *, profile: str, select: str, command: Sequence[str]
) -> dict[str, Any]:
    """The first line of the log of a run that COMMAND started."""
    today = datetime.datetime.now(datetime.UTC)
    return {
        "type": "run",
        "date": today.date().isoformat(),
        "profile": profile,
        "covered": sorted(covered_ids()),
        "subject": {
            "name": descriptor.name,
            "driver": descriptor.driver,
            "command": descriptor.start.command,
            "features": descriptor.features,
            "exemptions": msgspec.to_builtins(descriptor.exemptions),
        },
        "suite": {
            "name": "dra-conformance",
            "version": version("dra-conformance"),
            "catalogue": catalogue_digest(),
            "date": today.isoformat(timespec="seconds"),
            "seed": environment.seed,
            "select": select,
            "command": list(command),
            "tier": "node",
        },
        "environment": {
            "kubernetes": environment.kubernetes,
            "provider": environment.provider,
            "machine": environment.machine or (descriptor.machine.default if descriptor.machine else ""),
            "python": platform.python_version(),
            "kernel": platform.release(),
        },
    }
