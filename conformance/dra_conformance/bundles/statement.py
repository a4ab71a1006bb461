"""A signed statement about a run: an in-toto test result in a DSSE envelope, made and checked with a key file.

The subject is the driver by the digest of its program, the configuration names suite, requirements, Kubernetes, profile
and the bundle by digest. Formats: https://github.com/in-toto/attestation (statement v1, test-result v0.1),
https://github.com/secure-systems-lab/dsse (v1). Keys are PEM files; ECDSA on P-256 with SHA-256, as cosign makes them,
or Ed25519.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from dra_conformance.bundles.archive import Bundle
from dra_conformance.errors import UsageError

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
KEY_MAX = 64 << 10
SOURCE = "https://github.com/dra-conformance/dra-conformance"
Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Public = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def statement(bundle: Bundle, report: Mapping[str, Any]) -> dict[str, Any]:
    """The statement about the run in BUNDLE, whose report is REPORT.

    Raises:
        UsageError: the run does not know the driver's program by digest.
    """
    subject, suite, environment = report["subject"], report["suite"], report["environment"]
    digest = str(subject["digest"]).removeprefix("sha256:")
    if not digest:
        message = f"the run does not know the digest of {subject['driver']}: its program is no file; pass --subject FILE"
        raise UsageError(message)
    [chosen] = [one for one in report["profiles"] if one["name"] == report["profile"]]
    verdicts = {row["id"]: row["verdict"] for row in report["requirements"]}

    def ids(*wanted: str) -> list[str]:
        return [name for name, verdict in verdicts.items() if verdict in wanted]

    return {
        "_type": STATEMENT,
        "subject": [{"name": subject["driver"], "digest": {"sha256": digest}}],
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": result_of(chosen, bool(ids("fail", "non-strict", "exempt"))),
            "configuration": [
                {
                    "name": f"{suite['name']} {suite['version']}",
                    "uri": SOURCE,
                    "digest": {"sha256": str(suite["catalogue"]).removeprefix("sha256:")},
                    "annotations": {
                        "profile": report["profile"],
                        "verdict": chosen["result"],
                        "kubernetes": environment["kubernetes"],
                        "provider": environment["provider"],
                        "seed": suite["seed"],
                        "selection": suite["select"],
                        "notApplicable": ids("not-applicable"),
                        "notCovered": ids("not-covered"),
                        "notRun": ids("disabled", "blocked", "error"),
                    },
                },
                {"name": "bundle", "digest": {"sha256": bundle.digest}},
            ],
            "passedTests": ids("pass"),
            "warnedTests": ids("non-strict", "info", "exempt"),
            "failedTests": ids("fail"),
        },
    }


def result_of(profile: Mapping[str, Any], warned: bool) -> str:
    """The word of the predicate; an incomplete run has passed nothing."""
    if profile["failed"] or profile["result"] == "incomplete":
        return "FAILED"
    return "WARNED" if warned else "PASSED"


def envelope(document: Mapping[str, Any], key: Private) -> dict[str, Any]:
    """DOCUMENT, signed."""
    payload = msgspec.json.encode(document)
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": key_id(key.public_key()), "sig": base64.b64encode(sign(key, encoded(payload))).decode()}
        ],
    }


def encoded(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """What DSSE signs: the type and the payload with their lengths (PAE)."""
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(payload), payload)


def sign(key: Private, data: bytes) -> bytes:
    """The signature of DATA."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    return key.sign(data)


def opened(document: Mapping[str, Any], key: Public) -> dict[str, Any]:
    """The statement in an envelope that KEY has signed.

    Raises:
        UsageError: it is no such envelope.
    """
    try:
        payload = base64.b64decode(document["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in document["signatures"]]
        data = encoded(payload, str(document["payloadType"]))
    except (KeyError, TypeError, ValueError) as error:
        message = f"the statement is no DSSE envelope: {error!r}"
        raise UsageError(message) from error
    if not any(verified(key, signature, data) for signature in signatures):
        message = "the statement is not signed with this key"
        raise UsageError(message)
    statement: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, Any])
    return statement


def verified(key: Public, signature: bytes, data: bytes) -> bool:
    """Whether SIGNATURE is KEY's for DATA."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def key_id(key: Public) -> str:
    """The digest of the public key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def load_private(path: Path) -> Private:
    """The private key in a PEM file without a password.

    Raises:
        UsageError: there is none of a kind that is used here.
    """
    try:
        key = serialization.load_pem_private_key(read_key(path), password=None)
    except (ValueError, TypeError) as error:
        message = f"key {path}: wanted a private key in PEM without a password: {error}"
        raise UsageError(message) from error
    if isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        return key
    message = f"key {path}: wanted an ECDSA or Ed25519 key, e.g. from openssl genpkey -algorithm ed25519"
    raise UsageError(message)


def load_public(path: Path) -> Public:
    """The public key in a PEM file.

    Raises:
        UsageError: there is none of a kind that is used here.
    """
    try:
        key = serialization.load_pem_public_key(read_key(path))
    except ValueError as error:
        message = f"key {path}: wanted a public key in PEM: {error}"
        raise UsageError(message) from error
    if isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        return key
    message = f"key {path}: wanted an ECDSA or Ed25519 key"
    raise UsageError(message)


def read_key(path: Path) -> bytes:
    """The bytes of a key file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(KEY_MAX)
    except OSError as error:
        message = f"key {path} cannot be read: {error.strerror}"
        raise UsageError(message) from error
