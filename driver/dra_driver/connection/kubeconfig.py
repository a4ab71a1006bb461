"""Reads a kubeconfig, or the service account of a pod: which API server, and who the driver is there.

Every fault of the files is found here, at the start, as one line that names the entry and no secret. lightkube's own
reader raises whatever it meets, takes paths of tokens relative to the working directory, and leaves out ``as``,
``tls-server-name`` and ``proxy-url``. The rules are client-go's: tools/clientcmd/loader.go (paths are relative to the
file), tools/clientcmd/validation.go (what excludes what).
"""

import base64
import binascii
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dra_driver.connection.kubeconfig_file import (
    ExecEntry,
    UserEntry,
    current,
    listed,
    parsed,
)
from dra_driver.errors import ConfigError

ACCOUNT_DIR = Path("/var/run/secrets/kubernetes.io/serviceaccount")
GROUP = "client.authentication.k8s.io"
EXEC_VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")


@dataclass(frozen=True, slots=True, repr=False)
class Header:
    """The value of the header ``Authorization``. It has no ``repr``: it is a secret."""

    value: str


@dataclass(frozen=True, slots=True)
class TokenPath:
    """A token in a file, which others replace."""

    path: Path


@dataclass(frozen=True, slots=True)
class Command:
    """A command that prints an ExecCredential.

    Attributes:
        program: the command and its arguments.
        environment: variables in addition to the driver's own.
        version: the apiVersion that it must speak.
        with_cluster: whether it gets the cluster that it is for.
    """

    program: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    version: str
    with_cluster: bool


Identity = Header | TokenPath | Command | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Access:
    """One API server and who the driver is there.

    Attributes:
        source: the file, for messages.
        server: its URL.
        server_name: the name in its certificate; empty for the host of the URL.
        proxy: URL of a proxy from the kubeconfig; empty for none.
        authority: certificates (PEM) that it is checked with; empty for the system's.
        insecure: it is not checked at all.
        certificate: the driver's own certificate and key (PEM), if it has one.
    """

    source: str
    server: str
    server_name: str = ""
    proxy: str = ""
    authority: str = ""
    insecure: bool = False
    certificate: tuple[str, str] | None = None
    identity: Identity = None


def read_access(
    kubeconfig: Path | None, environment: Mapping[str, str], account_dir: Path = ACCOUNT_DIR
) -> Access:
    """The access that the file KUBECONFIG describes, or that the service account of the pod has.

    Raises:
        ConfigError: it cannot be used.
    """
    try:
        if kubeconfig is None:
            return account_access(environment, account_dir)
        return file_access(kubeconfig)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError as error:
        reason = " ".join(str(error).split())
    source = f"kubeconfig {kubeconfig}" if kubeconfig else "the service account of the pod"
    message = f"cannot use {source}: {reason}; give a kubeconfig file with --kubeconfig or KUBECONFIG, or run in a pod"
    raise ConfigError(message)


