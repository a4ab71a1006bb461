"""The driver descriptor: a YAML file that says what a vendor's driver is called and how to run it.

Commands are lists of arguments with placeholders, see ``PLACEHOLDERS``; those of hooks have ``DEVICE_PLACEHOLDERS`` too.
Unknown fields are refused with their place.
"""

import datetime
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec

from dra_conformance.drivers.parts import (
    Command,
    Hooks,
    Machine,
    MultiNode,
    Observability,
    Strict,
    Variant,
    Webhook,
)
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
    "metrics_port": "its port",
    "health_address": "another free host:port on the loopback",
    "health_port": "its port",
    "pod_uid": "the UID of the driver's pod, another one for each instance",
    "nri_socket": "the NRI socket of the container runtime; a driver that asks for it has one",
    "python": "the Python that runs the suite",
}
WEBHOOK_PLACEHOLDERS = {
    "webhook_host": "the address that the webhook listens on",
    "webhook_port": "its port",
    "tls_certificate": "its certificate as PEM, a file",
    "tls_key": "the key of its certificate as PEM, a file",
}
RACK_PLACEHOLDERS = {
    "namespace": "the driver's namespace, where its daemons run",
    "rack": "the number of the node's rack",
    "tray": "the number of the node in its rack",
}
"""Of the commands of ``multiNode``; ``rack`` and ``tray`` are of the plugin and its environment only."""
DEVICE_PLACEHOLDERS = {
    "device": "name of the device in its pool",
    "number": "the number at the end of the device's name",
    "pool": "name of the device's pool",
}


class Start(Strict, frozen=True, kw_only=True):
    """How the driver is started; it stays in the foreground and ends on SIGTERM.

    Attributes:
        program: the driver's own program, where ``command`` begins with another one that becomes it.
        rolling: further arguments for instances that run side by side during an update; ``{pod_uid}`` differs between them.
        many: with more devices than one slice takes.
        empty: without any device, or without what finds them.
        previous: the version before this one, on the same devices.
    """

    command: Command
    program: str = ""
    environment: dict[str, str] = {}
    rolling: list[str] = []
    many: Variant | None = None
    empty: Variant | None = None
    previous: Variant | None = None


NOT_STARTED = Start(command=[])
"""Of a driver that the suite never starts, because it is installed in a cluster."""


class Budgets(Strict, frozen=True, kw_only=True):
    """How long things may take, in seconds, before a check says that they do not happen; nothing waits longer than it must.

    Attributes:
        repair_seconds: until slices that somebody else deleted or edited are right again. Upstream's helper comes back
            to a slice 30 s after an event, and to one that it has just written after a minute (resourceslicecontroller.go
            DefaultSyncDelay, DefaultMutationCacheTTL).
        collect_seconds: until a prepared claim that is gone from the API server is noticed in the background.
        attach_seconds: until the binding conditions of an allocated device are true; the scheduler waits 600 s.
        pod_seconds: until a pod whose devices are free runs, and until one that was deleted is gone.
        detect_seconds: until a change of a device, made by a hook, is seen in the slices or in the health stream.
    """

    start_seconds: float = 10
    publish_seconds: float = 10
    stop_seconds: float = 10
    repair_seconds: float = 90
    collect_seconds: float = 5
    detect_seconds: float = 10
    attach_seconds: float = 60
    pod_seconds: float = 60


class DeviceClass(Strict, frozen=True, kw_only=True):
    """The class of the driver's plain devices, those that a claim can have for itself.

    Attributes:
        types: values of ``device.attributes[<driver>].type`` of plain devices; empty means that all are plain.
    """

    name: str
    types: list[str] = []


