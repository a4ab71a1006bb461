"""Certificates for one cluster's life: kubectl and client-go send tokens over TLS only, and some users authenticate by certificates.

The server's certificate is self-signed. Client certificates are signed by an authority of their own, whose key is never
written to disk: common name is the user, organizations are the groups (apiserver ``pkg/authentication/request/x509``, 1.36).
"""

import datetime
import ipaddress
import os
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = datetime.timedelta(days=7)


class ClientAuthority:
    """Makes client certificates; its ``repr`` shows no key."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = name_of("embedded-cluster-clients")
        builder = blank(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True).issuer_name(self._name)
        self.certificate = pem(builder.sign(self._key, hashes.SHA256()))

    def issue(self, user: str, groups: Sequence[str] = ()) -> tuple[bytes, bytes]:
        """A certificate of USER in GROUPS and its key, both as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = blank(name_of(user, groups), key.public_key()).add_extension(usage, critical=False)
        return pem(builder.issuer_name(self._name).sign(self._key, hashes.SHA256())), private_pem(key)


def make_certificate(directory: Path, clients: ClientAuthority | None = None) -> tuple[bytes, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1 as (PEM for clients, context for the server).

    The private key is written to DIRECTORY with mode 0600, because OpenSSL reads it from a file only, and removed again.
    With CLIENTS the server asks for a client certificate of that authority; clients without one are served too.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = name_of("embedded-cluster")
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    builder = (
        blank(name, key.public_key())
        .issuer_name(name)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    public = pem(builder.sign(key, hashes.SHA256()))
    path = directory / "server.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(public + private_pem(key))
        context.load_cert_chain(path)
    finally:
        path.unlink(missing_ok=True)
    if clients is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=clients.certificate.decode())
    return public, context


def blank(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """A certificate of KEY, valid from an hour ago, without issuer."""
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFE)
    )


def name_of(common: str, organizations: Sequence[str] = ()) -> x509.Name:
    """A subject."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organizations]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def pem(certificate: x509.Certificate) -> bytes:
    """As clients read it."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
