"""Quantities in the canonical form of the API server; the pairs were recorded from kube-apiserver 1.36.3."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_emulator.apiserver.schema.quantity import canonical, value_of, whole

PAIRS = (
    ("0", "0"),
    ("0.5", "500m"),
    ("1024Mi", "1Gi"),
    ("1.5Gi", "1536Mi"),
    ("1e3", "1e3"),
    ("1000", "1k"),
    ("1000k", "1M"),
    ("0.1", "100m"),
    ("100m", "100m"),
    ("1001m", "1001m"),
    ("1Ki", "1Ki"),
    ("1000Ki", "1000Ki"),
    ("1.25Ki", "1280"),
    ("0.0000000001", "1n"),
    ("12e6", "12e6"),
    ("-1", "-1"),
    (".5", "500m"),
    ("0Ki", "0"),
    ("1023", "1023"),
    ("0.5Ki", "512"),
    ("1.5Ki", "1536"),
    ("0.3Ki", "307200m"),
    ("9223372036854775807", "9223372036854775807"),
    ("123456789.123456789m", "123456789123457n"),
    ("1e-3", "1e-3"),
    ("1000000Ki", "1000000Ki"),
    ("100000000Mi", "100000000Mi"),
    ("1e18", "1e18"),
    ("10E", "10E"),
    ("8Ei", "9223372036854775807"),
    ("16Ei", "9223372036854775807"),
    ("1n", "1n"),
    ("0.1n", "1n"),
    ("1500u", "1500u"),
    ("1024", "1024"),
    ("2048Ki", "2Mi"),
    ("0.001Mi", "1048576m"),
    ("1.1Gi", "1181116006400m"),
    ("-1.5Ki", "-1536"),
    ("1e1", "10"),
    ("150e1", "1500"),
    ("15e2", "1500"),
    ("1.5e3", "1500"),
    ("1e10", "10e9"),
    ("3e-3", "3e-3"),
    ("1000m", "1"),
    ("2000000u", "2"),
    ("0.25", "250m"),
    ("12345678901234", "12345678901234"),
    ("1E", "1E"),
)
KEPT = ("688.517", "5.u", "+5", "-5E18", "983.848e0", "12000Ki", "9223372036854775807")
"""Texts that ParseQuantity of apimachinery v0.36.3 keeps, though they are not canonical."""
CAPPED = {
    "61969.6Pi": "9223372036854775807",
    "61330Pi": "9223372036854775807",
    "-490362985Pi": "-9223372036854775807",
    "16E": "16E",
}
"""What ParseQuantity of apimachinery v0.36.3 makes of large numbers: only binary ones have a limit."""
SUFFIXES = ("", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e6")


@pytest.mark.parametrize(("sent", "received"), PAIRS)
def test_a_quantity_has_the_canonical_form_of_the_real_server(sent: str, received: str) -> None:
    assert canonical(sent) == received


@pytest.mark.parametrize("text", KEPT)
def test_a_text_that_is_near_enough_to_canonical_is_kept(text: str) -> None:
    assert canonical(text) == text


@pytest.mark.parametrize(("sent", "stored"), CAPPED.items())
def test_a_binary_quantity_stops_at_the_largest_int64(sent: str, stored: str) -> None:
    assert canonical(sent) == stored


@given(st.integers(-(10**6), 10**6), st.sampled_from(SUFFIXES))
def test_the_canonical_form_has_the_same_value_and_is_canonical_itself(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert value_of(canonical(text)) == value_of(text)
    assert canonical(canonical(text)) == canonical(text)


def test_whole_numbers_are_rounded_up() -> None:
    assert [whole("100m"), whole("1001m"), whole("-1500m")] == [1, 2, -1]
    assert value_of("0.1n") == Fraction(1, 10**9)


def test_a_malformed_quantity_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        value_of("80 GB")
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        canonical("80 GB")