class Installation(Strict, frozen=True, kw_only=True):
    """How the driver's objects are found where it is installed.

    Attributes:
        namespace: of its pods.
        labels: of its pods, and of all other objects that came with it.
        command: installs it in the cluster of ``$KUBECONFIG``, for ``--cluster kind``.
        images: archives of images that the nodes of that cluster have before.
    """

    namespace: str
    labels: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    command: Command | None = None
    images: list[str] = []


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
        start: how the suite starts it; one that is only judged where it is installed needs none.
        pools: how many pools the driver publishes on a node, so that it is known when all are there.
        features: claimed feature gates beyond ``core``; the rules of others do not apply.
        bad_config: opaque parameters that the driver must refuse.
        visible_config: opaque parameters that change what a container gets with the device: variables, nodes or mounts.
        other_visible_config: the same with another value, so that it can be seen which of two entries wins.
        admin_config: opaque parameters that only a device class may have; in a claim the driver must refuse them.
        older_configs: opaque parameters in each older version that the driver still reads.
        version: a command that prints the version of the driver; without it the driver's log has to name it.
        hooks: how the suite changes the devices.
        controller: a process of the driver that runs once in a cluster, for what is not done on a node.
        multi_node: how it is started on the nodes of racks, for the area multi-node.
        installed: where its pods are in a cluster; without it the checks of these do not apply.
        manifests: a command that prints the Kubernetes objects that are shipped with the driver, e.g. ``helm template``.
        observability: probes and metrics.
        webhook: what checks opaque parameters at admission.
        oldest_kubernetes: the oldest release that the vendor supports, e.g. ``1.34``.
    """

    schema: str
    name: str
    driver: str
    device_class: DeviceClass
    start: Start = NOT_STARTED
    machine: Machine | None = None
    budgets: Budgets = Budgets()
    pools: Annotated[int, msgspec.Meta(ge=1)] = 1
    features: list[str] = []
    hooks: Hooks = Hooks()
    controller: Command | None = None
    multi_node: MultiNode | None = None
    installed: Installation | None = None
    observability: Observability = Observability()
    webhook: Webhook | None = None
    manifests: Command | None = None
    oldest_kubernetes: str = ""
    bad_config: dict[str, Any] | None = None
    visible_config: dict[str, Any] | None = None
    other_visible_config: dict[str, Any] | None = None
    admin_config: dict[str, Any] | None = None
    older_configs: list[dict[str, Any]] = []
    version: Command | None = None
    exemptions: list[Exemption] = []


def shipped() -> list[str]:
    """The names of the descriptors in this package."""
    files = resources.files("dra_conformance.drivers").iterdir()
    return sorted(path.name.removesuffix(".yaml") for path in files if path.name.endswith(".yaml"))


def descriptor_text(name: str) -> bytes:
    """The YAML of the descriptor in the file NAME, or of the shipped one of that name.

    Raises:
        UsageError: there is none.
    """
    if name in shipped():
        return resources.files("dra_conformance.drivers").joinpath(f"{name}.yaml").read_bytes()
    return read_file(name)


def load_descriptor(name: str) -> Descriptor:
    """The descriptor in the file NAME, or the shipped one of that name.

    Raises:
        UsageError: there is none, or it is malformed.
    """
    raw = descriptor_text(name)
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


def start_arguments(start: Start) -> list[str]:
    """Every text with placeholders of the ways to start a driver."""
    found = [*start.command, *start.rolling, *start.environment.values()]
    for variant in filter(None, (start.many, start.empty, start.previous)):
        found += variant.texts()
    return found


def uses_nri(descriptor: Descriptor) -> bool:
    """Whether the driver is started with an NRI socket."""
    return any("{nri_socket}" in text for text in start_arguments(descriptor.start))


def check_placeholders(descriptor: Descriptor, name: str) -> None:
    """Refuse arguments with unknown placeholders, and hooks that need a machine which is not described.

    Raises:
        UsageError: there is one.
    """
    machine = descriptor.machine
    arguments = start_arguments(descriptor.start)
    arguments += [*machine.command, machine.ready] if machine else []
    seen = descriptor.observability
    arguments += [seen.liveness, seen.metrics, *seen.start.texts()]
    for argument in arguments:
        check_argument(argument, PLACEHOLDERS, f"descriptor {name}")
    for argument in descriptor.controller or ():
        check_argument(argument, PLACEHOLDERS, f"descriptor {name}: $.controller")
    racks = descriptor.multi_node
    for argument in racks.arguments() if racks else ():
        check_argument(argument, PLACEHOLDERS | RACK_PLACEHOLDERS, f"descriptor {name}: $.multiNode")
    for argument in descriptor.webhook.command if descriptor.webhook else ():
        check_argument(argument, PLACEHOLDERS | WEBHOOK_PLACEHOLDERS, f"descriptor {name}: $.webhook")
    installation = descriptor.installed.command if descriptor.installed else None
    for argument in (*(descriptor.manifests or ()), *(descriptor.version or ()), *(installation or ())):
        check_argument(
            argument, {"python": ""}, f"descriptor {name}: $.manifests, $.version, $.installed.command"
        )
    for hook_name, hook in descriptor.hooks.given().items():
        for argument in hook.arguments():
            check_argument(
                argument, PLACEHOLDERS | DEVICE_PLACEHOLDERS, f"descriptor {name}: $.hooks.{hook_name}"
            )
        if hook.ctl is not None and machine is None:
            message = f"descriptor {name}: $.hooks.{hook_name}.ctl changes the fake NVML node of $.machine, which is missing"
            raise UsageError(message)


def check_argument(argument: str, placeholders: Mapping[str, str], where: str) -> None:
    """Refuse an argument with another placeholder than PLACEHOLDERS.

    Raises:
        UsageError: it has one.
    """
    try:
        argument.format_map(dict.fromkeys(placeholders, ""))
    except (KeyError, ValueError, IndexError) as error:
        message = (
            f"{where}: unknown placeholder {error} in {argument!r}; known are: {', '.join(placeholders)}"
        )
        raise UsageError(message) from error
