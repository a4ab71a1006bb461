"""What users may store, by the verbs of the API: the checks that need the object."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth import bootstrap, rbac
from kube_emulator.apiserver.auth.attributes import NODE_NAME, NODES, Attributes, User
from kube_emulator.apiserver.auth.security import Security, drained
from kube_emulator.apiserver.auth.write import REQUEST
from kube_emulator.apiserver.registry.admission import Admission
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.reading import Reading
from kube_emulator.apiserver.served_versions import builtin_registry
from kube_emulator.apiserver.status import ApiError
from kube_emulator.apiserver.validation.context import no_problems
from kube_emulator.changes import changes_of
from kube_emulator.clock import Clock
from kube_emulator.controllers.serviceaccount_tokens import run_serviceaccount_tokens
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36
from kube_emulator.store.store import Store

AGENT = User(name="system:serviceaccount:default:agent", extra=((NODE_NAME, ("node-0",)),))
KUBELET = User(name="system:node:node-0", groups=(NODES,))


class SecuredApi:
    """An API with its security."""

    def __init__(self) -> None:
        store = Store()
        registry, clock, gates = builtin_registry(V1_36, {}), Clock(), gates_of(V1_36)
        roles = store.subscribe(rbac.KINDS)
        self.security = Security(
            Reading(store, registry, clock),
            lambda: drained(roles),
            gates=gates,
            enforced=True,
            now=clock.time,
        )
        authority = self.security.authority
        admission = Admission(authority.admit, authority.check_status, no_problems)
        self.api = Api(store, registry, clock, gates=gates, admission=admission)
        self.api.create("namespaces", {"metadata": {"name": "default"}})
        for role in bootstrap.cluster_roles(self.api.gates):
            self.api.create("clusterroles", role)

    @contextlib.contextmanager
    def request(self, user: User, verb: str, resource: str, group: str = "resource.k8s.io") -> Iterator[None]:
        plural, _, subresource = resource.partition("/")
        asked = Attributes(
            user=user, verb=verb, group=group, resource=plural, subresource=subresource, namespace="default"
        )
        mark = REQUEST.set(asked)
        try:
            yield
        finally:
            REQUEST.reset(mark)

    def grant(self, user: User, name: str, **rule: Any) -> None:
        assert user.account is not None
        space, account = user.account
        self.api.create("clusterroles", {"metadata": {"name": name}, "rules": [rule]})
        self.api.create(
            "clusterrolebindings",
            {
                "metadata": {"name": name},
                "roleRef": {"apiGroup": rbac.GROUP, "kind": "ClusterRole", "name": name},
                "subjects": [{"kind": "ServiceAccount", "namespace": space, "name": account}],
            },
        )


@pytest.fixture
def secured() -> SecuredApi:
    return SecuredApi()


def claim(secured: SecuredApi) -> JsonObject:
    requests = [{"name": "r", "exactly": {"deviceClassName": "x"}}]
    item = {"metadata": {"name": "c", "namespace": "default"}, "spec": {"devices": {"requests": requests}}}
    return secured.api.create("resourceclaims", item).value


def allocation() -> JsonObject:
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-0"]}]}]
    results = [{"request": "r", "driver": "a.b", "pool": "x", "device": "d"}]
    return {"devices": {"results": results}, "nodeSelector": {"nodeSelectorTerms": terms}}


def write_status(secured: SecuredApi, item: JsonObject, **status: Any) -> JsonObject:
    return secured.api.update("resourceclaims", {**item, "status": status}, subresource="status").value


def test_an_agent_reports_its_devices_and_allocates_nothing(secured: SecuredApi) -> None:
    item = claim(secured)
    with (
        secured.request(AGENT, "update", "resourceclaims/status"),
        pytest.raises(ApiError, match='requires resource="resourceclaims/binding"') as caught,
    ):
        write_status(secured, item, allocation=allocation())
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    item = write_status(secured, item, allocation=allocation())
    rule = {
        "resources": ["resourceclaims/driver"],
        "resourceNames": ["a.b"],
        "apiGroups": ["resource.k8s.io"],
    }
    secured.grant(AGENT, "driver", verbs=["associated-node:update"], **rule)
    devices = [{"driver": "a.b", "pool": "x", "device": "d"}]
    with secured.request(AGENT, "update", "resourceclaims/status"):
        assert (
            write_status(secured, item, allocation=allocation(), devices=devices)["status"]["devices"]
            == devices
        )
    used = secured.security.authority.ledger.used(AGENT.name)
    assert [(one.verb, one.subresource, one.name) for one in used] == [
        ("associated-node:update", "driver", "a.b")
    ]


def test_a_kubelet_makes_no_slice_of_another_node(secured: SecuredApi) -> None:
    spec = {"driver": "a.b", "nodeName": "node-1", "pool": {"name": "p", "resourceSliceCount": 1}}
    with (
        secured.request(KUBELET, "create", "resourceslices"),
        pytest.raises(ApiError, match="can only create ResourceSlice with the same NodeName") as caught,
    ):
        secured.api.create("resourceslices", {"metadata": {"name": "s"}, "spec": spec})
    assert caught.value.code == 403


def test_a_role_with_permissions_that_the_writer_lacks_is_not_stored(secured: SecuredApi) -> None:
    rules = [{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]
    role = {"metadata": {"name": "r", "namespace": "default"}, "rules": rules}
    with (
        secured.request(AGENT, "create", "roles", rbac.GROUP),
        pytest.raises(ApiError, match="attempting to grant RBAC permissions not currently held"),
    ):
        secured.api.create("roles", role)
    stored = secured.api.create("roles", role).value
    owned = {**stored, "metadata": {**stored["metadata"], "finalizers": ["example.com/x"]}}
    with secured.request(AGENT, "update", "roles", rbac.GROUP):
        secured.api.update("roles", owned)


async def test_accounts_tokens_and_aggregated_roles_appear(secured: SecuredApi) -> None:
    secured.api.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})
    task = asyncio.create_task(
        run_serviceaccount_tokens(secured.api, secured.security.signer, b"certificate")
    )
    secret = {
        "metadata": {
            "name": "s",
            "namespace": "default",
            "annotations": {"kubernetes.io/service-account.name": "default"},
        },
        "type": "kubernetes.io/service-account-token",
    }
    secured.api.create("secrets", secret)
    async for _ in changes_of(secured.api.store, ["secrets"]):
        if "data" in secured.api.get("secrets", "s", "default"):
            break
    assert secured.api.get("serviceaccounts", "default", "default")
    assert sorted(secured.api.get("secrets", "s", "default")["data"]) == ["ca.crt", "namespace", "token"]
    assert len(secured.api.get("clusterroles", "admin")["rules"]) > 20
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
