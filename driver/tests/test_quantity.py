"""Quantities of ``dra_api``."""

import pytest

from dra_api.quantity import of_bytes, of_count, parse


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (1024, "1Ki"), (80 << 30, "80Gi"), (1500, "1500")])
def test_bytes_are_printed_canonically(count: int, text: str) -> None:
    assert of_bytes(count) == text
    assert parse(text) == count


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (148, "148"), (2000, "2k"), (956_250_000_000, "956250M"), (10**21, "1000E")]
)
def test_counts_are_printed_canonically(count: int, text: str) -> None:
    assert of_count(count) == text
    assert parse(text) == count


def test_text_that_is_no_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        parse("1 GB")


@pytest.mark.parametrize(
    ("first", "second"), [("1k", "1000"), ("1e3", "1000"), ("500m", "0.5"), ("1Ki", "1024")]
)
def test_quantities_of_one_value_are_equal(first: str, second: str) -> None:
    assert parse(first) == parse(second)
