"""The command ``dra-cluster``.

Exit codes: 0; 1, it failed or behaviours differ; 2, usage error; for ``up`` the exit code of its command.
"""

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from dra_clusters.choose import NAMES, provider
from dra_clusters.errors import ClusterError, EnvironmentFault, UsageError
from dra_clusters.flags import make_parser
from dra_clusters.provider import PARTS, Cluster, ClusterOptions, RackOptions, check_own_options
from kube_emulator import switches
from kube_emulator.command_line import prepare_signals, run_inside


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed after use.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    try:
        return tempfile.TemporaryDirectory(prefix="dra-cluster-")
    except OSError as error:
        message = (
            f"cannot make a temporary folder: {error.strerror}; set TMPDIR to a folder that can be written"
        )
        raise EnvironmentFault(message) from error


def options_of(arguments: argparse.Namespace, scratch: Path) -> ClusterOptions:
    """The options of the flags; commands that have only some of the flags get the others' defaults."""
    parts = getattr(arguments, "parts", ",".join(PARTS))
    return ClusterOptions(
        directory=Path(getattr(arguments, "dir", "") or scratch),
        kubernetes=arguments.kubernetes,
        nodes=tuple(f"node-{index}" for index in range(getattr(arguments, "nodes", 1))),
        parts=frozenset(filter(None, parts.split(","))),
        real_kubelet=getattr(arguments, "kubelet", "") == "real",
        kubeconfig=Path(file) if (file := getattr(arguments, "kubeconfig", "")) else None,
        context=getattr(arguments, "context", ""),
        rbac=getattr(arguments, "rbac", True),
        gates=switches.read(arguments.feature_gates, "--feature-gates"),
        runtime_config=switches.read(arguments.runtime_config, "--runtime-config"),
        name=getattr(arguments, "name", ""),
        keep=getattr(arguments, "keep", False),
        node_image=getattr(arguments, "node_image", ""),
        images=tuple(map(Path, getattr(arguments, "load", ()))),
        gpus=getattr(arguments, "gpus", ""),
        racks=racks_of(arguments),
    )


def racks_of(arguments: argparse.Namespace) -> RackOptions | None:
    """The racks of the flags, if any."""
    if not getattr(arguments, "racks", 0):
        return None
    return RackOptions(
        machine=arguments.machine,
        racks=arguments.racks,
        nodes=arguments.nodes_per_rack,
        gpus=arguments.gpus_per_node,
        full=arguments.full,
    )


@contextlib.contextmanager
def running_cluster(name: str, arguments: argparse.Namespace) -> Iterator[Cluster]:
    """A cluster with the options of the flags, for the length of a block."""
    with temporary_folder() as scratch:
        options = options_of(arguments, Path(scratch))
        check_own_options(name, options)
        with provider(name).up(options) as cluster:
            yield cluster


def run_check(arguments: argparse.Namespace) -> int:
    """The list of behaviours on one cluster."""
    from dra_clusters import check

    items = check.selected(arguments.select)
    if arguments.kubeconfig and arguments.provider != "existing":
        subject = check.subject_at(Path(arguments.kubeconfig), arguments.has.split(","))
        return check.show(check.run(items, subject), as_json=arguments.json)
    with running_cluster(arguments.provider, arguments) as cluster:
        return check.show(check.run(items, check.subject_of(cluster)), as_json=arguments.json)


def run_diff(arguments: argparse.Namespace) -> int:
    """The list of behaviours on two clusters."""
    from dra_clusters import check

    items = check.selected(arguments.select)
    names = (arguments.first, arguments.second)
    for name in names:
        provider(name)  # an unknown name is refused before the first list has run for a minute
    results = []
    for name in names:
        with running_cluster(name, arguments) as cluster:
            results.append(list(check.run(items, check.subject_of(cluster))))
    return check.show_differences(names, check.differences(*results), as_json=arguments.json)


def run_image(arguments: argparse.Namespace) -> int:
    """Build images; print their archives."""
    from dra_clusters.images.build import RECIPES, build

    for path in build(arguments.images or list(RECIPES), Path(arguments.output), arguments.repository):
        print(path)
    return 0


def run_build(arguments: argparse.Namespace) -> int:
    """Build the programs of the provider binaries; print their folder."""
    from dra_clusters.binaries.build import build, cache
    from dra_clusters.node.programs import fetch_containerd

    parts = arguments.parts.split(",")
    print(build(arguments.kubernetes, parts).folder)
    if "kubelet" in parts:
        print(fetch_containerd(cache()))
    return 0


def print_config(arguments: argparse.Namespace) -> int:
    """What kind would be given.

    Raises:
        UsageError: another provider.
    """
    from dra_clusters.kind.provider import printed_config

    if arguments.provider != "kind":
        message = "--print-config prints the configuration of kind; give --provider kind"
        raise UsageError(message)
    print(printed_config(options_of(arguments, Path())), end="")
    return 0


def run_down(arguments: argparse.Namespace) -> int:
    """Remove a kind cluster."""
    from dra_clusters.kind.provider import down

    down(arguments.name)
    return 0


def run_up(arguments: argparse.Namespace) -> int:
    """A cluster around a command."""
    if arguments.print_config:
        return print_config(arguments)
    with running_cluster(arguments.provider, arguments) as cluster:
        prepare_signals(wait=not arguments.arguments)
        return run_inside(arguments.arguments, cluster.kubeconfig, getattr(cluster, "environment", {}))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = make_parser().parse_args(argv)
    try:
        prepare_signals(
            wait=arguments.command == "up" and not arguments.arguments and arguments.provider != "kind"
        )
        if arguments.command == "up":
            return run_up(arguments)
        runners = {
            "check": run_check,
            "diff": run_diff,
            "binaries": run_build,
            "down": run_down,
            "image": run_image,
        }
        if arguments.command in runners:
            return runners[arguments.command](arguments)
        if arguments.command == "list":
            print(json.dumps(list(NAMES)) if arguments.json else "\n".join(NAMES))
            return 0
        if arguments.command == "doctor":
            from dra_clusters.doctor.report import run_doctor

            return run_doctor(as_json=arguments.json)
        if arguments.command == "top":
            from dra_clusters.top.command import run_top

            return run_top(
                arguments.kubeconfig, arguments.context, output=arguments.output, every_s=arguments.every
            )
        if arguments.command == "explain":
            from dra_clusters.explain import run_explain

            return run_explain(arguments.claim, arguments.namespace, as_json=arguments.json)
        if arguments.racks:
            from dra_clusters.bench_racks import bench_racks

            return bench_racks(arguments.racks, arguments.machine, as_json=arguments.json)
        from dra_clusters.bench import run_bench

        return run_bench(as_json=arguments.json)
    except UsageError as error:
        print(f"dra-cluster: {error}", file=sys.stderr)
        return 2
    except ClusterError as error:
        print(f"dra-cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
