"""The parts of a driver descriptor: other ways to start, hooks, and what a driver offers beside its sockets.

Commands are lists of arguments with placeholders; ``descriptor`` says which.
"""

from typing import Annotated

import msgspec

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


class Variant(Strict, frozen=True, kw_only=True):
    """Another way to start the driver.

    Attributes:
        command: instead of the usual one; empty means the usual one.
        arguments: further arguments.
        environment: further variables.
    """

    command: list[str] = []
    arguments: list[str] = []
    environment: dict[str, str] = {}

    def texts(self) -> list[str]:
        """Every text with placeholders."""
        return [*self.command, *self.arguments, *self.environment.values()]


class Hook(Strict, frozen=True, kw_only=True):
    """One way to change the hardware under the driver; exactly one of ``command``, ``file`` and ``ctl``.

    Attributes:
        command: runs in the environment of ``start`` and ends with exit code 0 when the change has happened.
        file: path of a file that is replaced by ``text``; missing folders are made.
        ctl: arguments of ``fake-nvml ctl``, for a driver whose machine is a fake NVML node.
    """

    command: Command | None = None
    file: str | None = None
    text: str = ""
    ctl: Command | None = None

    def __post_init__(self) -> None:
        """Check which members are set."""
        given = [name for name in ("command", "file", "ctl") if getattr(self, name) is not None]
        if len(given) != 1:
            message = f"wanted one of command, file and ctl, found {' and '.join(given) or 'none'}"
            raise ValueError(message)
        if self.text and self.file is None:
            message = f"text is what is written to a file; found it beside {given[0]}"
            raise ValueError(message)

    def arguments(self) -> list[str]:
        """Every text with placeholders."""
        return [*(self.command or ()), *(self.ctl or ()), self.file or "", self.text]


class Hooks(Strict, frozen=True, kw_only=True):
    """What the suite can do to the devices; a check that needs a hook which is missing does not apply.

    Attributes:
        sicken: make a device unhealthy, in a way that leaves it usable.
        warn: a condition of a device that a running pod does not notice; ``heal`` ends it too, after ``sicken``.
        heal: end what ``sicken`` did.
        remove: unplug a device.
        add: plug it in again.
        swap: put other hardware in the place of a device.
        unswap: put the first one back.
        change: change an attribute or a capacity of a device.
        restore: undo ``change``.
        block: partitions of a device cannot be made from now on.
        unblock: they can again.
        detach: a device of a fabric cannot be attached to the node.
        attach: it can again.
        partitions: prints the partitions that exist; as a file, that file is read.
        reboot: what a reboot of the node does to the hardware; the driver does not run meanwhile.
    """

    sicken: Hook | None = None
    warn: Hook | None = None
    heal: Hook | None = None
    remove: Hook | None = None
    add: Hook | None = None
    swap: Hook | None = None
    unswap: Hook | None = None
    change: Hook | None = None
    restore: Hook | None = None
    block: Hook | None = None
    unblock: Hook | None = None
    detach: Hook | None = None
    attach: Hook | None = None
    partitions: Hook | None = None
    reboot: Hook | None = None

    def given(self) -> dict[str, Hook]:
        """{name: hook} of those that the descriptor has."""
        found = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: hook for name, hook in found.items() if hook is not None}


class Observability(Strict, frozen=True, kw_only=True):
    """What administrators look at; without a member its checks do not apply.

    Attributes:
        start: how the driver is started so that it serves this, on the addresses of the placeholders.
        liveness: where the kubelet's probe would ask: ``http://HOST:PORT/PATH``, or ``grpc://HOST:PORT/SERVICE`` of gRPC's health service.
        metrics: ``http://HOST:PORT/PATH`` of metrics in Prometheus' text format.
    """

    start: Variant = Variant()
    liveness: str = ""
    metrics: str = ""

    def __post_init__(self) -> None:
        """Check the kinds of addresses."""
        wanted = {"liveness": ("http://", "grpc://"), "metrics": ("http://",)}
        for name, schemes in wanted.items():
            if (found := getattr(self, name)) and not found.startswith(schemes):
                message = f"{name}: wanted {' or '.join(schemes)} and an address, found {found!r}"
                raise ValueError(message)


class Webhook(Strict, frozen=True, kw_only=True):
    """The vendor's validating admission webhook.

    Attributes:
        command: starts it; ``{webhook_host}``, ``{webhook_port}``, ``{tls_certificate}`` and ``{tls_key}`` are the suite's.
        path: of the URL that the API server would call.
    """

    command: Command
    path: str


class MultiNode(Strict, frozen=True, kw_only=True):
    """How the driver is started on the nodes of racks: once a controller, and a kubelet plugin on each node.

    Attributes:
        driver: the DRA driver name of the plugin; empty means the descriptor's.
        namespace: of the driver, where the daemons of domains run.
        manifests: prints the objects that have to be there before: definitions, device classes, the namespace.
        machine: the racks under the driver, each with two nodes.
        environment: of controller and plugins.
    """

    driver: str = ""
    namespace: str
    manifests: Command
    controller: Command
    plugin: Command
    environment: dict[str, str] = {}
    machine: Machine | None = None

    def arguments(self) -> list[str]:
        """Every text with placeholders."""
        machine = [*self.machine.command, self.machine.ready] if self.machine else []
        return [*self.manifests, *self.controller, *self.plugin, *self.environment.values(), *machine]
