"""The driver descriptor: a YAML file that says what a vendor's driver is called and how to run it.

Commands are lists of arguments with placeholders, see ``PLACEHOLDERS``. Unknown fields are refused with their place.
"""

import datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec

from dra_conformance.errors import UsageError
from dra_conformance.printable import one_line

SCHEMA = "dra-conformance/driver/v1"
FILE_MAX = 1 << 20
PLACEHOLDERS = {
    "machine": "name of the fake machine",
    "machine_dir": "folder of the fake machine",
    "node": "name of the Node object",
    "kubeconfig": "file with the driver's access to the API server",
    "registry_dir": "the kubelet's plugins_registry",
    "plugins_dir": "the kubelet's plugins",
    "cdi_dir": "folder for CDI files",
    "metrics_address": "a free host:port on the loopback",
    "pod_uid": "the UID of the driver's pod, another one for each instance",
    "python": "the Python that runs the suite",
}
Command = Annotated[list[str], msgspec.Meta(min_length=1)]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Base of all parts: unknown fields are refused, names are camelCase in YAML."""


class Machine(Strict, frozen=True, kw_only=True):
    """The hardware under the driver: a process that outlives it.

    Attributes:
        ready: a file that exists when the machine can be used.
    """

    default: str
    command: Command
    ready: str


class Start(Strict, frozen=True, kw_only=True):
    """How the driver is started; it stays in the foreground and ends on SIGTERM.

    Attributes:
        program: the driver's own program, where ``command`` begins with another one that becomes it.
        rolling: further arguments for instances that run side by side during an update; ``{pod_uid}`` differs between them.
    """

    command: Command
    program: str = ""
    environment: dict[str, str] = {}
    rolling: list[str] = []


class Budgets(Strict, frozen=True, kw_only=True):
    """How long things may take, in seconds, before a check says that they do not happen; nothing waits longer than it must.

    Attributes:
        repair_seconds: until slices that somebody else deleted or edited are right again. Upstream's helper comes back
            to a slice 30 s after an event, and to one that it has just written after a minute (resourceslicecontroller.go
            DefaultSyncDelay, DefaultMutationCacheTTL).
        collect_seconds: until a prepared claim that is gone from the API server is noticed in the background.
    """

    start_seconds: float = 10
    publish_seconds: float = 10
    stop_seconds: float = 10
    repair_seconds: float = 90
    collect_seconds: float = 5


class DeviceClass(Strict, frozen=True, kw_only=True):
    """The class of the driver's plain devices, those that a claim can have for itself.

    Attributes:
        types: values of ``device.attributes[<driver>].type`` of plain devices; empty means that all are plain.
    """

    name: str
    types: list[str] = []


class Exemption(Strict, frozen=True, kw_only=True):
    """A known failure that a vendor has accepted until a date."""

    id: str
    reason: str
    owner: str
    expires: datetime.date


class Descriptor(Strict, frozen=True, kw_only=True):
    """A driver under test.

    Attributes:
        name: of this descriptor.
        driver: the DRA driver name.
        features: claimed feature gates beyond ``core``; the rules of others do not apply.
        bad_config: opaque parameters that the driver must refuse.
        visible_config: opaque parameters that change what a container gets with the device: variables, nodes or mounts.
        other_visible_config: the same with another value, so that it can be seen which of two entries wins.
    """

    schema: str
    name: str
    driver: str
    start: Start
    device_class: DeviceClass
    machine: Machine | None = None
    budgets: Budgets = Budgets()
    features: list[str] = []
    bad_config: dict[str, Any] | None = None
    visible_config: dict[str, Any] | None = None
    other_visible_config: dict[str, Any] | None = None
    exemptions: list[Exemption] = []


def shipped() -> list[str]:
    """The names of the descriptors in this package."""
    files = resources.files("dra_conformance.drivers").iterdir()
    return sorted(path.name.removesuffix(".yaml") for path in files if path.name.endswith(".yaml"))


def load_descriptor(name: str) -> Descriptor:
    """The descriptor in the file NAME, or the shipped one of that name.

    Raises:
        UsageError: there is none, or it is malformed.
    """
    if name in shipped():
        raw = resources.files("dra_conformance.drivers").joinpath(f"{name}.yaml").read_bytes()
    else:
        raw = read_file(name)
    if not raw.strip():
        message = f"descriptor {name} is empty; dra-conformance's README has the smallest useful one"
        raise UsageError(message)
    try:
        descriptor = msgspec.yaml.decode(raw, type=Descriptor)
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"descriptor {name} is not a descriptor in YAML: {one_line(error)}"
        raise UsageError(message) from error
    if descriptor.schema != SCHEMA:
        message = f"descriptor {name}: schema is {descriptor.schema!r}, wanted {SCHEMA!r}"
        raise UsageError(message)
    check_placeholders(descriptor, name)
    return descriptor


def read_file(name: str) -> bytes:
    """The bytes of a descriptor file.

    Raises:
        UsageError: it is no regular file, cannot be read, or is too large to be one.
    """
    path = Path(name)
    try:
        if path.is_dir():
            message = f"descriptor {name!r} is a folder; pass the YAML file in it"
            raise UsageError(message)
        if not path.is_file():  # a device or pipe could be endless
            message = f"no descriptor {name!r}: it is neither a file nor one of {', '.join(shipped())}"
            raise UsageError(message)
        if path.stat().st_size > FILE_MAX:
            message = f"descriptor {name!r} has {path.stat().st_size} bytes, at most {FILE_MAX} are read; is it the right file?"
            raise UsageError(message)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # no permission; a null byte or too long a name
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        message = (
            f"descriptor {name!r} cannot be read: {reason}; pass a file or one of {', '.join(shipped())}"
        )
        raise UsageError(message) from error


def check_placeholders(descriptor: Descriptor, name: str) -> None:
    """Refuse arguments with unknown placeholders.

    Raises:
        UsageError: an argument has one.
    """
    machine = descriptor.machine
    arguments = [*descriptor.start.command, *descriptor.start.rolling, *descriptor.start.environment.values()]
    arguments += [*machine.command, machine.ready] if machine else []
    for argument in arguments:
        try:
            argument.format_map(dict.fromkeys(PLACEHOLDERS, ""))
        except (KeyError, ValueError, IndexError) as error:
            message = f"descriptor {name}: unknown placeholder {error} in {argument!r}; known are: {', '.join(PLACEHOLDERS)}"
            raise UsageError(message) from error
