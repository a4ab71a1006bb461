"""The options of the pytest plugin, and what they choose."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dra_conformance.errors import UsageError

if TYPE_CHECKING:
    from dra_conformance.harness.factory import Environment
    from dra_conformance.harness.target import Target
    from dra_conformance.verdict import Tier

OPTION_MISSING = (
    "--dra-driver=DESCRIPTOR: a descriptor file, or one of control, dra-example-driver, nvidia-gpu, reference"
)
SUITE = Path(__file__).parent / "suite"
OUTPUT = "dra-report"
CLUSTERS = ("existing", "kind")
"""Of the command; pytest itself is given the cluster that runs, as ``existing``."""
LOGS = "logs"
"""Folder of the drivers' own logs beside the report."""


def add_options(parser: pytest.Parser) -> None:
    """Options for the driver and its environment."""
    group = parser.getgroup("dra-conformance", "conformance of a Kubernetes DRA driver")
    group.addoption("--dra-driver", metavar="DESCRIPTOR", help="driver descriptor: a file or a shipped name")
    group.addoption(
        "--dra-machine", metavar="NAME", default="", help="fake machine (default: the descriptor's)"
    )
    group.addoption("--dra-provider", metavar="NAME", default="embedded", help="cluster provider")
    group.addoption(
        "--dra-kubernetes", metavar="X.Y", default="", help="Kubernetes version, default the newest"
    )
    group.addoption(
        "--dra-tier",
        metavar="A,B",
        default="node",
        help="which checks: node, cluster or node,cluster (default: node)",
    )
    group.addoption(
        "--dra-cluster",
        metavar="NAME",
        default="",
        help="existing: where the driver is installed, for the tier cluster",
    )
    group.addoption(
        "--dra-kubeconfig", metavar="FILE", default="", help="of that cluster (default: $KUBECONFIG)"
    )
    group.addoption("--dra-context", metavar="NAME", default="", help="of that kubeconfig")
    group.addoption(
        "--dra-probe-image", metavar="IMAGE", default="", help="of pods that look around; has a shell"
    )
    group.addoption("--dra-run", metavar="ID", default="pytest", help="label of what the run creates there")
    group.addoption("--dra-select", metavar="EXPR", default="", help="ids, patterns, areas, features, levels")
    group.addoption(
        "--dra-profile",
        metavar="NAME",
        default="core",
        help="core, robust, or a claimed feature: its MUSTs fail",
    )
    group.addoption("--dra-seed", metavar="N", type=int, default=0, help="decides order and names")
    group.addoption(
        "--dra-budget", metavar="SECONDS", type=float, default=0, help="start no check later than this"
    )
    group.addoption("--dra-keep", action="store_true", help="keep copies of the nodes of failed checks")
    group.addoption("--dra-done", metavar="FILE", default="", help="names of checks that need not run")
    group.addoption("--dra-recorded", action="store_true", help="somebody else writes the report")
    group.addoption(
        "--dra-output",
        metavar="DIR",
        default="",
        help=f"folder of the report (default of the suite: {OUTPUT})",
    )


def asks_for_suite(config: pytest.Config) -> bool:
    """Whether the arguments of a pytest session name the suite; known before anything is collected or a worker starts."""
    package = f"{__package__}.{SUITE.name}"
    for argument in map(str, config.args):
        name = argument.partition("::")[0]
        if config.option.pyargs and (name == package or name.startswith(f"{package}.")):
            return True
        if (config.invocation_params.dir / name).resolve().is_relative_to(SUITE):
            return True
    return False


def environment_of(config: pytest.Config) -> "Environment":
    """The environment that the options of a pytest session choose.

    Raises:
        UsageError: a provider, a release or a tier that there is not.
    """
    from dra_clusters.choose import provider  # slow to import, all three
    from dra_clusters.errors import UsageError as ClusterUsageError
    from dra_clusters.provider import DEFAULT_VERSION, VERSIONS
    from dra_conformance.harness.factory import Environment

    kubernetes = config.getoption("--dra-kubernetes") or DEFAULT_VERSION
    target = target_of(config)
    if kubernetes not in VERSIONS and target is None:
        message = f"--dra-kubernetes {kubernetes!r}: wanted one of {', '.join(VERSIONS)}"
        raise UsageError(message)
    try:
        provider(config.getoption("--dra-provider"))
    except ClusterUsageError as error:
        raise UsageError(str(error)) from error
    output = config.getoption("--dra-output")
    return Environment(
        tiers=tiers_named(config.getoption("--dra-tier"), target),
        target=target,
        machine=config.getoption("--dra-machine"),
        provider=config.getoption("--dra-provider"),
        kubernetes=kubernetes,
        seed=config.getoption("--dra-seed"),
        logs=Path(output) / LOGS if output else None,
    )


def check_cluster(name: str) -> None:
    """Refuse what names no cluster in which a driver can be installed.

    Raises:
        UsageError: always, unless it names one.
    """
    if name not in CLUSTERS:
        message = f"cluster {name!r}: wanted one of {', '.join(CLUSTERS)}"
        raise UsageError(message)


def target_of(config: pytest.Config) -> "Target | None":
    """Where the driver is installed; None if the options name no cluster.

    Raises:
        UsageError: a cluster that checks cannot use.
    """
    from dra_conformance.harness.target import IMAGE, Target

    name, file = config.getoption("--dra-cluster"), config.getoption("--dra-kubeconfig")
    if not name:
        return None
    check_cluster(name)
    return Target(
        cluster=name,
        kubeconfig=Path(file) if file else None,
        context=config.getoption("--dra-context"),
        image=config.getoption("--dra-probe-image") or IMAGE,
        run=config.getoption("--dra-run"),
    )


def tiers_named(text: str, target: "Target | None") -> "tuple[Tier, ...]":
    """The tiers in TEXT, the lowest first.

    Raises:
        UsageError: an unknown one, or the tier cluster without a cluster.
    """
    from dra_conformance.verdict import TIERS

    named = [name.strip() for name in text.split(",")]
    if unknown := [name for name in named if name not in TIERS]:
        message = f"tier {unknown[0]!r}: wanted node, cluster or node,cluster"
        raise UsageError(message)
    if "cluster" in named and target is None:
        message = (
            "the tier cluster looks at a driver that is installed in a cluster; say which: --cluster existing"
        )
        raise UsageError(message)
    return tuple(tier for tier in TIERS if tier in named)
