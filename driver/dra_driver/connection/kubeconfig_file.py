"""The content of a kubeconfig file: its entries, and which of them the current context names. No message has text of the file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

BYTES_MAX = 4 << 20
T = TypeVar("T")


class ClusterEntry(msgspec.Struct, rename="kebab"):
    """``clusters[].cluster``."""

    server: str = ""
    tls_server_name: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    proxy_url: str = ""


class Variable(msgspec.Struct):
    """``users[].user.exec.env[]``."""

    name: str
    value: str = ""


class ExecEntry(msgspec.Struct, rename="camel"):
    """``users[].user.exec``."""

    command: str = ""
    api_version: str = ""
    args: list[str] | None = None
    env: list[Variable] | None = None
    install_hint: str = ""
    interactive_mode: str = ""
    provide_cluster_info: bool = False


class UserEntry(msgspec.Struct, rename="kebab"):
    """``users[].user``."""

    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    username: str = ""
    password: str = ""
    exec: ExecEntry | None = None
    auth_provider: dict[str, object] | None = None
    as_user: str = msgspec.field(name="as", default="")


class ContextEntry(msgspec.Struct):
    """``contexts[].context``."""

    cluster: str = ""
    user: str = ""


class NamedCluster(msgspec.Struct):
    """``clusters[]``."""

    name: str
    cluster: ClusterEntry


class NamedUser(msgspec.Struct):
    """``users[]``; a user without content is anonymous."""

    name: str
    user: UserEntry | None = None


class NamedContext(msgspec.Struct):
    """``contexts[]``."""

    name: str
    context: ContextEntry


class Kubeconfig(msgspec.Struct, rename="kebab"):
    """What of the file is used."""

    clusters: list[NamedCluster] | None = None
    users: list[NamedUser] | None = None
    contexts: list[NamedContext] | None = None
    current_context: str = ""


def parsed(path: Path) -> Kubeconfig:
    """The content of a kubeconfig. A message has a place in the file and never its text, where the tokens are."""
    with path.open("rb") as file:
        raw = file.read(BYTES_MAX + 1)
    if len(raw) > BYTES_MAX:
        message = f"more than {BYTES_MAX} bytes"
        raise ValueError(message)
    try:
        content = yaml.safe_load(raw.decode())
    except UnicodeDecodeError:
        message = "not a text file"
        raise ValueError(message) from None
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        message = f"not YAML: {error.problem}{where}"
        raise ValueError(message) from None
    except yaml.YAMLError as error:
        message = f"not YAML: {type(error).__name__}"
        raise ValueError(message) from None
    if not isinstance(content, dict):
        message = f"wanted a YAML mapping, found {type(content).__name__}"
        raise ValueError(message)
    return msgspec.convert({name: value for name, value in content.items() if value is not None}, Kubeconfig)


def current(config: Kubeconfig) -> tuple[str, ClusterEntry, UserEntry]:
    """Name and content of the cluster of the current context, and its user."""
    contexts = {entry.name: entry.context for entry in config.contexts or []}
    clusters = {entry.name: entry.cluster for entry in config.clusters or []}
    users = {entry.name: entry.user or UserEntry() for entry in config.users or []}
    if not config.current_context:
        message = f"it has no current-context; wanted one of {listed(contexts)}"
        raise ValueError(message)
    context = entry_of(contexts, config.current_context, "current-context", "contexts")
    cluster = entry_of(clusters, context.cluster, f"context {config.current_context!r}: cluster", "clusters")
    if not context.user:
        return context.cluster, cluster, UserEntry()
    return (
        context.cluster,
        cluster,
        entry_of(users, context.user, f"context {config.current_context!r}: user", "users"),
    )


def entry_of(entries: Mapping[str, T], name: str, what: str, kind: str) -> T:
    """The entry NAME, to which WHAT refers."""
    if name not in entries:
        message = f"{what} {name!r} is not one of its {kind}: {listed(entries)}"
        raise ValueError(message)
    return entries[name]


def listed(names: Mapping[str, object] | Sequence[str]) -> str:
    """Names for a message."""
    return ", ".join(map(repr, names)) or "none"
