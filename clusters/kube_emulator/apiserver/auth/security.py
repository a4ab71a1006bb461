"""All parts of this package for one cluster, put together: keys and tokens are created here and are valid as long as it runs.

Users of each cluster: ``admin`` (system:masters), ``driver`` (no rights of its own once RBAC is switched on) and the kubelet of
each node; others are created by ``add_user``, by a client certificate or by a service account.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from dra_api.objects import Pod, VolumeContent
from kube_emulator.apiserver.auth.attributes import MASTERS, NODE_PREFIX, NODES, User
from kube_emulator.apiserver.auth.authenticator import Authenticator
from kube_emulator.apiserver.auth.authority import Authority, Objects
from kube_emulator.apiserver.auth.middleware import AuthMiddleware
from kube_emulator.apiserver.auth.reviews import Reviews
from kube_emulator.apiserver.auth.signer import Signer
from kube_emulator.apiserver.certificate import ClientAuthority

CONSTRAINED = "ConstrainedImpersonation"
ACCOUNT_TOKEN_S = 7 * 24 * 3600
"""Life of a service account token in a kubeconfig file: that of the cluster's certificates."""


class Security:
    """The users and rights of one cluster; its ``repr`` shows neither keys nor tokens.

    Args:
        changed: whether a role or binding has changed since the last call.
        enforced: whether RBAC is switched on.
        now: seconds since 1970 by the cluster's clock.
    """

    def __init__(
        self,
        objects: Objects,
        changed: Callable[[], bool],
        *,
        gates: frozenset[str],
        enforced: bool,
        now: Callable[[], float],
        nodes: Sequence[str] = (),
    ) -> None:
        self.clients = ClientAuthority()
        self.signer = Signer()
        self.authority = Authority(objects, changed, gates=gates, enforced=enforced)
        self.authenticator = Authenticator(self.signer, objects, now)
        self.reviews = Reviews(self.authority, self.authenticator, self.signer, objects, now)
        self._constrained = CONSTRAINED in gates
        self._tokens: dict[str, str] = {}
        self.add_user("admin", MASTERS)
        self.add_user("driver")
        for node in nodes:
            self.add_user(f"{NODE_PREFIX}{node}", NODES)

    def add_user(self, name: str, *groups: str) -> str:
        """Create a user with a token; return the token."""
        token = self._tokens[name] = self.authenticator.static_token(User(name=name, groups=groups))
        return token

    def token(self, user: str) -> str:
        """The token of a user that ``add_user`` made; KeyError for others."""
        return self._tokens[user]

    def account_token(self, namespace: str, name: str, *, bound: Mapping[str, str] | None = None) -> str:
        """A token of a service account, bound to a node or pod by BOUND (``boundObjectRef``).

        Raises:
            ApiError: there is no such account, or it cannot be bound to that.
        """
        spec: dict[str, Any] = {"expirationSeconds": ACCOUNT_TOKEN_S}
        if bound is not None:
            spec["boundObjectRef"] = dict(bound)
        request = self.reviews.issue(namespace, name, {"spec": spec})
        token: str = request["status"]["token"]
        return token

    def pod_token(self, pod: Pod, projection: VolumeContent) -> str:
        """A token of POD's account for a ``serviceAccountToken`` projection, as the kubelet asks for it.

        Raises:
            ApiError: there is no such account.
        """
        metadata = pod["metadata"]
        reference = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec: dict[str, Any] = {"boundObjectRef": reference}
        if projection.get("expirationSeconds"):
            spec["expirationSeconds"] = projection["expirationSeconds"]
        if projection.get("audience"):
            spec["audiences"] = [projection["audience"]]
        account = pod["spec"].get("serviceAccountName") or "default"
        request = self.reviews.issue(metadata["namespace"], account, {"spec": spec})
        token: str = request["status"]["token"]
        return token

    def middleware(
        self,
        read: Callable[[web.Request], Awaitable[Any]],
        answer: Callable[[web.Request, Mapping[str, Any], int], web.StreamResponse],
    ) -> AuthMiddleware:
        """The authentication middleware of a server that READs bodies and ANSWERs documents."""
        return AuthMiddleware(
            self.authenticator,
            self.authority,
            self.reviews,
            constrained=self._constrained,
            read=read,
            answer=answer,
        )


def drained(queue: "asyncio.Queue[Any]") -> bool:
    """Whether QUEUE had a change; it is empty afterwards. None in it, a cut of the watches, does not count."""
    found = False
    while not queue.empty():
        found = queue.get_nowait() is not None or found
    return found
