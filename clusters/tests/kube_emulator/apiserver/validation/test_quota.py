"""What a ResourceQuota counts and refuses; ``dra-cluster check --select quotas`` compares with kube-apiserver 1.37.2."""

from typing import Any

import pytest

from kube_emulator.apiserver.validation.quota import CLAIMS, DEVICES, complaint, status_of, usage_of

GOLD, SILVER = f"gold{DEVICES}", f"silver{DEVICES}"


def claim(*requests: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"devices": {"requests": list(requests)}}}


def exactly(name: str, count: int) -> dict[str, Any]:
    return {"exactly": {"deviceClassName": name, "allocationMode": "ExactCount", "count": count}}


def quota(hard: dict[str, str], *, in_force: bool = True, **spec: Any) -> dict[str, Any]:
    status = {"hard": hard} if in_force else {}
    return {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}, "status": status}


def test_the_requests_of_a_claim_are_added_by_class() -> None:
    used = usage_of(claim(exactly("gold", 2), exactly("silver", 1), exactly("gold", 3)))
    assert used == {CLAIMS: 1, GOLD: 5, SILVER: 1}


def test_a_prioritized_list_counts_the_most_of_each_class_beside_other_requests() -> None:
    choices = [exactly(name, count)["exactly"] for name, count in (("gold", 1), ("gold", 4), ("silver", 2))]
    assert usage_of(claim({"firstAvailable": choices}, exactly("gold", 1))) == {CLAIMS: 1, GOLD: 5, SILVER: 2}


def test_an_unknown_allocation_mode_counts_no_devices() -> None:
    request = {"exactly": {"deviceClassName": "gold", "allocationMode": "Later", "count": 9}}
    assert usage_of(claim(request)) == {CLAIMS: 1}


def test_a_claim_without_devices_counts_as_a_claim() -> None:
    assert usage_of({"spec": {}}) == {CLAIMS: 1}


def test_a_refusal_names_all_that_is_exceeded_and_nothing_else() -> None:
    held = [claim(exactly("gold", 1))]
    why = complaint(
        quota({CLAIMS: "1", GOLD: "1", SILVER: "9"}), claim(exactly("gold", 1), exactly("silver", 1)), held
    )
    assert why == (
        f"exceeded quota: q, requested: {CLAIMS}=1,{GOLD}=1, used: {CLAIMS}=1,{GOLD}=1, limited: {CLAIMS}=1,{GOLD}=1"
    )


@pytest.mark.parametrize(
    "other",
    [quota({GOLD: "0"}, in_force=False), quota({GOLD: "0"}, scopes=["Terminating"]), quota({SILVER: "0"})],
    ids=["not in force yet", "for a scope of pods", "for another class"],
)
def test_a_quota_that_is_not_for_the_claim_refuses_nothing(other: dict[str, Any]) -> None:
    assert complaint(quota({GOLD: "0"}), claim(exactly("gold", 1)), []) != ""
    assert complaint(other, claim(exactly("gold", 1)), []) == ""


def test_the_status_has_every_limit_and_the_use_of_what_is_counted() -> None:
    hard = {CLAIMS: "2k", GOLD: "9", "pods": "4"}
    status = status_of(quota(hard), [claim(exactly("gold", 1000))] * 1000)
    assert status == {"hard": hard, "used": {CLAIMS: "1k", GOLD: "1M"}}
