"""CEL in device selectors (after dynamic-resource-allocation cel/compile_test.go, 1.36)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_api.objects import AttributeValue, Device
from kube_emulator.apiserver.cel.device_selector import (
    STORED_LISTS,
    SelectorError,
    check_expression,
    compiled,
    matches,
    selects,
    view,
)
from kube_emulator.apiserver.cel.values import Semver

DRIVER = "dra.example.com"
OURS = f'device.attributes["{DRIVER}"]'
SIZE = f'device.capacity["{DRIVER}"]'
LISTS = frozenset({"DRAConsumableCapacity", "DRAListTypeAttributes"})
TEN = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
EXPENSIVE = "".join(f"{TEN}.all({x}, " for x in ("x", "y", "z", "z2", "z3", "z4", "z5"))
EXPENSIVE += "int('1'.find('[0-9]*')) < 100" + ")" * 7
DEVICE: Device = {
    "name": "d",
    "attributes": {
        "name": {"string": "fish"},
        "release": {"version": "1.2.3"},
        "count": {"int": 2},
        "yes": {"bool": True},
        "other.example.com/x": {"int": 3},
    },
    "capacity": {"memory": {"value": "80Gi"}},
}


@pytest.mark.parametrize(
    ("expression", "cost"),
    [
        ('device.driver == ""', 2),
        (f'device.driver == "{DRIVER}"', 4),
        ('"dom" in device.attributes', 3),
        (f"{OURS}.name", 4),
        (f'{OURS}["name"]', 4),
        (f"{OURS}.name > 0", 5),
        (f'{OURS}.name == "fish"', 5),
        (f'cel.bind(dra, device.attributes["{DRIVER}"], dra.name)', 15),
        (f'{OURS}.name.isGreaterThan(semver("0.0.1"))', 6),
        (f'{SIZE}.name.isGreaterThan(quantity("1Ki"))', 6),
        (f'{OURS}.name.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)', 7),
        (f'"name" in {SIZE} && {SIZE}.name.isGreaterThan(quantity("1Ki"))', 10),
        (f'!("name" in {SIZE}) || {SIZE}.name.isGreaterThan(quantity("1Ki"))', 11),
        (f'{OURS}.services.matches("[^a]?sym")', 18),
        (f'{OURS}.services.split("example").size() >= 2', 19),
        (f'{OURS}.exists_one(x, x == "services")', 133),
        (f'{SIZE}.exists_one(x, x == "memory")', 133),
        ('device.attributes.exists_one(x, x == "dra.example.com")', 164),
        ('device.capacity.exists_one(x, x == "dra.example.com")', 164),
        ("device.allowMultipleAllocations == true", 3),
        (f"{OURS}.a && {OURS}.b && {OURS}.c", 12),
        (EXPENSIVE, 85_555_551),
    ],
)
def test_the_cost_estimate_equals_that_of_the_api_server(expression: str, cost: int) -> None:
    assert compiled(expression).cost == cost


@pytest.mark.parametrize(
    ("expression", "cost"),
    [
        (f"{OURS}.name.includes(true)", 52),
        (f'{OURS}.name.includes(semver("1.0.0"))', 53),
        (f"1 in {OURS}.names", 68),
        (f"{OURS}.names.size() == 2", 6),
        (f"{OURS}.names.exists(x, x > 0)", 5 + 6 * 64),
        (f'{OURS}.names.all(x, x != "")', 5 + 4 * 64),
        (f'{OURS}.names.all(x, x.isGreaterThan(semver("0.0.1")))', 5 + 6 * 64),
    ],
)
def test_the_cost_estimate_with_list_attributes_equals_that_of_the_api_server(
    expression: str, cost: int
) -> None:
    assert compiled(expression, STORED_LISTS).cost == cost


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("?!", "compilation failed: ERROR: <input>:1:1: Syntax error"),
        ("1", "must evaluate to bool or the unknown type, not int"),
        ("device.driver", "must evaluate to bool or the unknown type, not string"),
        (
            'device.attributes["a"]',
            r"must evaluate to bool or the unknown type, not map\(string, google.protobuf.Any\)",
        ),
        ("device.nope", "compilation failed: ERROR: <input>:1:7: undefined field 'nope'"),
        (f"{OURS}.name.includes(1)", "undeclared reference to 'includes'"),
        (f"{OURS}.names.exists(x, x > 0)", "expression of type 'any' cannot be range of a comprehension"),
        (f"{SIZE}.memory > 3", "found no matching overload"),
        ("x" * 10_241, "Too long: may not be more than 10240 bytes"),
        (EXPENSIVE, "too complex, exceeds cost limit$"),
    ],
)
def test_a_new_selector_is_refused_with_the_message_of_the_api_server(expression: str, problem: str) -> None:
    [found] = check_expression(expression)
    assert re.search(problem, found), found


def test_feature_gates_decide_which_selectors_compile() -> None:
    assert check_expression(f'{OURS}.names.includes("x")', gates=LISTS) == []
    assert check_expression("device.allowMultipleAllocations") == []
    [problem] = check_expression("device.allowMultipleAllocations", gates=())
    assert "undefined field 'allowMultipleAllocations'" in problem


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        (f'device.driver == "{DRIVER}"', True),
        (f'"{DRIVER}" in device.attributes', True),
        ('"no-such-domain" in device.attributes', False),
        ('has(device.attributes["no-such-domain"].x)', False),
        ('has(device.attributes["other.example.com"].x)', True),
        ("has(device.driver)", True),
        ('device.attributes["no-such-domain"].?x.orValue(true)', True),
        ('cel.bind(all, device.attributes, all["nope"].?x.orValue(true))', True),
        ('device.attributes["other.example.com"].x == 3', True),
        (f"{OURS}.yes", True),
        (f"{OURS}.count > 1.5", True),
        (f'{OURS}.name.matches("^f.*h$")', True),
        (f'{OURS}.release.isLessThan(semver("1.10.0"))', True),
        (f'{OURS}.release == semver("1.2.3+build")', True),
        (f"{OURS}.release.major() == 1 && {OURS}.release.patch() == 3", True),
        (f'{SIZE}.memory == quantity("81920Mi")', True),
        (f'{SIZE}.memory.add(quantity("1Gi")).compareTo(quantity("81Gi")) == 0', True),
        (f'{SIZE}.memory.sub(quantity("79Gi")).asInteger() == 1073741824', True),
        (f"{SIZE}.memory.isInteger() && sign({SIZE}.memory) == 1", True),
        ('isQuantity("1.5Gi") && !isQuantity("1.5Gx")', True),
        ('isSemver("v1.0", true) && !isSemver("v1.0")', True),
        ("!device.allowMultipleAllocations", True),
    ],
)
def test_a_selector_evaluates_to_what_it_does_in_kubernetes(expression: str, selected: bool) -> None:
    assert matches(expression, DRIVER, DEVICE) is selected


@pytest.mark.parametrize(
    "expression",
    [
        "[1, 2].isSorted() && [1, 2].sum() == 3 && [1, 2].max() == 2",
        '"abc".find("b.") == "bc" && "a1b2".findAll("[0-9]") == ["1", "2"]',
        '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab".find("^(a+)+$") == ""',
        '"baac".findAll("a*") == ["", "aa", ""]',
        "sets.contains([1, 2], [1]) && sets.equivalent([1], [1, 1]) && !sets.intersects([1], [2])",
        'ip("10.0.0.1").family() == 4 && isIP("::1") && !isIP("x") && ip("127.0.0.1").isLoopback()',
        'cidr("10.0.0.0/8").containsIP("10.1.1.1") && cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")',
        'url("https://x:80/a?b=c").getHost() == "x:80" && url("/a").getScheme() == ""',
        '"A-B".lowerAscii().split("-") == ["a", "b"] && "%d".format([1]) == "1"',
    ],
)
def test_the_functions_of_kubernetes_and_cel_go_are_available(expression: str) -> None:
    assert matches(expression, DRIVER, DEVICE)


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ('device.attributes["no-such-domain"].x', "no such key: x"),
        (f"{OURS}.missing", "no such key: missing"),
        (f"{OURS}.name", "CEL result of type string could not be converted to bool"),
        (f'{OURS}.name.isGreaterThan(semver("1.0.0"))', "no such overload"),
        (f'{OURS}.release.isGreaterThan(semver("nope"))', "'nope' is not a semantic version"),
        (EXPENSIVE, "actual cost limit exceeded"),
        ("1 / 0 == 1", "divide by zero"),
    ],
)
def test_a_selector_that_fails_on_a_device_reports_why(expression: str, error: str) -> None:
    with pytest.raises(SelectorError, match=error):
        matches(expression, DRIVER, DEVICE)


@pytest.mark.parametrize(
    ("values", "expression", "selected"),
    [
        ({"strings": ["a", "b"]}, 'includes("b")', True),
        ({"string": "b"}, 'includes("b")', True),
        ({"ints": [1, 2]}, "includes(3)", False),
        ({"bools": [True]}, "includes(1)", False),
        ({"versions": ["1.0.0", "2.0.0"]}, 'includes(semver("2.0.0"))', True),
        ({"ints": [1, 2]}, "exists(x, x > 1)", True),
    ],
)
def test_selectors_can_use_list_attributes(values: AttributeValue, expression: str, selected: bool) -> None:
    device = view(DRIVER, {"name": "d", "attributes": {"l": values}})
    assert selects(f"{OURS}.l.{expression}", device, lists=True) is selected


def test_includes_refuses_a_list_that_is_too_long() -> None:
    device = view(DRIVER, {"name": "d", "attributes": {"l": {"ints": list(range(49))}}})
    with pytest.raises(SelectorError, match="cannot be applied to lists longer than 48 values"):
        selects(f"{OURS}.l.includes(99)", device, lists=True)


def test_a_list_attribute_without_its_gate_disturbs_no_other_selector() -> None:
    """It may have been written when the gate was on."""
    device: Device = {"name": "d", "attributes": {"l": {"ints": [1]}, "n": {"int": 2}}}
    assert matches(f"{OURS}.n == 2", DRIVER, device)


def test_an_attribute_of_an_unknown_type_is_an_unsupported_value() -> None:
    with pytest.raises(SelectorError, match="attribute l: unsupported attribute value"):
        matches("true", DRIVER, {"name": "d", "attributes": {"l": {}}})


VERSIONS = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0", "1.0.1", "1.10.0", "2.0.0"]


@given(st.integers(0, len(VERSIONS) - 1), st.integers(0, len(VERSIONS) - 1))
def test_versions_are_ordered_as_semantic_versioning_defines(left: int, right: int) -> None:
    assert (Semver.of(VERSIONS[left]) < Semver.of(VERSIONS[right])) == (left < right)
