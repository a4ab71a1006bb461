"""Kubeconfig files, readable by this user only."""

import base64
import json
import os
from pathlib import Path
from typing import Any


def write_kubeconfig(path: Path, url: str, authority: bytes, user: str, credentials: dict[str, Any]) -> None:
    """A kubeconfig of USER for the server at URL whose certificate AUTHORITY has signed; mode 0600.

    CREDENTIALS are of ``by_token`` or ``by_certificate``.
    """
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "embedded",
        "clusters": [
            {"name": "embedded", "cluster": {"server": url, "certificate-authority-data": encoded(authority)}}
        ],
        "users": [{"name": user, "user": credentials}],
        "contexts": [
            {"name": "embedded", "context": {"cluster": "embedded", "user": user, "namespace": "default"}}
        ],
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(document, stream, indent=1)


def by_token(token: str) -> dict[str, Any]:
    """Credentials that are a bearer token."""
    return {"token": token}


def by_certificate(certificate: bytes, key: bytes) -> dict[str, Any]:
    """Credentials that are a client certificate."""
    return {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}


def encoded(data: bytes) -> str:
    """Base64, as kubeconfig files hold files."""
    return base64.b64encode(data).decode()
