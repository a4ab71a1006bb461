"""The plan makes the stored slices equal to the wanted ones, whatever is stored and whatever happens in between."""

import copy
from typing import cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from dra_api.identifiers import DriverName
from dra_api.objects import Device, DeviceTaint, Node, ObjectMeta, ResourceSlice, ResourceSliceInput
from dra_driver.publish.plan import Stored, content, make_plan, stored
from dra_driver.publish.pool import Part, split
from dra_driver.publish.slices import wanted_slices

DRIVER = DriverName("gpu.example.com")
CREATED = "2026-01-01T00:00:00Z"
TAINT: DeviceTaint = {"key": "k", "effect": "NoSchedule"}


def node(name: str = "node-0", uid: str = "u-1") -> Node:
    metadata: ObjectMeta = {"name": name, "uid": uid, "resourceVersion": "1", "creationTimestamp": CREATED}
    return {"metadata": metadata, "spec": {}}


def devices(count: int, taint: DeviceTaint | None = None) -> list[Device]:
    made: list[Device] = [
        {"name": f"gpu-{index}", "attributes": {"n": {"int": index}}} for index in range(count)
    ]
    if taint:
        for device in made:
            device["taints"] = [taint]
    return made


def wanted(count: int) -> list[ResourceSliceInput]:
    return wanted_slices([Part(group) for group in split(devices(count))], driver_name=DRIVER, node=node())


class Server:
    """Slices by name, as an API server would store them."""

    def __init__(self) -> None:
        self.slices: dict[str, ResourceSlice] = {}
        self.version = 0

    def put(self, item: ResourceSliceInput) -> None:
        self.version += 1
        sent, name = copy.deepcopy(item), item["metadata"]["name"]
        added = {"uid": f"uid of {name}", "resourceVersion": str(self.version), "creationTimestamp": CREATED}
        self.slices[name] = cast("ResourceSlice", {**sent, "metadata": {**sent["metadata"], **added}})

    def found(self) -> list[Stored]:
        return list(map(stored, self.slices.values()))

    def follow(self, wishes: list[ResourceSliceInput], steps: int | None = None) -> None:
        plan = make_plan(self.found(), wishes, {})
        generations = [each.generation for each in self.found()]
        assert all(item["spec"]["pool"]["generation"] >= max(generations, default=0) for item in plan.put)
        for item in plan.put[:steps]:
            self.put(item)
        for name in plan.delete if steps is None else ():
            del self.slices[name]


