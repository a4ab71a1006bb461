"""The way to the API server, made once from an access: for the general client and for the reader of claims."""

import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from dra_driver.connection.credentials import Authorization, authorization_of
from dra_driver.connection.kubeconfig import Access, read_access
from dra_driver.connection.tls import make_tls, show_certificate


class Route(NamedTuple):
    """What an HTTP client needs.

    Attributes:
        server: the URL of the API server.
        server_name: the name in its certificate, if it is not the host of the URL.
        proxy: the URL of the proxy on the way; empty for none.
        tls: None if it is not spoken to over TLS.
    """

    server: str
    server_name: str
    proxy: str
    tls: ssl.SSLContext | None
    authorization: Authorization


def find_route(kubeconfig: Path | None, environment: Mapping[str, str]) -> Route:
    """The route of a kubeconfig, or of the pod's service account.

    Raises:
        ConfigError: it cannot be used.
    """
    return route_of(read_access(kubeconfig, environment))


def route_of(access: Access) -> Route:
    """The route of ACCESS.

    Raises:
        ConfigError: a certificate cannot be used.
    """
    tls = make_tls(access)

    def on_certificate(certificate: str, key: str) -> None:
        if tls is None:
            raise ValueError("printed a certificate, but the server is not spoken to over TLS")
        show_certificate(tls, certificate, key)

    return Route(
        server=access.server,
        server_name=access.server_name,
        proxy=access.proxy or proxy_of(access.server),
        tls=tls,
        authorization=authorization_of(access, on_certificate),
    )


def proxy_of(server: str) -> str:
    """The proxy that the environment wants for SERVER; empty for none."""
    parts = urlsplit(server)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    found = urllib.request.getproxies().get(parts.scheme, "")
    return found if not found or "://" in found else f"http://{found}"
