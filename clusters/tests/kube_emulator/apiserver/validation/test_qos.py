"""The class of a pod from its requests and limits; what is expected is what kubernetes pkg/apis/core/helper/qos computes."""

from typing import Any, cast

import pytest

from dra_api.objects import Pod
from kube_emulator.apiserver.validation.qos import qos_class
from kube_emulator.kubelet.pod_status import Seen, status_of

BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "1Gi"}}, "Burstable"),
    ],
)
def test_the_qos_class_follows_from_requests_and_limits(resources: dict[str, Any], wanted: str) -> None:
    assert qos_class({"containers": [{"resources": resources}]}) == wanted


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        pytest.param(
            {"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": BOTH}, "Guaranteed", id="spelling"
        ),
        pytest.param({"requests": {"cpu": "0"}}, "BestEffort", id="zero request"),
        pytest.param({"limits": {"cpu": "0", "memory": "0"}}, "BestEffort", id="zero limits"),
        pytest.param(
            {"requests": {"cpu": "0"}, "limits": BOTH}, "Burstable", id="zero request below a limit"
        ),
        pytest.param({"limits": {"memory": "1Gi"}}, "Burstable", id="one limit"),
        pytest.param(
            {"requests": {"cpu": "1"}, "limits": BOTH}, "Guaranteed", id="the other request is the limit"
        ),
        pytest.param({"requests": {"example.com/gpu": "1"}}, "BestEffort", id="other resources"),
        pytest.param(
            {"requests": {"ephemeral-storage": "1Gi"}, "limits": {**BOTH, "ephemeral-storage": "2Gi"}},
            "Guaranteed",
            id="other resources may differ",
        ),
    ],
)
def test_only_amounts_of_cpu_and_memory_above_zero_count(resources: dict[str, Any], wanted: str) -> None:
    spec = {"containers": [{"name": "main", "image": "i", "resources": resources}]}
    assert qos_class(spec) == wanted
    pod = cast(Pod, {"metadata": {"name": "p"}, "spec": spec})
    assert status_of(pod, {}, Seen("", "2.2.2.2", "t", {}))["qosClass"] == wanted


@pytest.mark.parametrize(
    ("init", "wanted"),
    [({}, "Burstable"), ({"limits": BOTH}, "Guaranteed"), ({"requests": {"cpu": "1"}}, "Burstable")],
)
def test_init_containers_count_as_the_others_do(init: dict[str, Any], wanted: str) -> None:
    main = {"resources": {"limits": BOTH}}
    assert qos_class({"containers": [main], "initContainers": [{"resources": init}]}) == wanted


def test_ephemeral_containers_do_not_count() -> None:
    spec = {"containers": [{"resources": {"limits": BOTH}}], "ephemeralContainers": [{"name": "debug"}]}
    assert qos_class(spec) == "Guaranteed"
