"""Which selectors the API server accepts, compared with answers that were recorded from real ones.

``selector_expressions.json`` has 364 expressions. ``refused`` is the message of the cause with which a real kube-apiserver
refused a DeviceClass with that selector (dry run, default gates), or null if it accepted it. 1.36.3 and 1.37.2 answered the
same; ``refused_1_34`` is there where 1.34.4 differed, because it has no lists extension for new expressions and the gate
DRAConsumableCapacity is off by default.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from dra_api.objects import Device
from kube_emulator.apiserver.cel.device_selector import check_expression, matches
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_34, Release

Row = dict[str, Any]
ROWS: list[Row] = json.loads((Path(__file__).parent / "selector_expressions.json").read_text())
DIFFERS = '"abc".find("[") == "b"'
"""The one that differs: upstream compiles the literal patterns of ``find`` when it checks an expression."""


def recorded(row: Row, release: str) -> str | None:
    """The recorded refusal without the prefix that the API adds."""
    text: str | None = row.get(f"refused_{release.replace('.', '_')}", row["refused"])
    shown = json.dumps(row["expression"], ensure_ascii=False)
    return text and text.partition(": ")[2].removeprefix(f"{shown}: ")


@pytest.mark.parametrize("release", ["1.34", "1.36", "1.37"])
def test_every_expression_is_accepted_or_refused_as_by_the_real_api_server(release: str) -> None:
    different = []
    for row in ROWS:
        [*found] = check_expression(
            row["expression"], gates=gates_of(Release.parse(release)), release=Release.parse(release)
        )
        if found != [*filter(None, [recorded(row, release)])]:
            different.append((row["expression"], recorded(row, release), found))
    assert [expression for expression, *_ in different] == [DIFFERS], different


def test_a_stored_expression_can_use_functions_that_a_new_one_cannot_use_yet() -> None:
    expression = "[2, 1].sort() == [1, 2]"
    assert "undeclared reference to 'sort'" in check_expression(expression, release=V1_34)[0]
    assert matches(expression, "dra.example.com", {"name": "d"})


@pytest.mark.parametrize(
    "expression",
    [
        "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [5].transformList(i, v, v + i) == [5]",
        "{'a': 1}.transformMapEntry(k, v, {v: k}) == {1: 'a'} && [1, 2].existsOne(i, v, i == v - 1) == false",
        "[[1], [2]].flatten() == [1, 2] && [1, 1].distinct() == [1] && lists.range(2).reverse() == [1, 0]",
        "[3, 1].sortBy(e, -e) == [3, 1] && [1, 2, 3].slice(1, 2) == [2] && [1].first().value() == 1",
        "[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && 'abb'.indexOf('b') == 1",
        "string(ip('10.0.0.1')) == '10.0.0.1' && string(cidr('10.0.0.0/8')) == '10.0.0.0/8' && string(1) == '1'",
        "[duration('1s'), duration('2s')].sum() == duration('3s') && 'abb'.lastIndexOf('b') == 2",
        "!format.dns1123Label().validate('a').hasValue() && format.dns1123Label().validate('A').hasValue()",
        "format.named('uuid').value().validate('x').value() == ['does not match the UUID format']",
        "!format.named('nope').hasValue() && format.uri() == format.uri() && !(format.uri() == format.byte())",
        "device.attributes[?'unknown'].hasValue() && has(device.attributes.unknown)",
        "!device.attributes['unknown'].?x.hasValue() && !('unknown' in device.attributes)",
        "device.attributes.all(domain, names, names.all(n, v, v == 1))",
    ],
)
def test_functions_return_what_they_return_in_kubernetes(expression: str) -> None:
    device: Device = {"name": "d", "attributes": {"a": {"int": 1}}}
    assert matches(expression, "dra.example.com", device)
