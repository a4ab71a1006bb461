"""``dra-conformance init``: ask a driver that runs, and write a first descriptor of it.

GetInfo gives the name and the services; the process that listens on the registration socket gives the command. Paths
and names that belong to this node become placeholders by the flag or variable that has them. Of the environment only
variables that became placeholders are taken: others may be secrets, so they are only named.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import yaml

from dra_api import names
from dra_api.kubelet._generated import registration_pb2
from dra_api.kubelet._generated.registration_pb2_grpc import RegistrationStub
from dra_conformance.drivers.descriptor import SCHEMA
from dra_conformance.errors import UsageError
from dra_conformance.printable import one_line

WORDS = (
    ("kubeconfig", "{kubeconfig}"),
    ("registrar", "{registry_dir}"),
    ("registry", "{registry_dir}"),
    ("plugins", "{plugins_dir}"),
    ("plugin-data", "{plugins_dir}"),
    ("cdi", "{cdi_dir}"),
    ("metrics-address", "{metrics_address}"),
    ("bind-address", "{metrics_address}"),
    ("pod-uid", "{pod_uid}"),
    ("pod_uid", "{pod_uid}"),
)
"""(a word in the name of a flag or variable, the placeholder of its value); the first that fits is taken."""
NODE = ("node", "nodename", "node-name", "node_name", "hostname-override")
"""Flags and variables with the node's name; others with the word, e.g. NODE_EXTRA_CA_CERTS, are something else."""
KUBELET_ROOT = "{plugins_dir}/.."
"""The kubelet's root: of drivers that are given it and know the folders in it."""
NEEDED = ("{node}", "{kubeconfig}", "{registry_dir}", "{plugins_dir}", "{cdi_dir}")


class Running(NamedTuple):
    """A driver that runs."""

    name: str
    services: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]


def init(registry: Path, driver: str, output: Path) -> int:
    """Write the descriptor of the driver that has a socket in REGISTRY; 0.

    Raises:
        UsageError: there is none, several, or the file exists.
    """
    if output.exists():
        message = f"--output {output} exists; choose another file"
        raise UsageError(message)
    found = ask(registry, driver)
    output.write_text(descriptor_of(found, registry), encoding="utf-8")
    print(f"{output}: driver {found.name}; read its comments, then: dra-conformance doctor {output}")
    return 0


def ask(registry: Path, driver: str) -> Running:
    """What the one driver in REGISTRY says, or the one that is called DRIVER.

    Raises:
        UsageError: there is none, or several.
    """
    sockets = sorted(path for path in registry.rglob("*") if path.is_socket()) if registry.is_dir() else []
    answers = {path: info for path in sockets if (info := info_of(path)) is not None}
    chosen = {path: info for path, info in answers.items() if driver in ("", info.name)}
    if len({info.name for info in chosen.values()}) != 1:
        listed = ", ".join(sorted({one_line(info.name) for info in answers.values()})) or "none"
        message = f"--registry {registry}: wanted one DRA driver{' ' + driver if driver else ''}, found {listed}; name one with --driver"
        raise UsageError(message)
    path, info = next(iter(chosen.items()))
    pid = listener(path)
    if pid is None:
        message = f"{path}: the process that listens there cannot be seen; run this as root, in the driver's network and process namespace"
        raise UsageError(message)
    process = Path("/proc") / str(pid)
    return Running(
        info.name,
        tuple(info.supported_versions),
        tuple(filter(None, process.joinpath("cmdline").read_text(errors="replace").split("\0"))),
        dict(
            line.partition("=")[::2]
            for line in process.joinpath("environ").read_text(errors="replace").split("\0")
            if "=" in line
        ),
    )


def info_of(path: Path) -> Any:
    """What GetInfo answers on a socket, if a DRA driver is behind it."""
    with grpc.insecure_channel(f"unix:{path}") as channel:
        try:
            info = RegistrationStub(channel).GetInfo(
                registration_pb2.InfoRequest(), timeout=names.GET_INFO_TIMEOUT_S, wait_for_ready=True
            )
        except grpc.RpcError:
            return None
    return info if info.type == "DRAPlugin" else None


def listener(path: Path) -> int | None:
    """The process that listens on a UNIX socket."""
    lines = (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    inodes = {f"socket:[{parts[6]}]" for parts in lines if len(parts) > 7 and parts[7] == str(path)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(entry.readlink()) in inodes for entry in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:  # gone meanwhile, or not ours to see
            continue
    return None


def placeholder(name: str) -> str:
    """The placeholder for the value of a flag or variable; empty if it has none."""
    plain = name.lstrip("-").lower()
    if plain in NODE:
        return "{node}"
    return next((value for word, value in WORDS if word in plain), "")


def general(command: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """COMMAND with placeholders: by the flag before or in an argument, else for the folders in KNOWN."""
    found: list[str] = []
    flag = ""
    for argument in command:
        name, equals, value = argument.partition("=")
        if argument.startswith("-") and equals:
            found.append(f"{name}={value_of(name, value, known)}")
        elif flag and not argument.startswith("-"):
            found.append(value_of(flag, argument, known))
        else:
            found.append(folded(argument, known))
        flag = argument if argument.startswith("-") and not equals else ""
    return found


def value_of(name: str, value: str, known: Mapping[str, str]) -> str:
    """The value of a flag or variable: what is below a known folder keeps its place there."""
    if value in known:
        return known[value]
    below = folded(value, known)
    return below if any(one in below for one in known.values()) else placeholder(name) or below


def folded(text: str, known: Mapping[str, str]) -> str:
    """TEXT with known folders as placeholders, and braces that are none doubled."""
    escaped = text.replace("{", "{{").replace("}", "}}")
    for folder, name in known.items():
        if name != KUBELET_ROOT:  # much that is no kubelet's can be below it
            escaped = escaped.replace(folder, name)
    return escaped


def descriptor_of(found: Running, registry: Path) -> str:
    """The YAML of a descriptor, with comments on what could not be known."""
    known = {
        str(registry): "{registry_dir}",
        str(registry.parent / "plugins"): "{plugins_dir}",
        str(registry.parent): KUBELET_ROOT,
    }
    command = general(found.command, known)
    environment = {name: placeholder(name) for name in found.environment if placeholder(name)}
    document = {
        "schema": SCHEMA,
        "name": found.name.partition(".")[0],
        "driver": found.name,
        "start": {"command": command, **({"environment": environment} if environment else {})},
        "deviceClass": {"name": found.name},
    }
    used = "\n".join([*command, *environment.values()])
    lines = [
        f"# {name} is used nowhere: give it to the driver by flag or variable."
        for name in NEEDED
        if name not in used and not (name == "{registry_dir}" and KUBELET_ROOT in used)
    ]
    left = sorted(set(found.environment) - set(environment))
    lines.append(f"# Variables of the process that are not here: {one_line(', '.join(left)) or 'none'}.")
    lines.append(f"# It serves {one_line(', '.join(found.services))}.")
    if any("Health" in name for name in found.services):
        lines.append("# It reports health: with hooks, add ResourceHealthStatus to features.")
    return "\n".join(lines) + "\n" + yaml.safe_dump(document, sort_keys=False, width=160)
