"""Files that only this user may read: kubeconfigs, and what else a cluster keeps to itself."""

import base64
import json
import os
from pathlib import Path
from typing import Any


def write_private(path: Path, content: bytes) -> None:
    """A file of mode 0600."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)


def write_kubeconfig(
    path: Path, name: str, url: str, authority: bytes, user: str, credentials: dict[str, Any]
) -> None:
    """A kubeconfig of USER for the cluster NAME at URL, whose certificate AUTHORITY has signed.

    CREDENTIALS are of ``by_token`` or ``by_certificate``.
    """
    cluster = {"server": url, "certificate-authority-data": encoded(authority)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user, "namespace": "default"}}],
    }
    write_private(path, json.dumps(document, indent=1).encode())


def by_token(token: str) -> dict[str, Any]:
    """Credentials that are a bearer token."""
    return {"token": token}


def by_certificate(certificate: bytes, key: bytes) -> dict[str, Any]:
    """Credentials that are a client certificate."""
    return {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}


def encoded(data: bytes) -> str:
    """Base64, as kubeconfig files hold files."""
    return base64.b64encode(data).decode()
