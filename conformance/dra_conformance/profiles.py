"""Pure: which requirements a verdict on a driver rests on, and what the verdict is.

*core* has the MUSTs that upstream states, of the core and of the features that the driver claims: only a failed one makes
a driver "not conformant". *robust* adds the MUSTs that follow from how Kubernetes behaves, each with its argument in
the catalogue. Each claimed feature is a profile of its own, with the stated MUSTs of that feature (of a feature of our own
requirements with all of its MUSTs), and so is each namespace of a third party.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import msgspec

from dra_conformance.catalogue import OWN, Requirement, load_catalogue
from dra_conformance.errors import UsageError
from dra_conformance.verdict import Judgement

CORE, ROBUST = "core", "robust"
Result = Literal[
    "conformant", "conformant with exemptions", "not conformant", "robust", "not robust", "incomplete"
]


class Profile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The verdict on a driver by one profile.

    Attributes:
        total: MUSTs of the profile that concern this driver.
        proven: how many of them pass.
        failed: ids.
        unjudged: ids that the harness could not judge, or that were blocked by another failure.
        not_selected: ids that were not run.
        not_covered: ids without a check; they do not change the result.
        exempt: ids of failures that the vendor accepted until a date.
    """

    name: str
    result: Result
    total: int
    proven: int
    failed: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    not_selected: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()


def profiles_of(requirement: Requirement) -> tuple[str, ...]:
    """The profiles that a requirement decides; none for a SHOULD, a MAY, and what a cluster must do."""
    if requirement.section != "driver" or requirement.level != "MUST":
        return ()
    if requirement.namespace in OWN:
        return (requirement.feature,)
    if requirement.namespace:
        return (requirement.namespace,)
    if requirement.basis != "stated":
        return (ROBUST,)
    return (CORE, ROBUST, *([requirement.feature] if requirement.feature != CORE else []))


def known_profiles() -> tuple[str, ...]:
    """All profiles that the catalogue has."""
    found = {name for requirement in load_catalogue().values() for name in profiles_of(requirement)}
    return (CORE, ROBUST, *sorted(found - {CORE, ROBUST}))


def check_profile(name: str, features: Collection[str]) -> None:
    """Refuse a profile by which a driver with FEATURES cannot be judged.

    Raises:
        UsageError: it is unknown, or a feature that the driver does not claim.
    """
    if name not in known_profiles():
        message = f"--profile {name!r}: wanted one of {', '.join(known_profiles())}"
        raise UsageError(message)
    if name not in (CORE, ROBUST, *features, *namespaces()):
        message = f"--profile {name}: the descriptor does not claim this feature; add it to its features"
        raise UsageError(message)


def namespaces() -> set[str]:
    """The namespaces of third parties, each of which is a profile that always applies."""
    return {requirement.namespace for requirement in load_catalogue().values()} - {"", *OWN}


def judge_profile(name: str, judgements: Iterable[Judgement]) -> Profile:
    """The verdict by the profile NAME."""
    mine = [
        one for one in judgements if name in profiles_of(one.requirement) and one.verdict != "not-applicable"
    ]

    def ids(*verdicts: str) -> tuple[str, ...]:
        return tuple(one.requirement.id for one in mine if one.verdict in verdicts)

    failed, unjudged = ids("fail"), ids("error", "blocked")
    missed, exempt = ids("disabled"), ids("exempt")
    proven = len(ids("pass"))
    return Profile(
        name=name,
        result=result_of(
            name, failed=bool(failed), incomplete=bool(unjudged or missed) or not proven, exempt=bool(exempt)
        ),
        total=len(mine),
        proven=proven,
        failed=failed,
        unjudged=unjudged,
        not_selected=missed,
        not_covered=ids("not-covered"),
        exempt=exempt,
    )


def result_of(name: str, *, failed: bool, incomplete: bool, exempt: bool) -> Result:
    """The words for a verdict; *robust* never says "not conformant", because upstream does not state its rules."""
    if failed:
        return "not robust" if name == ROBUST else "not conformant"
    if incomplete:
        return "incomplete"
    if exempt:
        return "conformant with exemptions"
    return "robust" if name == ROBUST else "conformant"


def judge_profiles(judgements: Sequence[Judgement], features: Collection[str]) -> tuple[Profile, ...]:
    """The verdicts by core, robust and each feature that the driver claims and the catalogue knows."""
    more = {*features, *namespaces()}
    names = [CORE, ROBUST, *(name for name in known_profiles() if name in more)]
    return tuple(judge_profile(name, judgements) for name in names)


def exit_code(judgements: Iterable[Judgement], profile: Profile) -> int:
    """0: no MUST of the profile failed; 1: some did; 3: something was not judged, or the cluster broke its own rules."""
    if profile.failed:
        return 1
    for one in judgements:
        if one.verdict in ("error", "blocked") or (
            one.verdict == "fail" and one.requirement.section == "cluster"
        ):
            return 3
    return 0
