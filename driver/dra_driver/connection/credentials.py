"""Where the header ``Authorization`` comes from: fixed, a file that others replace, or a command.

Both clients share one source, so a token is read or made once. A source makes a new header when the server refused the
last one, unless another call already did. Rules of client-go: transport/token_source.go (files are read again every
minute, because the kubelet replaces tokens long before they end) and plugin/pkg/client/auth/exec/exec.go.
"""

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from dra_driver.connection.kubeconfig import Access, Command, Header, TokenPath, text_of, token_of
from dra_driver.connection.kubeconfig_file import BYTES_MAX
from dra_driver.errors import ApiError

REREAD_S = 60.0
COMMAND_S = 60.0
STDERR_SHOWN = 300


class Authorization(Protocol):
    """Where the header ``Authorization`` comes from."""

    async def header(self, refused: str | None = None) -> str | None:
        """Its value, not the one that the server REFUSED. None: the connection itself says who we are.

        Raises:
            ApiError: there is none now.
        """


class Fixed:
    """Always the same."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    async def header(self, refused: str | None = None) -> str | None:  # there is no other
        """The value."""
        return self._value


class TokenFile:
    """The token in a file."""

    def __init__(self, source: TokenPath, reread_s: float = REREAD_S) -> None:
        self._path = source.path
        self._reread_s = reread_s
        self._known: str | None = None
        self._read_at = 0.0

    async def header(self, refused: str | None = None) -> str | None:
        """What the file had within the last ``reread_s``."""
        age = time.monotonic() - self._read_at
        if self._known is None or self._known == refused or age >= self._reread_s:
            try:
                token = token_of(text_of(self._path, "token"), f"token {self._path}")
            except ValueError as error:
                message = f"no token for the API server: {error}"
                raise ApiError(message) from None
            self._known, self._read_at = f"Bearer {token}", time.monotonic()
        return self._known


class Status(msgspec.Struct, rename="camel"):
    """``status`` of an ExecCredential."""

    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class ExecCredential(msgspec.Struct, rename="camel"):
    """What a command prints."""

    api_version: str
    kind: str = "ExecCredential"
    status: Status | None = None


class CommandToken:
    """What a command prints: a token, a certificate or both.

    Args:
        cluster: what the command gets of the cluster (``spec.cluster`` of the ExecCredential).
        on_certificate: takes certificate and key; raises ``ValueError`` if they are none.
    """

    def __init__(
        self, command: Command, cluster: dict[str, object], on_certificate: Callable[[str, str], None]
    ) -> None:
        self._command = command
        spec: dict[str, object] = {"interactive": False}
        if command.with_cluster:
            spec["cluster"] = cluster
        self._info = json.dumps({"apiVersion": command.version, "kind": "ExecCredential", "spec": spec})
        self._on_certificate = on_certificate
        self._known: str | None = None
        self._ready = False
        self._ends: datetime | None = None
        self._lock = asyncio.Lock()

    async def header(self, refused: str | None = None) -> str | None:
        """What the command printed; it runs again when that has ended or was refused."""
        async with self._lock:
            ended = self._ends is not None and datetime.now(UTC) >= self._ends
            if not self._ready or ended or (refused is not None and refused == self._known):
                try:
                    await self._renew()
                except (OSError, ValueError) as error:
                    message = f"no credentials: command {self._command.program[0]!r} {error}"
                    raise ApiError(message) from None  # what it printed is a secret
            return self._known

    async def _renew(self) -> None:
        status = credential_of(await self._output(), self._command.version)
        if status.client_certificate_data:
            self._on_certificate(status.client_certificate_data, status.client_key_data)
        self._known = f"Bearer {token_of(status.token, 'printed a token that')}" if status.token else None
        self._ends, self._ready = status.expiration_timestamp, True

    async def _output(self) -> bytes:
        environment = {**os.environ, **dict(self._command.environment), "KUBERNETES_EXEC_INFO": self._info}
        process = await asyncio.create_subprocess_exec(
            *self._command.program,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(COMMAND_S):
                output, errors = await process.communicate()
        except TimeoutError:
            message = f"did not end within {COMMAND_S:g} s"
            raise ValueError(message) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            said = " ".join(errors.decode(errors="replace").split())[-STDERR_SHOWN:]
            message = f"ended with {process.returncode}: {said}"
            raise ValueError(message)
        return output


def credential_of(output: bytes, version: str) -> Status:
    """The status in the OUTPUT of a command that must speak VERSION.

    Raises:
        ValueError: it is no usable credential; the message does not have it.
    """
    if len(output) > BYTES_MAX:
        raise ValueError("printed too much")
    try:
        credential = msgspec.json.decode(output, type=ExecCredential)
    except msgspec.DecodeError as error:
        message = f"did not print an ExecCredential: {error}"
        raise ValueError(message) from None
    if (credential.api_version, credential.kind) != (version, "ExecCredential"):
        message = f"printed {credential.kind} of {credential.api_version}; wanted ExecCredential of {version}"
        raise ValueError(message)
    status = credential.status
    if status is None or not (status.token or status.client_certificate_data):
        raise ValueError("printed neither a token nor a certificate")
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise ValueError("printed one of certificate and key; wanted both")
    if status.expiration_timestamp and status.expiration_timestamp.tzinfo is None:
        raise ValueError("printed an expirationTimestamp without a time zone")
    return status


def authorization_of(access: Access, on_certificate: Callable[[str, str], None]) -> Authorization:
    """The source of ACCESS; ON_CERTIFICATE takes the certificates that a command prints."""
    identity = access.identity
    if isinstance(identity, TokenPath):
        return TokenFile(identity)
    if isinstance(identity, Command):
        return CommandToken(identity, cluster_info(access), on_certificate)
    return Fixed(identity.value if isinstance(identity, Header) else None)


def cluster_info(access: Access) -> dict[str, object]:
    """The cluster as ``spec.cluster`` of an ExecCredential has it."""
    found: dict[str, object] = {
        "server": access.server,
        "tls-server-name": access.server_name,
        "insecure-skip-tls-verify": access.insecure,
        "certificate-authority-data": base64.b64encode(access.authority.encode()).decode(),
        "proxy-url": access.proxy,
    }
    return {name: value for name, value in found.items() if value}
