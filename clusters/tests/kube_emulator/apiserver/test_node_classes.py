"""What a kubelet reads and writes before its node is Ready is stored, and shown as kubectl shows it."""

from http_client import Caller

CSI_NODES = "/apis/storage.k8s.io/v1/csinodes"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def cells(call: Caller, path: str) -> list[object]:
    """The cells of the one row, without the age."""
    (row,) = call("GET", path, Accept=TABLE).body["rows"]
    return list(row["cells"][:-1])


def test_a_runtime_class_is_shown_with_its_handler(call: Caller) -> None:
    path = "/apis/node.k8s.io/v1/runtimeclasses"
    body = {"metadata": {"name": "gpu"}, "handler": "nvidia"}
    assert call("POST", path, body).code == 201
    assert cells(call, f"{path}/gpu") == ["gpu", "nvidia"]


def test_a_node_s_csi_drivers_are_merged_by_name(call: Caller) -> None:
    drivers = [{"name": "a", "nodeID": "n1", "topologyKeys": None}]
    assert call("POST", CSI_NODES, {"metadata": {"name": "n"}, "spec": {"drivers": drivers}}).code == 201
    more = {"spec": {"drivers": [{"name": "b", "nodeID": "n2", "topologyKeys": ["zone"]}]}}
    kind = "application/strategic-merge-patch+json"
    merged = call("PATCH", f"{CSI_NODES}/n", more, kind=kind).body["spec"]["drivers"]
    assert sorted(driver["name"] for driver in merged) == ["a", "b"]
    assert cells(call, f"{CSI_NODES}/n") == ["n", 2]


def test_a_csi_driver_is_stored_as_it_was_given(call: Caller) -> None:
    path, spec = "/apis/storage.k8s.io/v1/csidrivers", {"attachRequired": False}
    assert call("POST", path, {"metadata": {"name": "csi.example.com"}, "spec": spec}).code == 201
    assert call("GET", f"{path}/csi.example.com").body["spec"] == spec
