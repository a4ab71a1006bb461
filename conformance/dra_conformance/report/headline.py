"""Pure: the verdict on a driver in one line, for terminal, page and badge."""

from dra_conformance.profiles import CORE, Profile
from dra_conformance.report.model import Report


def headline(report: Report) -> str:
    """The verdict by the profile of the run and by core, with the versions that it holds for."""
    chosen = next(one for one in report.profiles if one.name == report.profile)
    others = [one for one in report.profiles if one.name == CORE and one is not chosen]
    verdicts = "; ".join(sentence(one) for one in (chosen, *others))
    suite = report.suite
    return (
        f"{report.subject.driver} is {verdicts}. "
        f"Kubernetes {report.environment.kubernetes}, {suite.name} {suite.version}"
        + (", interrupted" if suite.interrupted else "")
    )


def sentence(profile: Profile) -> str:
    """The verdict by one profile, with what it rests on."""
    parts = [f"{profile.proven} of {profile.total} MUSTs pass"]
    counts = {
        "fail": profile.failed,
        "could not be judged": profile.unjudged,
        "not run": profile.not_selected,
        "exempt": profile.exempt,
        "without a check": profile.not_covered,
    }
    parts += [f"{len(ids)} {what}" for what, ids in counts.items() if ids]
    return f"{profile.result} by profile {profile.name} ({', '.join(parts)})"
