"""Rules on entries in the status of claims."""

import pytest

from dra_conformance.rules import device_status as rules

KEY = {"driver": "x.example.com", "pool": "p", "device": "d"}
READY = {"type": "Ready", "status": "True", "reason": "Fine", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def test_an_entry_needs_its_allocation_with_its_share() -> None:
    assert list(rules.unallocated([KEY], [KEY])) == []
    assert list(rules.unallocated([KEY], [{**KEY, "shareID": "s"}])) == ["x.example.com/p/d/"]


def test_data_is_an_object_of_10_kib() -> None:
    assert list(rules.odd_data([KEY, {**KEY, "data": {"a": "x" * 10_000}}])) == []
    assert list(rules.odd_data([{**KEY, "data": {"a": "x" * 10_240}}]))
    assert list(rules.odd_data([{**KEY, "data": "text"}]))


def test_conditions_are_complete_and_of_different_types() -> None:
    assert list(rules.odd_conditions([{**KEY, "conditions": [READY]}])) == []
    for wrong in (
        [READY, READY],
        [{**READY, "status": "yes"}],
        [{**READY, "reason": ""}],
        [{**READY, "type": f"T{number}"} for number in range(9)],
    ):
        assert list(rules.odd_conditions([{**KEY, "conditions": wrong}])), wrong


@pytest.mark.parametrize("ip", ["10.0.0.1", "10.0.0.1/33", "2001:DB8::1/64", "x"])
def test_addresses_are_in_canonical_cidr_notation(ip: str) -> None:
    good = {"interfaceName": "eth0", "ips": ["10.0.0.1/24", "2001:db8::1/64"]}
    assert list(rules.odd_network([{**KEY, "networkData": good}])) == []
    assert list(rules.odd_network([{**KEY, "networkData": {**good, "ips": [ip]}}]))


def test_names_and_numbers_of_network_data_have_limits() -> None:
    for data in (
        {"interfaceName": "e" * 257},
        {"hardwareAddress": "a" * 129},
        {"ips": ["10.0.0.1/24"] * 2},
        {"ips": [f"10.0.0.{number}/24" for number in range(17)]},
    ):
        assert list(rules.odd_network([{**KEY, "networkData": data}])), data
