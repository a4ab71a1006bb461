"""Authentication by bearer token or client certificate; a request with neither is anonymous.

Order and messages as in apiserver ``pkg/authentication/request`` (1.36): a certificate comes first, a token that is not known is
refused even where anonymous users are welcome.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kube_emulator.apiserver.auth.accounts import ISSUER, Lookup, user_of
from kube_emulator.apiserver.auth.attributes import (
    ANONYMOUS,
    AUTHENTICATED,
    CREDENTIAL,
    UNAUTHENTICATED,
    User,
)
from kube_emulator.apiserver.auth.signer import BadTokenError, Signer
from kube_emulator.apiserver.status import ApiError

NOBODY = User(name=ANONYMOUS, groups=(UNAUTHENTICATED,))
INVALID = "invalid bearer token"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate that OpenSSL has verified.

    Attributes:
        subject: as ``ssl.SSLObject.getpeercert`` gives it.
        der: the certificate itself.
    """

    subject: tuple[tuple[tuple[str, str], ...], ...]
    der: bytes


class Authenticator:
    """Authenticates the users of one cluster; its ``repr`` shows no token."""

    def __init__(self, signer: Signer, lookup: Lookup, now: Callable[[], float]) -> None:
        self._signer = signer
        self._lookup = lookup
        self._now = now
        self._static: dict[str, User] = {}

    def static_token(self, user: User) -> str:
        """A new token of USER, valid as long as the cluster runs."""
        token = secrets.token_urlsafe(24)
        self._static[token] = user
        return token

    def authenticate(self, authorization: str, certificate: Certificate | None) -> User:
        """The user of a request with this header over a connection with this certificate.

        Raises:
            ApiError: 401, the token is not valid.
        """
        if certificate is not None:
            return known(certificate_user(certificate))
        kind, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            return NOBODY
        try:
            return self.token_user(token)
        except BadTokenError:
            raise ApiError(401, "Unauthorized") from None

    def token_user(self, token: str, audiences: Sequence[str] = (ISSUER,)) -> User:
        """The user of TOKEN.

        Raises:
            BadTokenError: it has no user, or is not for AUDIENCES; the text is the one of a TokenReview.
        """
        # Static tokens first, as upstream's token union: they are for the API server itself, so for no other audience.
        static = self._static.get(token)
        if static is not None and ISSUER in audiences:
            return known(static)
        try:
            claims = self._signer.read(token)
        except BadTokenError:
            raise BadTokenError(INVALID) from None
        try:
            return known(user_of(token, claims, audiences, self._now(), self._lookup))
        except BadTokenError as error:
            message = f"[{INVALID}, {error}]"
            raise BadTokenError(message) from None


def known(user: User) -> User:
    """USER with the group of all authenticated users."""
    return user if AUTHENTICATED in user.groups else replace(user, groups=(*user.groups, AUTHENTICATED))


def certificate_user(certificate: Certificate) -> User:
    """Common name and organizations of a client certificate as user and groups."""
    parts = [pair for names in certificate.subject for pair in names]
    mark = f"X509SHA256={hashlib.sha256(certificate.der).hexdigest()}"
    return User(
        name=next((value for member, value in parts if member == "commonName"), ""),
        groups=tuple(value for member, value in parts if member == "organizationName"),
        extra=((CREDENTIAL, (mark,)),),
    )