class Pool(RuleBasedStateMachine):
    """Devices come and go, writes are interrupted, others write; in the end the pool is as wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.count = 0

    @rule(count=st.integers(0, 300))
    def hardware_changes(self, count: int) -> None:
        self.count = count

    @rule(steps=st.integers(0, 3))
    def killed_while_writing(self, steps: int) -> None:
        self.server.follow(wanted(self.count), steps)

    @rule(index=st.integers(0, 3))
    def somebody_deletes(self, index: int) -> None:
        names = sorted(self.server.slices)
        if index < len(names):
            del self.server.slices[names[index]]

    @rule(generation=st.integers(0, 5))
    def somebody_leaves_a_stray(self, generation: int) -> None:
        stray = copy.deepcopy(wanted(1)[0])
        stray["metadata"]["name"] = "stray"
        stray["spec"]["pool"]["generation"] = generation * 100
        self.server.put(stray)

    @rule()
    def driver_settles(self) -> None:
        self.server.follow(wanted(self.count))
        slices = self.server.slices
        assert {name: content(item) for name, item in slices.items()} == {
            item["metadata"]["name"]: content(item) for item in wanted(self.count)
        }
        assert len({item["spec"]["pool"]["generation"] for item in slices.values()}) == 1
        assert make_plan(self.server.found(), wanted(self.count), {}).put == ()


TestPool = Pool.TestCase
TestPool.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


def test_a_missing_slice_is_put_back_in_the_current_generation() -> None:
    server = Server()
    server.follow(wanted(200))
    del server.slices["node-0-gpu.example.com-1"]
    [item] = make_plan(server.found(), wanted(200), {}).put
    assert item["metadata"]["name"] == "node-0-gpu.example.com-1"
    assert item["spec"]["pool"] == {"name": "node-0", "generation": 1, "resourceSliceCount": 2}


def test_a_change_of_two_slices_raises_the_generation_of_every_slice() -> None:
    server = Server()
    server.follow(wanted(200))
    plan = make_plan(
        server.found(),
        wanted_slices([Part(devices(100)), Part(devices(99))], driver_name=DRIVER, node=node()),
        {},
    )
    assert [item["spec"]["pool"]["generation"] for item in plan.put] == [2, 2]
    assert all(item["metadata"]["resourceVersion"] for item in plan.put)


def test_a_change_of_one_slice_is_one_write_in_the_same_generation() -> None:
    server = Server()
    server.follow(wanted(200))
    [item] = make_plan(server.found(), wanted(199), {}).put
    assert item["metadata"]["name"] == "node-0-gpu.example.com-1"
    assert item["metadata"]["resourceVersion"]
    assert item["spec"]["pool"] == {"name": "node-0", "generation": 1, "resourceSliceCount": 2}


def test_a_change_beside_a_stray_raises_the_generation() -> None:
    server = Server()
    server.follow(wanted(300))
    plan = make_plan(server.found(), wanted(255), {})
    assert {item["spec"]["pool"]["generation"] for item in plan.put} == {2}
    assert plan.delete == ("node-0-gpu.example.com-2",)


def test_fields_that_the_server_drops_are_not_sent_forever() -> None:
    server, [wish] = Server(), wanted_slices([Part(devices(1, taint=TAINT))], driver_name=DRIVER, node=node())
    server.follow([wish])
    [item] = server.slices.values()
    sent = content(item)
    del item["spec"]["devices"][0]["taints"]
    accepted = {item["metadata"]["name"]: (sent, content(item))}
    assert make_plan(server.found(), [wish], accepted).put == ()
    assert make_plan(server.found(), [wish], {}).put != ()


def test_equal_quantities_are_equal_content() -> None:
    def with_memory(text: str) -> ResourceSliceInput:
        device: Device = {"name": "gpu-0", "capacity": {"m": {"value": text}}}
        return wanted_slices([Part([device])], driver_name=DRIVER, node=node())[0]

    first, second = map(with_memory, ("1Gi", "1024Mi"))
    assert content(first) == content(second)


def test_a_taint_has_any_value_and_the_time_that_the_server_adds_is_no_change() -> None:
    def tainted(taint: DeviceTaint) -> ResourceSliceInput:
        return wanted_slices([Part(devices(1, taint=taint))], driver_name=DRIVER, node=node())[0]

    sent = tainted({"key": "k", "value": "true", "effect": "NoSchedule"})
    came_back = tainted({"key": "k", "value": "true", "effect": "NoSchedule", "timeAdded": CREATED})
    other = tainted({"key": "k", "value": "false", "effect": "NoSchedule"})
    assert content(sent) == content(came_back)
    assert content(sent) != content(other)


def test_a_node_without_devices_gets_one_empty_slice() -> None:
    [item] = wanted(0)
    assert item["spec"]["devices"] == []
    assert item["spec"]["pool"]["resourceSliceCount"] == 1


def test_slices_are_split_at_the_limits() -> None:
    assert [len(group) for group in split(devices(129))] == [128, 1]
    assert [len(group) for group in split(devices(65, taint=TAINT))] == [64, 1]


def test_slice_names_stay_legal_for_the_longest_node_name() -> None:
    [item] = wanted_slices([Part(devices(1))], driver_name=DriverName("d" * 63), node=node("n" * 253))
    assert len(item["metadata"]["name"]) <= 253


def test_a_slice_with_an_attribute_that_is_a_list_has_the_lower_limit() -> None:
    rich: list[Device] = [{"name": f"gpu-{index}", "attributes": {"a": {"ints": [1]}}} for index in range(65)]
    assert [len(group) for group in split(rich)] == [64, 1]


def test_slices_of_other_names_are_deleted_and_never_lower_the_generation() -> None:
    server = Server()
    stray = copy.deepcopy(wanted(1)[0])
    stray["metadata"]["name"], stray["spec"]["pool"]["generation"] = "stray", 7
    server.put(stray)
    plan = make_plan(server.found(), wanted(1), {})
    assert [item["spec"]["pool"]["generation"] for item in plan.put] == [7]
    assert plan.delete == ("stray",)


def test_a_slice_of_an_earlier_node_of_the_same_name_is_replaced() -> None:
    server = Server()
    server.follow(wanted(1))
    again = wanted_slices([Part(devices(1))], driver_name=DRIVER, node=node(uid="u-2"))
    [item] = make_plan(server.found(), again, {}).put
    assert item["metadata"]["ownerReferences"][0]["uid"] == "u-2"
