"""Extended resources come from devices (KEP-5004), or from a device plugin."""

from scheduled import scheduled

from kube_emulator.releases.release import V1_35


async def test_an_extended_resource_comes_from_devices() -> None:
    async with scheduled() as plane:
        plane.device_class(extendedResourceName="example.com/gpu")
        plane.node("n1")
        plane.slice("n1", "a", "b", "c")
        plane.pod("p", resources={"limits": {"example.com/gpu": 2}, "requests": {"cpu": "1"}})
        await plane.settle()
        status = plane.get("pods", "p")["status"]["extendedResourceClaimStatus"]
        claim = plane.get("resourceclaims", status["resourceClaimName"])
        assert claim["metadata"]["generateName"] == "p-extended-resources-"
        assert claim["metadata"]["annotations"] == {"resource.kubernetes.io/extended-resource-claim": "true"}
        assert plane.devices_of(status["resourceClaimName"]) == ["a", "b"]
        mapping = {
            "containerName": "main",
            "resourceName": "example.com/gpu",
            "requestName": "container-0-request-1",
        }
        assert status["requestMappings"] == [mapping]
        assert plane.place_of("p") == "n1"


async def test_a_node_with_a_device_plugin_uses_that() -> None:
    async with scheduled() as plane:
        plane.device_class(extendedResourceName="example.com/gpu")
        plane.node("n1", allocatable={"example.com/gpu": "1"})
        plane.pod("p", resources={"limits": {"example.com/gpu": 1}})
        await plane.settle()
        assert plane.place_of("p") == "n1"
        assert "extendedResourceClaimStatus" not in plane.get("pods", "p")["status"]


async def test_the_implicit_resource_of_a_class() -> None:
    async with scheduled() as plane:
        plane.device_class("gpu")
        plane.node("n1")
        plane.slice("n1", "a")
        plane.pod("p", resources={"limits": {"deviceclass.resource.kubernetes.io/gpu": 1}})
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_without_the_gate_extended_resources_are_only_the_nodes() -> None:
    async with scheduled(release=V1_35) as plane:
        plane.device_class(extendedResourceName="example.com/gpu")
        plane.node("n1")
        plane.slice("n1", "a")
        plane.pod("p", resources={"limits": {"example.com/gpu": 1}})
        await plane.settle()
        assert "1 Insufficient example.com/gpu" in plane.why("p")
