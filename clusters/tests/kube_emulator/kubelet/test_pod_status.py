"""The environment and the status of pods, decided without a node."""

from typing import Any, cast

import pytest

from dra_api.objects import ContainerSpec, EnvVar, JsonObject, Pod, PodCondition
from kube_emulator.kubelet.pod_environment import environment_of
from kube_emulator.kubelet.pod_status import Seen, phase_of, status_of
from kube_emulator.kubelet.runtime import Container

POD = cast(
    Pod,
    {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u", "labels": {"app": "a"}},
        "spec": {"nodeName": "n", "containers": [{"name": "main"}]},
    },
)


def environment(*variables: EnvVar, **more: Any) -> dict[str, str]:
    """What a container with VARIABLES gets."""
    objects = {("configmaps", "m"): {"data": {"k": "v"}}, ("secrets", "s"): {"data": {"k": "w"}}}
    container: JsonObject = {"name": "main", "env": list(variables), **more}
    return environment_of(
        POD,
        cast(ContainerSpec, container),
        {},
        ip="1.1.1.1",
        host_ip="2.2.2.2",
        look=lambda plural, name: objects.get((plural, name)),
    )


def test_variables_come_from_values_fields_and_maps() -> None:
    field: EnvVar = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    label: EnvVar = {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}
    key: EnvVar = {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}
    gone: EnvVar = {
        "name": "GONE",
        "valueFrom": {"secretKeyRef": {"name": "no", "key": "k", "optional": True}},
    }
    every = environment(field, label, key, gone, envFrom=[{"prefix": "S_", "secretRef": {"name": "s"}}])
    assert every == {"S_k": "w", "NODE": "n", "APP": "a", "KEY": "v"}


def test_variables_refer_to_earlier_ones_and_two_dollars_are_one() -> None:
    found = environment({"name": "A", "value": "x"}, {"name": "B", "value": "$(A) $$(A) $(C)"})
    assert found["B"] == "x $(A) $(C)"


def ended(code: int) -> Container:
    """A container that ended with CODE."""
    return Container("main", started="t", finished="t", code=code)


@pytest.mark.parametrize(
    ("policy", "container", "phase"),
    [
        ("Always", None, "Pending"),
        ("Always", ended(0), "Running"),
        ("OnFailure", ended(1), "Running"),
        ("OnFailure", ended(0), "Succeeded"),
        ("Never", ended(1), "Failed"),
        ("Never", Container("main", started="t"), "Running"),
    ],
)
def test_the_phase_follows_from_the_containers_and_the_policy(
    policy: str, container: Container | None, phase: str
) -> None:
    pod: Pod = {**POD, "spec": {**POD["spec"], "restartPolicy": policy}}
    containers = {"main": container} if container else {}
    assert phase_of(pod, containers, initialized=True) == phase


def test_what_others_wrote_into_the_status_stays_and_times_change_with_values() -> None:
    mine: PodCondition = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "t0"}
    ready: PodCondition = {"type": "Ready", "status": "False", "lastTransitionTime": "t0"}
    pod: Pod = {**POD, "status": {"resourceClaimStatuses": [], "conditions": [ready, mine]}}
    status = status_of(pod, {}, Seen("", "2.2.2.2", "t1", {}))
    times = {one["type"]: one["lastTransitionTime"] for one in status["conditions"]}
    assert times["Ready"] == times["DisruptionTarget"] == "t0"
    assert times["Initialized"] == "t1"
    assert status["resourceClaimStatuses"] == []
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
