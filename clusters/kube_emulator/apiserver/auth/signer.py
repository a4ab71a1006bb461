"""Signed tokens of one cluster: compact JWS by ES256 with a key that lives as long as the cluster (RFC 7515, 7518).

The key is not written anywhere. ``kid`` is derived from the public key as upstream does
(``pkg/serviceaccount/jwt.go`` ``keyIDFromPublicKey``, 1.36).
"""

import base64
import hashlib
import json
from collections import OrderedDict
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

HALF = 32
"""Bytes of each of the two numbers of a P-256 signature."""

KNOWN_MAX = 1000
Claims = dict[str, Any]


class BadTokenError(Exception):
    """A token is not valid in this cluster; the text does not quote it."""


class Signer:
    """Makes and reads tokens."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._head = encode({"alg": "ES256", "kid": b64(hashlib.sha256(public).digest())})
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def sign(self, claims: Claims) -> str:
        """A token with these CLAIMS."""
        text = f"{self._head}.{encode(claims)}"
        first, second = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{b64(first.to_bytes(HALF, 'big') + second.to_bytes(HALF, 'big'))}"

    def read(self, token: str) -> Claims:
        """The claims of TOKEN, if this signer signed it; whether it is still valid is not checked here.

        Raises:
            BadTokenError: it did not.
        """
        known = self._known.get(token)
        if known is not None:
            self._known.move_to_end(token)
            return known
        claims = self._verified(token)
        self._known[token] = claims
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return claims

    def _verified(self, token: str) -> Claims:
        text, _, tail = token.rpartition(".")
        head, _, body = text.partition(".")
        message = "no token of this cluster"
        if head != self._head:  # so neither the algorithm nor the key is the caller's choice
            raise BadTokenError(message)
        try:
            signature = unb64(tail)
            pair = int.from_bytes(signature[:HALF], "big"), int.from_bytes(signature[HALF:], "big")
            self._key.public_key().verify(
                encode_dss_signature(*pair), text.encode(), ec.ECDSA(hashes.SHA256())
            )
            claims: Claims = json.loads(unb64(body))
        except (InvalidSignature, ValueError):
            raise BadTokenError(message) from None
        return claims


def b64(data: bytes) -> str:
    """Base64 for URLs without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of ``b64``."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(document: Claims) -> str:
    """A part of a token."""
    return b64(json.dumps(document, separators=(",", ":"), sort_keys=True).encode())
