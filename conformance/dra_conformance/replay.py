"""``dra-conformance replay BUNDLE#ID``: is a finding of an earlier run fixed?

The checks that condemned the requirement run again with the run's seed, machine, provider and release, so they send the
same calls in the same order. The driver is the one of the bundle's descriptor, or of another one.
"""

import tempfile
from pathlib import Path
from typing import Any

from dra_conformance.bundles.archive import read_bundle
from dra_conformance.bundles.verify import report_of
from dra_conformance.catalogue import one
from dra_conformance.errors import UsageError
from dra_conformance.run import RunOptions, run_quietly

BROKEN = ("fail", "non-strict", "info", "exempt")


def replay(target: str, descriptor: str) -> int:
    """Run the checks of one finding again; 0 if it is fixed, 1 if it still fails, 3 if that could not be judged.

    Raises:
        UsageError: TARGET is no finding of a bundle.
    """
    path, _, name = target.rpartition("#")
    if not path:
        message = f"{target!r}: wanted BUNDLE#ID, e.g. dra-report/bundle.tar.gz#REG-003"
        raise UsageError(message)
    requirement = one(name)
    bundle = read_bundle(Path(path))
    report = report_of(bundle)
    [before] = [row for row in report["requirements"] if row["id"] == requirement.id]
    if before["verdict"] not in BROKEN:
        message = f"{requirement.id} was {before['verdict']} in {path}; only a finding can be replayed"
        raise UsageError(message)
    with tempfile.TemporaryDirectory(prefix="dra-replay-") as scratch:
        folder = Path(scratch)
        (folder / "descriptor.yaml").write_bytes(bundle.files["descriptor.yaml"])
        options = options_of(
            report, requirement.id, descriptor or str(folder / "descriptor.yaml"), folder / "report"
        )
        after = {row.id: row for row in run_quietly(options).requirements}[requirement.id]
    print(f"before  {before['verdict']}: {before['reason']}")
    print(f"now     {after.verdict}{': ' if after.reason else ''}{after.reason}")
    if after.verdict == "pass":
        print(f"FIXED {requirement.id}")
        return 0
    if after.verdict in BROKEN:
        print(f"STILL FAILING {requirement.id}")
        return 1
    print(f"NOT JUDGED {requirement.id}")
    return 3


def options_of(report: dict[str, Any], requirement_id: str, descriptor: str, output: Path) -> RunOptions:
    """The options of the earlier run, for one requirement."""
    environment = report["environment"]
    in_cluster = "cluster" in report["suite"]["tier"]
    return RunOptions(
        descriptor=descriptor,
        machine=environment["machine"],
        provider="embedded" if in_cluster else environment["provider"],
        tier=report["suite"]["tier"],
        cluster=environment["provider"] if in_cluster else "",
        kubernetes=environment["kubernetes"],
        select=requirement_id,
        seed=report["suite"]["seed"],
        workers=1,
        output=output,
        as_json=True,
        command=("dra-conformance", "replay", requirement_id),
    )
