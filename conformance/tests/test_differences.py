"""Values as text for people, and where they differ."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dra_conformance.differences import difference, lines, plain, sentence, text_of
from dra_conformance.expectations import Violation, expect


@dataclass
class Point:
    x: float


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1.23456, "1.235"),
        ({"b", "a"}, '["a", "b"]'),
        ((1, None), "[1, null]"),
        (Point(0.00049), '{"x": 0.0}'),
        ({Path("/a"): b"\x01"}, '{"/a": "01"}'),
        (None, "nothing"),
        (True, "true"),
        ("as it is", "as it is"),
    ],
)
def test_values_are_shown_as_json_and_not_as_python(value: Any, wanted: str) -> None:
    assert text_of(value) == wanted


def test_a_long_value_is_cut_and_says_how_long_it_was() -> None:
    assert text_of("x" * 30, 10) == "xxxxxxxxxx... (30 characters)"


@pytest.mark.parametrize(
    ("wanted", "found", "first"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, (".a[1].b", 2, 3)),
        ([1, 2], [1], ("", "2 items", "1 items")),
        ({"a": 1}, {}, (".a", 1, "nothing")),
        ({}, {"a": 1}, (".a", "nothing", 1)),
        ("x", "y", ("", "x", "y")),
    ],
)
def test_the_first_difference_is_found(wanted: Any, found: Any, first: tuple[str, Any, Any]) -> None:
    assert difference(wanted, found) == first


def test_a_violation_names_the_place_and_keeps_the_whole_values() -> None:
    wanted, found = ({"devices": [{"name": name}]} for name in ("gpu-0", "gpu-1"))
    with pytest.raises(Violation, match=r"^slice\.devices\[0\]\.name: wanted gpu-0; found gpu-1$") as caught:
        expect(False, wanted=wanted, found=found, where="slice")
    assert caught.value.wanted == '{"devices": [{"name": "gpu-0"}]}'


def test_prose_and_objects_are_not_compared() -> None:
    assert sentence("answer", "one device", []) == "answer: wanted one device; found []"
    assert lines("one device", "[]") == []


def test_a_diff_has_the_changed_lines_and_their_surroundings() -> None:
    one, other = text_of(list(range(20))), text_of([*range(10), 77, *range(11, 20)])
    assert [text for sign, text in lines(one, other) if sign in "+-" and sign] == [" 10,", " 77,"]
    assert len(lines(one, other)) == 7


def test_equal_values_have_no_diff() -> None:
    assert lines("[1]", "[1]") == []
    assert plain([1.0004]) == [1.0]
