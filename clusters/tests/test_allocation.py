"""Device selection and allocation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_clusters.embedded.allocator import CannotAllocate, allocate, offers_of
from dra_clusters.embedded.selectors import SelectorError, compare, matches, semver

Object = dict[str, Any]
DRIVER = "gpu.example.com"
CLASSES: dict[str, Object] = {"gpu": {"spec": {}}}


def device(name: str, **attributes: Any) -> Object:
    values = {
        key: {"int" if isinstance(value, int) else "string": value} for key, value in attributes.items()
    }
    return {"name": name, "attributes": values, "capacity": {"memory": {"value": "80Gi"}}}


def slice_of(
    *devices: Object, pool: str = "node-0", generation: int = 1, count: int = 1, name: str = "s"
) -> Object:
    numbers = {"name": pool, "generation": generation, "resourceSliceCount": count}
    spec = {"driver": DRIVER, "nodeName": "node-0", "pool": numbers, "devices": list(devices)}
    return {"metadata": {"name": name}, "spec": spec}


def request(name: str = "gpu", **exact: Any) -> Object:
    return {
        "name": name,
        "exactly": {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1} | exact,
    }


def chosen(
    slices: list[Object], *requests: Object, taken: frozenset[Any] = frozenset(), **devices: Any
) -> list[str]:
    spec = {"devices": {"requests": list(requests), **devices}}
    found = allocate(spec, classes=CLASSES, offers=offers_of(slices, "node-0"), taken=taken, node="node-0")
    return [result["device"] for result in found["devices"]["results"]]


FOUR = [slice_of(*(device(f"gpu-{n}", numa=n // 2) for n in range(4)))]


def test_the_first_free_devices_are_taken_in_order() -> None:
    assert chosen(FOUR, request(count=2), taken=frozenset({(DRIVER, "node-0", "gpu-0")})) == [
        "gpu-1",
        "gpu-2",
    ]


def test_devices_that_must_match_are_searched_for() -> None:
    constraint = {"requests": ["gpu"], "matchAttribute": f"{DRIVER}/numa"}
    taken = frozenset({(DRIVER, "node-0", "gpu-1")})
    assert chosen(FOUR, request(count=2), taken=taken, constraints=[constraint]) == ["gpu-2", "gpu-3"]


def test_all_means_all_or_nothing() -> None:
    assert len(chosen(FOUR, request(allocationMode="All"))) == 4
    with pytest.raises(CannotAllocate, match="wants all of class gpu: 4 match, 3 are free"):
        chosen(FOUR, request(allocationMode="All"), taken=frozenset({(DRIVER, "node-0", "gpu-0")}))


def test_a_lack_of_devices_is_told_in_numbers() -> None:
    with pytest.raises(CannotAllocate, match="request gpu wants 5 of class gpu: 4 match, 4 are free"):
        chosen(FOUR, request(count=5))


def test_the_first_alternative_that_fits_is_taken() -> None:
    subrequests = [
        {"name": "many", "deviceClassName": "gpu", "count": 9},
        {"name": "few", "deviceClassName": "gpu", "count": 1},
    ]
    spec = {"devices": {"requests": [{"name": "gpu", "firstAvailable": subrequests}]}}
    found = allocate(
        spec, classes=CLASSES, offers=offers_of(FOUR, "node-0"), taken=frozenset(), node="node-0"
    )
    assert [result["request"] for result in found["devices"]["results"]] == ["gpu/few"]


def test_an_incomplete_pool_offers_nothing() -> None:
    assert offers_of([slice_of(device("a"), count=2)], "node-0") == []


def test_only_the_newest_generation_counts() -> None:
    slices = [slice_of(device("old"), name="a"), slice_of(device("new"), generation=2, name="b")]
    assert [offer.id[2] for offer in offers_of(slices, "node-0")] == ["new"]


def test_tainted_devices_need_a_toleration() -> None:
    slices = [slice_of({**device("sick"), "taints": [{"key": "k", "effect": "NoSchedule"}]})]
    with pytest.raises(CannotAllocate, match="1 match, 0 are free"):
        chosen(slices, request())
    assert chosen(slices, request(tolerations=[{"key": "k", "operator": "Exists"}])) == ["sick"]


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ('device.driver == "gpu.example.com"', True),
        ('device.attributes["gpu.example.com"].model == "B200"', True),
        ('device.attributes["gpu.example.com"].numa > 0', False),
        ('"x" in device.attributes["other.example.com"]', False),
        ('device.capacity["gpu.example.com"].memory.compareTo(quantity("40Gi")) > 0', True),
        ('device.capacity["gpu.example.com"].memory == quantity("81920Mi")', True),
        ('device.capacity["gpu.example.com"].memory.isLessThan(quantity("1Ti"))', True),
        ('device.attributes["gpu.example.com"].?missing.orValue("x") == "x"', True),
    ],
)
def test_selectors_see_the_device_as_kubernetes_shows_it(expression: str, selected: bool) -> None:
    assert matches(expression, DRIVER, device("d", model="B200", numa=0)) is selected


@pytest.mark.parametrize(
    "expression", ["device.driver ==", 'device.attributes["gpu.example.com"].nope', '"text"']
)
def test_expressions_that_fail_are_told(expression: str) -> None:
    with pytest.raises(SelectorError, match="selector"):
        matches(expression, DRIVER, device("d"))


VERSIONS = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0", "1.0.1", "1.10.0", "2.0.0"]


@given(st.integers(0, len(VERSIONS) - 1), st.integers(0, len(VERSIONS) - 1))
def test_versions_are_ordered_as_semver_says(left: int, right: int) -> None:
    assert compare(semver(VERSIONS[left]), semver(VERSIONS[right])) == (left > right) - (left < right)
