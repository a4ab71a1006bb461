"""The controller of domains in an API server that enforces roles: what it was away for is done when it is back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from background import running
from lightkube import Client, KubeConfig, codecs

from dra_api.objects import JsonObject
from dra_driver.computedomain import controller
from dra_driver.computedomain.controller import Controller
from dra_driver.computedomain.kube import CLIQUES, DAEMON_SETS, DOMAINS, TEMPLATES, Kind, Kube
from dra_driver.computedomain.names import CLIQUE_LABEL, DOMAIN_LABEL, FINALIZER, daemon_name
from dra_driver.computedomain.wanted import DaemonPods
from dra_driver.connection.route import find_route
from dra_driver.errors import ApiError
from kube_emulator import Cluster, Options

DEPLOY = Path(__file__).parents[2] / "deploy"
ACCOUNT = ("dra-driver", "compute-domain-controller")
USER = "system:serviceaccount:dra-driver:compute-domain-controller"
PODS = DaemonPods(namespace="dra-driver", image="driver:1")
LIMIT_S = 20
QUIET = 100
"""Requests that take many times as long as the controller waits before it looks at what has changed."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """The definitions and the manifest's rights."""
    with Cluster(Options(parts=frozenset({"api"}), nodes=(), rbac=True)) as started:
        with Client(config=KubeConfig.from_file(started.kubeconfig), namespace="default") as admin:
            for name in ("crds/compute-domains.yaml", "compute-domains.yaml"):
                for item in codecs.load_all_yaml((DEPLOY / name).read_text()):
                    admin.create(item)
        yield started


@contextlib.asynccontextmanager
async def controlling(cluster: Cluster) -> AsyncIterator[None]:
    """The controller runs with its account's rights."""
    route = find_route(cluster.kubeconfig_for_serviceaccount(*ACCOUNT), {})
    async with running(Controller(lambda: Kube(route), PODS, lambda: 0).run()):
        yield


def domain(name: str, template: str) -> JsonObject:
    """A domain of the namespace ``default``."""
    return {
        "apiVersion": "resource.nvidia.com/v1beta1",
        "kind": "ComputeDomain",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"channel": {"resourceClaimTemplate": {"name": template}}},
    }


async def until(kube: Kube, of: Kind, name: str, namespace: str, *, there: bool) -> JsonObject:
    """Wait until an object is there, or is not; the object."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LIMIT_S
    while ((found := await kube.get(of, name, namespace)) is not None) != there:
        assert loop.time() < end, (
            f"waited {LIMIT_S} s for {name} to be {'there' if there else 'gone'}: {found}"
        )
    return found or {}


async def until_reason(kube: Kube, name: str, reason: str, kind: str = "Ready") -> None:
    """Wait until the condition KIND of a domain has REASON; empty: until it is not there."""
    loop, found = asyncio.get_running_loop(), "?"
    end = loop.time() + LIMIT_S
    while found != reason:
        item: Any = await kube.get(DOMAINS, name, "default")
        conditions = (item.get("status") or {}).get("conditions") or []
        found = next((one["reason"] for one in conditions if one["type"] == kind), "")
        assert loop.time() < end, f"waited {LIMIT_S} s for {reason}, found {found}"


async def test_a_deletion_while_there_was_no_controller_is_finished_though_another_one_left_finalizers(
    cluster: Cluster, kube: Kube
) -> None:
    async with controlling(cluster):
        uid = (await kube.create(DOMAINS, domain("job", "job-channel")))["metadata"]["uid"]
        made = await until(kube, DAEMON_SETS, daemon_name(uid), "dra-driver", there=True)
        template = await until(kube, TEMPLATES, "job-channel", "default", there=True)
        await until_reason(kube, "job", "NoNodesYet")
    for of, item in ((DAEMON_SETS, made), (TEMPLATES, template)):
        await kube.merge(of, item, {"metadata": {"finalizers": [FINALIZER]}})
    await kube.delete(DOMAINS, await until(kube, DOMAINS, "job", "default", there=True))
    async with controlling(cluster):
        await until(kube, DOMAINS, "job", "default", there=False)
    assert await kube.get(DAEMON_SETS, daemon_name(uid), "dra-driver") is None
    assert await kube.get(TEMPLATES, "job-channel", "default") is None
    assert cluster.permissions_denied(USER) == []


async def test_a_domain_whose_template_name_was_taken_goes_on_when_it_is_free(
    cluster: Cluster, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controller, "COUNT_S", 0.2)
    document: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "taken", "namespace": "default"},
        "spec": {"spec": {"devices": {}}},
    }
    foreign = await kube.create(TEMPLATES, document)
    async with controlling(cluster):
        await kube.create(DOMAINS, domain("second", "taken"))
        await kube.create(DOMAINS, domain("other", "free"))
        await until_reason(kube, "second", "TemplateNameTaken")
        await until_reason(kube, "other", "NoNodesYet")
        await kube.delete(TEMPLATES, foreign)
        await until_reason(kube, "second", "NoNodesYet")


async def until_quiet(cluster: Cluster, kube: Kube) -> None:
    """Wait until the controller asks for nothing while the server answers QUIET other requests: it has seen what woke it up."""
    loop = asyncio.get_running_loop()
    end, seen = loop.time() + 3 * LIMIT_S, -1
    while (now := sum(request.user == USER for request in cluster.requests())) != seen:
        assert loop.time() < end, f"waited {3 * LIMIT_S} s for a controller that rests, found {now} requests"
        seen = now
        for _ in range(QUIET):
            await kube.get(DOMAINS, "nobody", "default")


def clique(domain: str) -> JsonObject:
    """The object of a domain's daemons in the clique ``c.1``."""
    labels = {DOMAIN_LABEL: domain, CLIQUE_LABEL: "c.1"}
    return {
        "apiVersion": "resource.nvidia.com/v1beta1",
        "kind": "ComputeDomainClique",
        "metadata": {"name": f"{domain}.c.1", "namespace": "dra-driver", "labels": labels},
        "daemons": [],
    }


async def test_two_domains_in_one_clique_are_both_warned_until_one_leaves(
    cluster: Cluster, kube: Kube
) -> None:
    async with controlling(cluster):
        uids = [
            (await kube.create(DOMAINS, domain(name, f"{name}-channel")))["metadata"]["uid"]
            for name in ("left", "right")
        ]
        first = await kube.create(CLIQUES, clique(uids[0]))
        await until_reason(kube, "left", "NoNodesYet")
        await until_reason(kube, "left", "", "CliqueShared")
        await until_quiet(cluster, kube)
        await kube.create(CLIQUES, clique(uids[1]))
        for name in ("left", "right"):
            await until_reason(kube, name, "OtherDomains", "CliqueShared")
        await until_quiet(cluster, kube)
        await kube.delete(CLIQUES, first)
        await until_reason(kube, "right", "", "CliqueShared")


async def test_the_definition_refuses_a_domain_that_cannot_be(kube: Kube) -> None:
    for changed, why in (
        ({"numNodes": -1}, "spec.numNodes"),
        ({"channel": {}}, "spec.channel.resourceClaimTemplate"),
        (
            {"channel": {"resourceClaimTemplate": {"name": "x"}, "allocationMode": "Some"}},
            "spec.channel.allocationMode",
        ),
    ):
        wrong = domain("wrong", "x")
        wrong["spec"] |= changed
        with pytest.raises(ApiError, match=why):
            await kube.create(DOMAINS, wrong)
