"""Keys, certificate and tokens of one cluster: files that only this user can read."""

import datetime
import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from kube_emulator.kubeconfig import write_private

USERS = {"admin": "system:masters", "driver": "dra-drivers"}
"""Each user and its group."""


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def self_signed(key: rsa.RSAPrivateKey, common_name: str, names: Sequence[x509.GeneralName]) -> bytes:
    """A certificate that KEY signs itself, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_serving_certificate(directory: Path) -> bytes:
    """Write ``serving.key`` and ``serving.crt``, signed by itself for the loopback; the certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    pem = self_signed(key, "kube-apiserver", names)
    write_private(directory / "serving.key", private_pem(key))
    write_private(directory / "serving.crt", pem)
    return pem


def make_account_keys(directory: Path) -> None:
    """Write ``accounts.key`` and ``accounts.pub``, which sign and check the tokens of service accounts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_private(directory / "accounts.key", private_pem(key))
    write_private(directory / "accounts.pub", public)


def make_kubelet_client(directory: Path) -> None:
    """Write ``kubelet-client.key`` and ``.crt``, with which the API server asks kubelets; they trust just this certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = self_signed(key, "kube-apiserver-kubelet-client", [])
    write_private(directory / "kubelet-client.key", private_pem(key))
    write_private(directory / "kubelet-client.crt", certificate)


def make_tokens(directory: Path, users: Mapping[str, str] = USERS) -> dict[str, str]:
    """Write ``tokens.csv`` for USERS, {user: group}; {user: token}."""
    tokens = {user: secrets.token_urlsafe(24) for user in users}
    lines = [f"{token},{user},{user},{users[user]}" for user, token in tokens.items()]
    write_private(directory / "tokens.csv", ("\n".join(lines) + "\n").encode())
    return tokens
