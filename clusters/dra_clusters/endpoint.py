"""Where an API server is and how a user authenticates to it, from a URL or from a kubeconfig.

The official client reads the kubeconfig, so exec plugins and client certificates work.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from dra_clusters.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an API server listens, and how a user authenticates to it.

    Attributes:
        prefix: of every path, e.g. ``/k8s/clusters/c-1`` behind a proxy; usually empty.
        tls: None for plain HTTP.
        headers: sent with every request, such as ``Authorization``.
    """

    host: str
    port: int
    prefix: str = ""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of_url(cls, url: str, *, token: str = "", tls: ssl.SSLContext | None = None) -> "Endpoint":
        """The endpoint at URL; without TLS the server's certificate is not verified (for tests and benchmarks)."""
        parts = urlsplit(url)
        if parts.scheme == "https" and tls is None:
            tls = ssl.create_default_context()
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (80 if parts.scheme == "http" else 443),
            prefix=parts.path.rstrip("/"),
            tls=tls,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    @classmethod
    def of_kubeconfig(cls, kubeconfig: Path | str | None, context: str = "") -> "Endpoint":
        """The endpoint of a kubeconfig's CONTEXT (the current one if empty).

        KUBECONFIG is a file, or several with colons between them as in ``$KUBECONFIG``; None is ``~/.kube/config``.

        Raises:
            UsageError: the file does not exist, cannot be read, or has no such context.
        """
        settings = _load_kubeconfig(str(kubeconfig or "~/.kube/config"), context)
        parts = urlsplit(settings.host)
        tls = None
        if parts.scheme != "http":
            tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
            if not settings.verify_ssl:
                tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
            if settings.cert_file:
                tls.load_cert_chain(settings.cert_file, settings.key_file)
        token = settings.api_key.get("authorization") or settings.api_key.get("BearerToken")
        basic = settings.get_basic_auth_token() if settings.username else None
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (443 if tls else 80),
            prefix=parts.path.rstrip("/"),
            tls=tls,
            headers={"Authorization": value} if (value := token or basic) else {},
        )


def _load_kubeconfig(kubeconfig: str, context: str) -> Any:
    """The official client's settings for a kubeconfig. Raises UsageError."""
    # imported here, because it takes half a second and not every user of this module reads a kubeconfig
    from kubernetes import config
    from kubernetes.client import Configuration

    files = [Path(each).expanduser() for each in kubeconfig.split(":") if each]
    remedy = "name a kubeconfig file that kubectl can use"
    if not any(file.exists() for file in files):
        message = f"kubeconfig {kubeconfig} does not exist; {remedy}"
        raise UsageError(message)
    if folders := [str(file) for file in files if file.is_dir()]:
        message = f"kubeconfig {folders[0]} is a folder; {remedy}"
        raise UsageError(message)
    settings: Any = Configuration()
    load: Any = config.load_kube_config  # the client ships no usable types
    try:
        load(kubeconfig, context=context or None, client_configuration=settings)
        if settings.cert_file:
            ssl.create_default_context().load_cert_chain(settings.cert_file, settings.key_file)
        if settings.ssl_ca_cert:
            ssl.create_default_context(cafile=settings.ssl_ca_cert)
    except yaml.YAMLError as error:
        message = f"kubeconfig {kubeconfig} is not YAML; {remedy}"
        raise UsageError(message) from error
    # a file that people write can have any shape, and the official client looks no closer
    except (config.ConfigException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        message = f"cannot use kubeconfig {kubeconfig}: {reason}; {remedy}"
        raise UsageError(message) from error
    return settings
