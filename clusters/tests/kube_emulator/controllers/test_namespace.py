"""Namespaces: what every one has, and how one goes with everything in it."""

from control_plane import BareControlPlane, controlled


async def test_every_namespace_has_the_certificate_of_the_server() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        await plane.settle()
        found = plane.api.get("configmaps", "kube-root-ca.crt", "other")
        plane.api.update("configmaps", {**found, "data": {"ca.crt": "another"}})
        await plane.settle()
        assert plane.api.get("configmaps", "kube-root-ca.crt", "other")["data"] == {"ca.crt": "certificate"}


async def test_every_namespace_has_its_service_account() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        await plane.settle()
        plane.api.delete("serviceaccounts", "default", "other")
        await plane.settle()
        found = [account["metadata"]["namespace"] for account in plane.api.values("serviceaccounts")]
        assert found == ["default", "other"]


async def test_a_namespace_takes_everything_with_it() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        plane.api.create("configmaps", {"metadata": {"name": "m", "namespace": "other"}})
        await plane.settle()
        plane.api.delete("namespaces", "other")
        await plane.settle()
        assert {item["metadata"]["namespace"] for item in plane.api.values("configmaps")} == {"default"}
        assert plane.api.find("namespaces", "other") is None


def conditions_of(plane: BareControlPlane, namespace: str) -> dict[str, tuple[str, str]]:
    """{condition of a namespace: its status and message}."""
    conditions = plane.get("namespaces", namespace)["status"].get("conditions") or []
    return {row["type"]: (row["status"], row["message"]) for row in conditions}


async def test_a_namespace_says_what_keeps_it() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        metadata = {"name": "m", "namespace": "other", "finalizers": ["x/y"]}
        held = plane.api.create("configmaps", {"metadata": metadata}).value
        await plane.settle()
        plane.api.delete("namespaces", "other")
        await plane.settle()
        conditions = conditions_of(plane, "other")
        assert conditions["NamespaceContentRemaining"] == (
            "True",
            "Some resources are remaining: configmaps. has 1 resource instances",
        )
        assert conditions["NamespaceFinalizersRemaining"] == (
            "True",
            "Some content in the namespace has finalizers remaining: x/y in 1 resource instances",
        )
        assert conditions["NamespaceDeletionContentFailure"][0] == "False"
        held = plane.api.get("configmaps", "m", "other")
        plane.api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": []}})
        await plane.settle()
        assert plane.api.find("namespaces", "other") is None


async def test_pods_leave_a_namespace_before_everything_else() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        plane.api.create("configmaps", {"metadata": {"name": "m", "namespace": "other"}})
        plane.node("n1")
        spec = {"containers": [{"name": "main", "image": "x"}], "nodeName": "n1"}
        plane.api.create("pods", {"metadata": {"name": "p", "namespace": "other"}, "spec": spec})
        await plane.settle()
        plane.api.delete("namespaces", "other")
        await plane.settle()
        assert plane.api.find("configmaps", "m", "other") is not None
        assert conditions_of(plane, "other")["NamespaceDeletionContentFailure"][0] == "False"
        await plane.turn(31)
        status, why = conditions_of(plane, "other")["NamespaceDeletionContentFailure"]
        assert status == "True"
        assert why.endswith("unexpected items still remain in namespace: other for gvr: /v1, Resource=pods")
        plane.api.delete("pods", "p", "other", grace_s=0)
        await plane.settle()
        assert plane.api.find("namespaces", "other") is None
