"""Feature gates as they are written on the command line."""

import pytest

from dra_driver.errors import ConfigError
from dra_driver.features import GATES, Features, parse, parse_shares


def test_what_is_not_named_has_its_default() -> None:
    assert parse("") == Features()
    assert parse("DynamicMIG=true, StaticMIG=False") == Features(dynamic_mig=True, static_mig=False)


def test_all_of_them_can_be_combined() -> None:
    everything = parse(",".join(f"{gate}=true" for gate in GATES))
    assert all(getattr(everything, member) for member in GATES.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Dynamic=true", "unknown gate 'Dynamic'; there are ConsumableShares, DeviceMetadata"),
        ("DynamicMIG", "DynamicMIG has the value ''; wanted DynamicMIG=true or DynamicMIG=false"),
        ("DynamicMIG=1", "has the value '1'"),
    ],
)
def test_a_wrong_gate_is_a_usage_error(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text)


@pytest.mark.parametrize("value", ["", "some", "0", "-1", "1001", "1.5", "²"])
def test_a_wrong_number_of_shares_is_a_usage_error(value: str) -> None:
    with pytest.raises(ConfigError, match="wanted memory, unlimited, or a number of shares"):
        parse_shares(value)
