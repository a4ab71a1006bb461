"""Authentication middleware: each request is authenticated, may impersonate, is authorized, and carries its user from there on.

One aiohttp middleware; reading bodies and writing answers is left to the server, which passes both functions.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from kube_emulator.apiserver.auth.attributes import ANONYMOUS, User, asked_by, forbidden
from kube_emulator.apiserver.auth.authenticator import Authenticator, Certificate
from kube_emulator.apiserver.auth.authority import Authority
from kube_emulator.apiserver.auth.impersonation import impersonated, wanted_user
from kube_emulator.apiserver.auth.reviews import Reviews
from kube_emulator.apiserver.auth.write import REQUEST
from kube_emulator.apiserver.request import RequestInfo, request_info
from kube_emulator.apiserver.status import ApiError

USER = web.RequestKey("auth-user", User)
OPEN = frozenset({"/healthz", "/livez", "/readyz", "/version"})
"""What anonymous users see while RBAC is switched off; with RBAC their roles decide."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AuthMiddleware:
    """Authenticates and authorizes requests.

    Args:
        constrained: whether the gate ConstrainedImpersonation is on (1.36).
        read: the body of a request as a value.
        answer: a document as a response with that code.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        authority: Authority,
        reviews: Reviews,
        *,
        constrained: bool,
        read: Callable[[web.Request], Awaitable[Any]],
        answer: Callable[[web.Request, Mapping[str, Any], int], web.StreamResponse],
    ) -> None:
        self._authenticator = authenticator
        self._authority = authority
        self._reviews = reviews
        self._constrained = constrained
        self._read = read
        self._answer = answer

    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve REQUEST by HANDLER, or as a review.

        Raises:
            ApiError: 400, 401, 403, or what a review answers.
        """
        info = request_info(request.method, request.path, request.query)
        user = self._authenticator.authenticate(
            request.headers.get("Authorization", ""), certificate_of(request)
        )
        asked = asked_by(user, info, request.query.get("fieldSelector", ""))
        # Impersonation comes before authorization: the request is authorized as the impersonated user
        # (DefaultBuildHandlerChain), and the caller only for the impersonation itself.
        wanted = wanted_user(request.headers.items())
        if wanted is not None:
            user = impersonated(wanted, asked, self._authority.decide, constrained=self._constrained)
            asked = asked_by(user, info, request.query.get("fieldSelector", ""))
        request[USER] = user
        self._check_anonymous(user, info)
        decision = self._authority.request(asked)
        if not decision.allowed:
            raise forbidden(asked, decision.reason)
        mark = REQUEST.set(asked)
        try:
            if self._reviews.serves(info):
                body = await self._read(request) if info.verb == "create" else None
                return self._answer(request, self._reviews.create(info, body, user), 201)
            return await handler(request)
        finally:
            REQUEST.reset(mark)

    def _check_anonymous(self, user: User, info: RequestInfo) -> None:
        if user.name == ANONYMOUS and not self._authority.enforced and info.path.rstrip("/") not in OPEN:
            raise ApiError(401, "Unauthorized")


def certificate_of(request: web.Request) -> Certificate | None:
    """The client certificate of the connection, or None."""
    secured = request.transport.get_extra_info("ssl_object") if request.transport else None
    if secured is None or not (shown := secured.getpeercert()):
        return None
    return Certificate(shown["subject"], secured.getpeercert(binary_form=True))
