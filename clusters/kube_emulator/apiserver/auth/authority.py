"""Authorization: the authorizers of one cluster in order, the checks that need the object, and the ledger.

Node authorizer first, then RBAC, as ``--authorization-mode=Node,RBAC``; with RBAC switched off every authenticated user
is allowed everything, as with ``AlwaysAllow``. The index of RBAC is made anew when a role or binding has changed.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from kube_emulator.apiserver import status
from kube_emulator.apiserver.auth import node_authorizer, node_restriction
from kube_emulator.apiserver.auth.attributes import MASTERS, Attributes, Decision, User
from kube_emulator.apiserver.auth.claim_status import GATE, status_causes
from kube_emulator.apiserver.auth.escalation import check_escalation
from kube_emulator.apiserver.auth.ledger import Ledger
from kube_emulator.apiserver.auth.policy import Rule
from kube_emulator.apiserver.auth.rbac import Rbac
from kube_emulator.apiserver.auth.write import REQUEST, Write
from kube_emulator.apiserver.validation.causes import Cause

ALL_RULES = (Rule(("*",), ("*",), ("*",)), Rule(verbs=("*",), urls=("*",)))


class Objects(Protocol):
    """What decisions are made from."""

    def find(self, plural: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        """An object, or None."""

    def values(self, plural: str, namespace: str = "") -> list[dict[str, Any]]:
        """The objects of a kind."""


class Authority:
    """Decides for one cluster.

    Args:
        changed: whether a role or binding has changed since the last call.
        enforced: whether RBAC is switched on.
    """

    def __init__(
        self, objects: Objects, changed: Callable[[], bool], *, gates: frozenset[str], enforced: bool
    ) -> None:
        self.ledger = Ledger()
        self.enforced = enforced
        self._objects = objects
        self._changed = changed
        self._gates = gates
        self._rbac: Rbac | None = None

    @property
    def rbac(self) -> Rbac:
        """The roles and bindings of now."""
        if self._changed() or self._rbac is None:
            kinds = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
            self._rbac = Rbac(*(self._objects.values(kind) for kind in kinds))
        return self._rbac

    def decide(self, asked: Attributes) -> Decision:
        """Whether what is ASKED is allowed."""
        if not self.enforced or MASTERS in asked.user.groups:
            return Decision(True)
        by_node = node_authorizer.decide(asked, self._objects)
        # The first authorizer that allows wins; neither denies for good (union authorizer): a node may have roles too.
        if by_node is not None and by_node.allowed:
            return by_node
        by_role = self.rbac.decide(asked)
        if by_role.allowed or by_node is None:
            return by_role
        return Decision(False, "\n".join(filter(None, (by_node.reason, by_role.reason))))

    def request(self, asked: Attributes) -> Decision:
        """``decide`` for a request that was made, which the ledger keeps."""
        decision = self.decide(asked)
        self.ledger.record(asked, decision.allowed)
        return decision

    def rules_for(self, user: User, namespace: str) -> tuple[list[Rule], list[str]]:
        """The rules that hold for USER in NAMESPACE, and why the answer is incomplete."""
        if not self.enforced:
            return list(ALL_RULES), []
        gaps = ["node authorizer does not support user rule resolution"] if user.node else []
        return self.rbac.rules_for(user, namespace), gaps + self.rbac.missing(user, namespace)

    def admit(self, write: Write) -> None:
        """Check an object before it is stored.

        Raises:
            ApiError: 403.
        """
        asked = REQUEST.get()
        if asked is None:  # a part of this process, which is trusted
            return
        if asked.user.node:
            why = node_restriction.complaint(asked.user.node, write, self._objects.find)
            if why:
                raise status.forbidden(write.plural, write.group, write.name, why)
        if self.enforced:
            check_escalation(write, asked, self.rbac, self.decide)

    def check_status(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Cause]:
        """What the user of the current request is not allowed to change in a claim's status; causes of a 422."""
        asked = REQUEST.get()
        if asked is None or GATE not in self._gates:
            return []
        has_devices = "DRAResourceClaimDeviceStatus" in self._gates
        return status_causes(old, new, asked, self.request, device_status=has_devices)