def account_access(environment: Mapping[str, str], account_dir: Path) -> Access:
    """Where the kubelet puts it: the server into variables, token and certificates into a folder."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise ValueError("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod")
    token = account_dir / "token"
    token_of(text_of(token, "token"), f"token {token}")
    return Access(
        source=str(account_dir),
        server=checked_server(f"https://{f'[{host}]' if ':' in host else host}:{port}", "the service"),
        authority=text_of(account_dir / "ca.crt", "certificates"),
        identity=TokenPath(token),
    )


def file_access(path: Path) -> Access:
    """The access of the current context of a kubeconfig."""
    if ":" in str(path) and not path.exists():
        raise ValueError("a list of files is not supported; wanted one")
    name, cluster, user = current(parsed(path))
    folder = path.absolute().parent
    if cluster.insecure_skip_tls_verify and (
        cluster.certificate_authority or cluster.certificate_authority_data
    ):
        message = (
            f"cluster {name!r} has insecure-skip-tls-verify and a certificate-authority; wanted one of them"
        )
        raise ValueError(message)
    proxy = cluster.proxy_url
    if proxy and urlsplit(proxy).scheme not in ("http", "https"):
        message = f"cluster {name!r}: proxy-url is not supported; wanted http://HOST:PORT"
        raise ValueError(message)
    authority = pem(
        cluster.certificate_authority_data, cluster.certificate_authority, folder, "certificate-authority"
    )
    certificate = pem(user.client_certificate_data, user.client_certificate, folder, "client-certificate")
    key = pem(user.client_key_data, user.client_key, folder, "client-key")
    if bool(certificate) != bool(key):
        raise ValueError("its user has one of client-certificate and client-key; wanted both or none")
    return Access(
        source=str(path),
        server=checked_server(cluster.server, f"cluster {name!r}"),
        server_name=cluster.tls_server_name,
        proxy=proxy,
        authority=authority,
        insecure=cluster.insecure_skip_tls_verify,
        certificate=(certificate, key) if certificate else None,
        identity=identity_of(user, folder),
    )


def checked_server(server: str, what: str) -> str:
    """SERVER if it is the URL of an API server; it is shown without the password that somebody may have put there."""
    try:
        parts = urlsplit(server)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in server:
        message = f"server {server.rpartition('@')[2]!r} of {what}: wanted https://HOST:PORT"
        raise ValueError(message)
    return server


def pem(data: str, path: str, folder: Path, what: str) -> str:
    """The PEM text that is in the kubeconfig as base64, or in a file; the text wins, as in client-go."""
    if not data:
        return text_of(folder / path, what) if path else ""
    try:
        return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        message = f"{what}-data is not base64 of a PEM text"
        raise ValueError(message) from None


def text_of(path: Path, what: str) -> str:
    """The text of a file that the access names."""
    try:
        return path.read_text("ascii")
    except OSError as error:
        message = f"{what} {path}: {error.strerror or type(error).__name__}"
        raise ValueError(message) from None
    except UnicodeDecodeError:
        message = f"{what} {path}: wanted ASCII text"
        raise ValueError(message) from None


def token_of(text: str, what: str) -> str:
    """A token that can be sent in a header.

    Raises:
        ValueError: it is empty, or has characters that break the header; the message does not have it.
    """
    token = text.strip()
    if not token:
        message = f"{what} is empty"
        raise ValueError(message)
    if not token.isascii() or not token.isprintable() or " " in token:
        message = f"{what} has line breaks or other characters that cannot be in a token"
        raise ValueError(message)
    return token


def identity_of(user: UserEntry, folder: Path) -> Identity:
    """What the user of the context sends as ``Authorization``."""
    if user.as_user:
        raise ValueError(
            "impersonation (users[].user.as) is not supported; give the driver a user of its own"
        )
    if user.auth_provider:
        raise ValueError("users[].user.auth-provider is not supported; wanted exec, tokenFile or token")
    if user.token_file:
        path = folder / user.token_file
        token_of(text_of(path, "tokenFile"), f"tokenFile {path}")
        return TokenPath(path)
    if user.token:
        return Header(f"Bearer {token_of(user.token, 'the token of its user')}")
    if user.exec:
        return command_of(user.exec, folder)
    if user.username:
        pair = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
        return Header(f"Basic {pair}")
    return None


def command_of(entry: ExecEntry, folder: Path) -> Command:
    """The command of ``exec``, if it is there."""
    if entry.api_version not in EXEC_VERSIONS:
        message = f"exec.apiVersion {entry.api_version!r}: wanted one of {listed(EXEC_VERSIONS)}"
        raise ValueError(message)
    if entry.interactive_mode == "Always":
        raise ValueError(
            "exec.interactiveMode is Always, but the driver has no terminal; wanted Never or IfAvailable"
        )
    if not entry.command:
        raise ValueError("exec.command is empty; wanted a program")
    name = str(folder / entry.command) if "/" in entry.command else entry.command
    found = shutil.which(name)
    if found is None:
        hint = f"; its installHint: {entry.install_hint}" if entry.install_hint else ""
        message = f"exec.command {entry.command!r} is not a program here{hint}"
        raise ValueError(message)
    return Command(
        program=(found, *(entry.args or ())),
        environment=tuple((variable.name, variable.value) for variable in entry.env or ()),
        version=entry.api_version,
        with_cluster=entry.provide_cluster_info,
    )
