"""Prints facts and verdicts, for people or as JSON for an issue."""

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence

from dra_clusters.doctor.facts import Facts, Verdict
from dra_clusters.doctor.probes import collect
from dra_clusters.doctor.verdicts import verdicts


def run_doctor(*, as_json: bool) -> int:
    """Print what was found; 0 if at least one provider is usable, else 1."""
    facts = collect()
    found = verdicts(facts)
    if as_json:
        rows = [dataclasses.asdict(verdict) for verdict in found]
        document = {"facts": dataclasses.asdict(facts), "providers": rows}
        sys.stdout.write(json.dumps(document, indent=1, default=sorted) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in (*fact_lines(facts), "", *verdict_lines(found))))
    return 0 if any(verdict.usable for verdict in found) else 1


def fact_lines(facts: Facts) -> Iterator[str]:
    """One line per fact."""
    answers = {True: "allowed", False: "not allowed", None: "unknown: there is no unshare"}
    yield from _row("python", facts.python)
    for name, version in facts.packages.items():
        yield from _row(name, version or "not installed")
    yield from _row("kernel", facts.kernel)
    yield from _row("cgroup", facts.cgroup)
    yield from _row("uid", str(facts.uid))
    yield from _row("user namespaces", answers[facts.user_namespaces])
    yield from _row("mount namespaces", answers[facts.mount_namespaces])
    for name, program in facts.programs.items():
        yield from _row(name, f"{program.version} ({program.path})" if program.path else "not on the PATH")
    for engine in facts.kind.engines:
        yield from _row(f"{engine.name} works", engine.problem or "yes")
    yield from _row("CAP_SYS_RESOURCE", "yes" if facts.kind.sys_resource else "no")
    reached = facts.cluster or facts.cluster_problem
    yield from _row("kubeconfig", f"{facts.kubeconfig}: {reached}" if facts.kubeconfig else "none")
    yield from _row("cache", f"{facts.cache}, {facts.cache_free_mb} MB free")
    for version, names in facts.built.items():
        yield from _row(f"  {version}", ", ".join(names) or "empty")
    assets = f"{facts.assets}: {', '.join(facts.assets_programs) or 'no program of a control plane'}"
    yield from _row("KUBEBUILDER_ASSETS", assets if facts.assets else "not set")


def verdict_lines(found: Sequence[Verdict]) -> Iterator[str]:
    """One line per provider."""
    for verdict in found:
        yield f"{verdict.provider}: {'usable' if verdict.usable else 'not usable'}: {verdict.detail}"


def _row(name: str, value: str) -> Iterator[str]:
    yield f"{name:20} {value}"
