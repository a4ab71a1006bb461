"""The TLS context of an access. Both clients use the same one, so a certificate that is replaced is replaced for both."""

import os
import ssl

from dra_driver.connection.kubeconfig import Access
from dra_driver.errors import ConfigError


def make_tls(access: Access) -> ssl.SSLContext | None:
    """How the server is checked and what it is shown; None if it is not spoken to over TLS.

    Raises:
        ConfigError: a certificate or a key cannot be used.
    """
    if not access.server.startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cadata=access.authority or None)
    except (ssl.SSLError, ValueError) as error:
        message = f"cannot use {access.source}: its certificate-authority has no certificate as PEM: {reason(error)}"
        raise ConfigError(message) from error
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate:
        try:
            show_certificate(context, *access.certificate)
        except ValueError as error:
            message = f"cannot use {access.source}: client-certificate and client-key: {error}"
            raise ConfigError(message) from error
    return context


def show_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Show CERTIFICATE (PEM) on connections from now on.

    Raises:
        ValueError: it and the key (PEM) do not belong together, or are none.
    """
    # OpenSSL wants a file; this one is in memory, because a key belongs on no disk and a container may have none
    with os.fdopen(os.memfd_create("certificate"), "w") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        try:
            # without an answer a key with a password is asked for on the terminal
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", password="")
        except (ssl.SSLError, ValueError) as error:
            message = f"wanted a certificate and its key as PEM, the key without a password: {reason(error)}"
            raise ValueError(message) from None


def reason(error: Exception) -> str:
    """What OpenSSL says, without the place in its source."""
    return getattr(error, "reason", None) or " ".join(str(error).split()) or type(error).__name__
