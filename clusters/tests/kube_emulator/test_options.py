"""Options that cannot be are usage errors of one line."""

from typing import Any

import pytest

from kube_emulator import Options, UsageError

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"release": "1.2"}, r"unknown Kubernetes version '1.2'; there are: 1.34, 1.35, 1.36, 1.37"),
    ({"release": "1.37\x1b[31m"}, r"unknown Kubernetes version '1.37\\x1b\[31m'"),
    ({"parts": frozenset({"api", "etcd"})}, r"unknown parts \['etcd'\]; there are api, controllers"),
    ({"parts": frozenset({"scheduler"})}, r"parts \['scheduler'\] lack api, which the others need"),
    ({"gates": {"Foo": True}}, r"feature gate Foo cannot be switched on: it is absent in 1.37"),
    ({"gates": {"DRAAdminAccess": False}}, r"DRAAdminAccess cannot be switched off: it is locked in 1.37"),
    ({"runtime_config": {"resource.k8s.io/v9": True}}, r"runtime config resource.k8s.io/v9: Kubernetes 1.37"),
    ({"nodes": 5001}, r"5001 nodes and 0 hollow ones; wanted 0 to 5000 in all"),
    ({"nodes": 1, "hollow": 5000}, r"1 nodes and 5000 hollow ones; wanted 0 to 5000"),
    ({"nodes": -1}, r"-1 nodes and 0 hollow ones; wanted 0 to 5000"),
    ({"nodes": ("a", "a")}, r"nodes 'a', 'a': two have the same name"),
    ({"nodes": ("Node_1",)}, r"node name 'Node_1': wanted lower case letters, digits, '-' and '.'"),
    ({"nodes": ("../escape",)}, r"node name '../escape': wanted lower case letters"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_an_option_that_cannot_be_is_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Options(**options)
    assert "\n" not in str(caught.value)


def test_nodes_are_named_or_counted() -> None:
    assert Options(nodes=2, hollow=1).node_names == ("node-0", "node-1")
    assert Options(nodes=("a", "b")).node_names == ("a", "b")
    assert Options(hollow=1).hollow_names == ("hollow-0",)
