"""The first line of the log: everything about a run but its results."""

import datetime
import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from dra_conformance.catalogue import catalogue_digest
from dra_conformance.covered import covered_ids
from dra_conformance.drivers.descriptor import Descriptor, descriptor_text, load_descriptor
from dra_conformance.drivers.programs import driver_command, driver_program, find_program
from dra_conformance.errors import UsageError
from dra_conformance.harness.factory import Environment
from dra_conformance.redaction import redacted


def head_of(
    name: str, environment: Environment, *, profile: str, select: str, command: Sequence[str]
) -> dict[str, Any]:
    """The first line of the log of a run of the descriptor NAME that COMMAND started."""
    descriptor = load_descriptor(name)
    today = datetime.datetime.now(datetime.UTC)
    return {
        "type": "run",
        "date": today.date().isoformat(),
        "profile": profile,
        "descriptor": redacted(descriptor_text(name).decode(errors="replace")),
        "covered": sorted(covered_ids()),
        "subject": {
            "name": descriptor.name,
            "driver": descriptor.driver,
            "digest": digest_of(descriptor),
            "command": list(driver_command(descriptor)),
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
            "tier": ",".join(environment.tiers),
        },
        "environment": {
            "kubernetes": environment.kubernetes,
            "provider": environment.target.cluster if environment.target else environment.provider,
            "machine": machine_of(descriptor, environment),
            "python": platform.python_version(),
            "kernel": platform.release(),
        },
    }


def machine_of(descriptor: Descriptor, environment: Environment) -> str:
    """The fake machine of the run; empty if the suite starts none."""
    if "node" not in environment.tiers:
        return ""
    if descriptor.machine is not None:
        return environment.machine or descriptor.machine.default
    racks = descriptor.multi_node
    return racks.machine.default if racks and racks.machine and not descriptor.start.command else ""


def digest_of(descriptor: Descriptor) -> str:
    """The digest of the driver's program; empty if that is not known here, e.g. for one that an interpreter runs."""
    name = driver_program(descriptor)
    if not name or "{" in name:
        return ""
    try:
        with Path(find_program(name)).open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except (OSError, UsageError):
        return ""
