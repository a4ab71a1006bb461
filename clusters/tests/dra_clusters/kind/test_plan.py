"""How kind is used on machines of all kinds, and what is said where it cannot be."""

import dataclasses
from typing import Any

import pytest

from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.kind import plan
from dra_clusters.kind.machine import EngineFound, Machine, has_capability
from dra_clusters.provider import ClusterOptions

DOCKER, PODMAN = EngineFound(name="docker"), EngineFound(name="podman")
LAPTOP = Machine(engines=(DOCKER,), cgroup="v2", uid=1000, kind="/usr/bin/kind")
SANDBOX = Machine(
    engines=(EngineFound(name="docker", problem="Cannot connect to the Docker daemon."), PODMAN),
    cgroup="v1",
    uid=0,
    sys_resource=False,
    booted_by_systemd=False,
    programs=frozenset({"go", "runc"}),
)


def choice(machine: Machine, **changes: Any) -> plan.Choice:
    return plan.choose(dataclasses.replace(machine, **changes))


def test_a_laptop_uses_docker_and_the_published_image() -> None:
    found = choice(LAPTOP)
    assert (found.engine, found.private, found.own_image) == ("docker", False, False)


def test_docker_comes_before_podman_unless_kind_is_told_otherwise() -> None:
    both = (PODMAN, DOCKER)
    assert choice(LAPTOP, engines=both).engine == "docker"
    assert choice(LAPTOP, engines=both, wanted_engine="podman").engine == "podman"


def test_a_sandbox_with_cgroup_v1_uses_podman_with_runc_and_makes_the_image() -> None:
    found = choice(SANDBOX)
    assert (found.engine, found.private, found.own_image) == ("podman", True, True)
    assert "cgroup v1" in "; ".join(found.reasons)


def test_rootless_podman_keeps_its_own_configuration() -> None:
    assert not choice(LAPTOP, engines=(PODMAN,), booted_by_systemd=False).private


@pytest.mark.parametrize(
    ("machine", "changes", "message"),
    [
        (LAPTOP, {"engines": ()}, "no container engine; install docker or podman"),
        (
            LAPTOP,
            {"engines": (EngineFound(name="docker", problem="Cannot connect to the Docker daemon."),)},
            r"docker: Cannot connect .* .systemctl start docker.; podman: not installed",
        ),
        (
            LAPTOP,
            {"engines": (EngineFound(name="docker", problem="permission denied while trying to connect"),)},
            "add this user to the group docker",
        ),
        (LAPTOP, {"sys_resource": False}, "docker: it needs CAP_SYS_RESOURCE .* use podman"),
        (
            LAPTOP,
            {"wanted_engine": "nerdctl"},
            "KIND_EXPERIMENTAL_PROVIDER is 'nerdctl'; there are docker, podman",
        ),
        (LAPTOP, {"wanted_engine": "podman"}, "works: podman: not installed"),
        (LAPTOP, {"kind": ""}, "no kind on the PATH, and no go to build it"),
        (SANDBOX, {"uid": 1000}, "cgroup v1 needs root"),
        (SANDBOX, {"programs": frozenset({"go"})}, "podman needs runc here; install it"),
    ],
)
def test_what_is_missing_is_said_with_the_remedy(
    machine: Machine, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(EnvironmentFault, match=message) as caught:
        choice(machine, **changes)
    assert "\n" not in str(caught.value)


def test_node_images_are_named_by_digest() -> None:
    for release, tag in plan.PUBLISHED.items():
        assert tag.startswith(f"v{release}.")
        assert len(tag.partition("@sha256:")[2]) == 64


def test_a_release_without_a_published_image_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"no node image of Kubernetes 1.38; there are .*, or give --node-image"
    ):
        plan.published_image("1.38")


@pytest.mark.parametrize("name", ["-a", "A", "a/b", "a" * 41, "a-", "../x"])
def test_a_name_that_would_not_be_a_host_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        plan.check_kind_options(ClusterOptions(name=name))


def test_nodes_have_the_names_that_kind_gives() -> None:
    assert plan.node_names("a", 0) == ("a-control-plane",)
    assert plan.node_names("a", 3) == ("a-control-plane", "a-worker", "a-worker2", "a-worker3")


def test_a_capability_is_one_that_a_process_may_have_at_all() -> None:
    assert has_capability("Name:\tx\nCapBnd:\t000001ffffffffff\n", 24)
    assert not has_capability("Name:\tx\nCapBnd:\t000001fffeffffff\n", 24)
