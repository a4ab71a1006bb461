"""The verdict on a driver, and the requirements that it rests on."""

from typing import Any

import pytest

from dra_conformance.catalogue import load_catalogue, one
from dra_conformance.errors import UsageError
from dra_conformance.profiles import check_profile, exit_code, judge_profile, judge_profiles, profiles_of
from dra_conformance.verdict import Judgement


def judged(**verdicts: str) -> list[Judgement]:
    """Judgements by id, as REG_003="fail"; the rest of the catalogue passes."""
    given = {name.replace("_", "-"): verdict for name, verdict in verdicts.items()}
    return [
        Judgement(requirement=requirement, verdict=cast(given.get(requirement.id, "pass")), reason="")
        for requirement in load_catalogue().values()
    ]


def cast(verdict: str) -> Any:
    return verdict


@pytest.mark.parametrize(
    ("requirement_id", "wanted"),
    [
        ("REG-003", ("core", "robust")),  # upstream states it
        ("IDEM-003", ("robust",)),  # it follows from how Kubernetes behaves
        ("ADM-003", ("core", "robust", "DRAAdminAccess")),
        ("REG-005", ()),  # a SHOULD
        ("API-001", ()),  # on the cluster
    ],
)
def test_what_decides_a_profile(requirement_id: str, wanted: tuple[str, ...]) -> None:
    assert profiles_of(one(requirement_id)) == wanted


@pytest.mark.parametrize(
    ("verdicts", "core", "robust"),
    [
        ({}, "conformant", "robust"),
        ({"REG_003": "fail"}, "not conformant", "not robust"),
        ({"IDEM_003": "fail"}, "conformant", "not robust"),
        ({"REG_005": "non-strict"}, "conformant", "robust"),
        ({"API_001": "fail"}, "conformant", "robust"),
        ({"REG_003": "error"}, "incomplete", "incomplete"),
        ({"REG_003": "disabled"}, "incomplete", "incomplete"),
        ({"REG_003": "not-covered"}, "conformant", "robust"),
        ({"REG_003": "exempt"}, "conformant with exemptions", "robust"),
        ({"REG_003": "exempt", "REG_001": "fail"}, "not conformant", "not robust"),
    ],
)
def test_only_a_core_must_makes_a_driver_not_conformant(
    verdicts: dict[str, str], core: str, robust: str
) -> None:
    judgements = judged(**verdicts)
    assert judge_profile("core", judgements).result == core
    assert judge_profile("robust", judgements).result == (
        "conformant with exemptions" if core == "conformant with exemptions" else robust
    )


def test_each_claimed_feature_is_a_profile() -> None:
    found = judge_profiles(judged(ADM_003="fail"), ["DRAAdminAccess", "NoSuchGate"])
    assert [(profile.name, profile.failed) for profile in found] == [
        ("core", ("ADM-003",)),
        ("robust", ("ADM-003",)),
        ("DRAAdminAccess", ("ADM-003",)),
    ]


@pytest.mark.parametrize(
    ("verdicts", "profile", "code"),
    [
        ({}, "core", 0),
        ({"REG_003": "fail"}, "core", 1),
        ({"IDEM_003": "fail"}, "core", 0),
        ({"IDEM_003": "fail"}, "robust", 1),
        ({"REG_003": "fail", "REG_001": "error"}, "core", 1),
        ({"REG_005": "blocked"}, "core", 3),
        ({"REG_005": "error"}, "core", 3),
        ({"API_001": "fail"}, "core", 3),  # the cluster is no Kubernetes, so nothing is known of the driver
    ],
)
def test_the_exit_code_is_that_of_the_profile(verdicts: dict[str, str], profile: str, code: int) -> None:
    judgements = judged(**verdicts)
    assert exit_code(judgements, judge_profile(profile, judgements)) == code


def test_a_feature_of_which_nothing_is_proven_is_incomplete() -> None:
    judgements = judged(**{f"ADM_{number:03}": "not-covered" for number in range(1, 20)})
    assert judge_profile("DRAAdminAccess", judgements).result == "incomplete"


def test_a_profile_that_cannot_be_used_is_refused() -> None:
    check_profile("DRAAdminAccess", ["DRAAdminAccess"])
    with pytest.raises(UsageError, match="wanted one of core, robust, ComputeDomains, DRAAdminAccess"):
        check_profile("strict", [])
    with pytest.raises(UsageError, match="does not claim this feature"):
        check_profile("DRAAdminAccess", [])


def test_every_inferred_must_has_its_argument() -> None:
    missing = [
        requirement.id
        for requirement in load_catalogue().values()
        if requirement.level == "MUST" and requirement.basis != "stated" and not requirement.argument
    ]
    assert missing == []
