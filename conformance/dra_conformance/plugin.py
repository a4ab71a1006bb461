"""The pytest plugin: options, which checks run in which order, and what each of them found.

It does nothing unless ``--dra-driver`` is given, and every pytest run loads it: what is slow to import is imported where
it is used. The fixtures of the checks are in ``suite/conftest.py``. What a check found is passed in its report's
``user_properties``, so it also works with xdist.
"""

import inspect
import random
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dra_conformance.errors import HarnessError, SuiteError, UsageError
from dra_conformance.expectations import Blocked, NotApplicable, Violation
from dra_conformance.harness.evidence import Evidence
from dra_conformance.printable import one_line

if TYPE_CHECKING:
    from dra_conformance.drivers.descriptor import Descriptor
    from dra_conformance.harness.factory import Environment
    from dra_conformance.harness.harness import Harness
    from dra_conformance.verdict import CheckResult

PROPERTY = "dra-conformance"
MARK = "requirement"
SUITE = Path(__file__).parent / "suite"
OPTION_MISSING = (
    "--dra-driver=DESCRIPTOR: a descriptor file, or one of control, dra-example-driver, nvidia-gpu, reference"
)
USAGE_ERROR = "usage error"
"""``CheckResult.where`` of an error that the user can correct."""
EVIDENCE = pytest.StashKey[Evidence]()
STARTED = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
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
    group.addoption("--dra-select", metavar="EXPR", default="", help="ids, patterns, areas, features, levels")
    group.addoption("--dra-seed", metavar="N", type=int, default=0, help="decides order and names")
    group.addoption(
        "--dra-budget", metavar="SECONDS", type=float, default=0, help="start no check later than this"
    )
    group.addoption("--dra-logs", metavar="DIR", help="keep the logs of the driver in this folder")


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and end the session with exit code 2 if the driver cannot be started as described."""
    config.stash[STARTED] = time.monotonic()
    config.addinivalue_line("markers", f"{MARK}(*ids, why): the requirements that a check proves")
    descriptor = config.getoption("--dra-driver")
    if descriptor:
        from dra_conformance.catalogue import select
        from dra_conformance.drivers.descriptor import load_descriptor
        from dra_conformance.drivers.programs import check_programs

        try:
            check_programs(load_descriptor(descriptor))
            select(config.getoption("--dra-select"))
        except UsageError as error:
            pytest.exit(one_line(error), returncode=2)


def environment_of(config: pytest.Config) -> "Environment":
    """The environment that the options of a pytest session choose."""
    from dra_clusters.provider import DEFAULT_VERSION  # slow to import, both
    from dra_conformance.harness.factory import Environment

    logs = config.getoption("--dra-logs")
    return Environment(
        machine=config.getoption("--dra-machine"),
        provider=config.getoption("--dra-provider"),
        kubernetes=config.getoption("--dra-kubernetes") or DEFAULT_VERSION,
        seed=config.getoption("--dra-seed"),
        logs=Path(logs) if logs else None,
    )


@pytest.fixture(scope="session")
def dra_descriptor(pytestconfig: pytest.Config) -> "Descriptor":
    """The descriptor that ``--dra-driver`` names; override it to use one of your own."""
    from dra_conformance.drivers.descriptor import load_descriptor

    name = pytestconfig.getoption("--dra-driver")
    if not name:
        pytest.fail(f"the fixture dra_driver needs {OPTION_MISSING}", pytrace=False)
    return load_descriptor(name)


@pytest.fixture
def dra_driver(dra_descriptor: "Descriptor", pytestconfig: pytest.Config) -> "Iterator[Harness]":
    """A driver that runs on a node and a cluster of its own, is registered and has published its slices."""
    from contextlib import ExitStack

    from dra_conformance.harness.factory import HarnessFactory

    with HarnessFactory(dra_descriptor, environment_of(pytestconfig)) as factory, ExitStack() as stack:
        harness = factory.make(stack)
        harness.start_registered()
        yield harness


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the selected checks, in the order that the seed decides; refuse checks of the suite without a known id.

    Tests that are not part of the suite, e.g. a vendor's own beside it, run as they are unless they name requirements.
    """
    if not config.getoption("--dra-driver"):
        return
    from dra_conformance.catalogue import one, select

    chosen = select(config.getoption("--dra-select"))
    others: list[pytest.Item] = []
    keep: list[pytest.Item] = []
    drop: list[pytest.Item] = []
    for item in items:
        ids, _ = marks_of(item)
        if not ids and not item.path.is_relative_to(SUITE):
            others.append(item)
            continue
        if not ids:
            message = f"{item.nodeid} names no requirement; every check must have @requirement(...)"
            raise pytest.UsageError(message)
        for requirement_id in ids:
            one(requirement_id)
        (keep if chosen.intersection(ids) else drop).append(item)
    config.hook.pytest_deselected(items=drop)
    random.Random(config.getoption("--dra-seed")).shuffle(keep)  # noqa: S311 # an order is no secret
    items[:] = [*keep, *others]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start no check after the budget of the run."""
    budget_s = item.config.getoption("--dra-budget")
    if budget_s and marks_of(item)[0] and time.monotonic() - item.config.stash[STARTED] > budget_s:
        message = f"the budget of the run, {budget_s:g} s, was used up before this check; see dra-conformance run --budget"
        raise HarnessError(message)


def marks_of(item: pytest.Item) -> tuple[tuple[str, ...], str]:
    """The ids and the reason of a collected check; no ids if it has no mark."""
    mark: Any = item.get_closest_marker(MARK)
    return (tuple(mark.args), mark.kwargs["why"]) if mark else ((), "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what a check raised into its result."""
    report = yield
    if not item.config.getoption("--dra-driver") or not marks_of(item)[0]:
        return report
    failed_around = call.excinfo is not None and call.when != "call"
    if call.when != "call" and not failed_around:
        return report
    import msgspec

    result = result_of(item, call)
    report.user_properties.append((PROPERTY, msgspec.json.encode(result).decode()))
    if call.excinfo is not None and isinstance(call.excinfo.value, SuiteError):
        report.longrepr = (
            result.message
        )  # the user's or the environment's fault: a traceback says nothing more
    if result.outcome == "not-applicable":
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, result.message)
    return report


def result_of(item: pytest.Item, call: pytest.CallInfo[None]) -> "CheckResult":
    """The result of a finished check."""
    from dra_conformance.verdict import CheckResult

    ids, why = marks_of(item)
    evidence = item.stash.get(EVIDENCE, None)
    parameters = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    function = parameters.get("rule") or getattr(item, "function", None)
    outcome = outcome_of(call.excinfo.value if call.excinfo else None)
    return CheckResult(
        name=item.nodeid.rpartition("/")[2],
        requirements=ids,
        seconds=round(call.duration, 4),
        rule=(inspect.getdoc(function) or "").partition("\n")[0],
        why=why,
        driver_log=evidence.driver_log if evidence else "",
        evidence=evidence.take() if evidence else (),
        **outcome,
    )


def outcome_of(error: BaseException | None) -> dict[str, Any]:
    """The outcome of a check by what it raised: only a violation or a failed call counts against the driver."""
    if error is None:
        return {"outcome": "passed"}
    if isinstance(error, Violation):
        return {
            "outcome": "violated",
            "wanted": error.wanted,
            "found": error.found,
            "where": error.where,
            "message": str(error),
        }
    if isinstance(error, NotApplicable):
        return {"outcome": "not-applicable", "message": str(error)}
    if isinstance(error, Blocked):
        return {"outcome": "blocked", "message": str(error), "blames": error.requirements}
    from grpc import RpcError  # here, because this module is loaded by every pytest run

    if isinstance(error, RpcError):
        found = f"{error.code().name}: {error.details()}"
        details = {"wanted": "an answer", "found": found, "where": "gRPC call"}
        return {"outcome": "violated", **details, "message": f"a call that must succeed was answered {found}"}
    kind = "" if isinstance(error, SuiteError) else f"{type(error).__name__}: "
    where = USAGE_ERROR if isinstance(error, UsageError) else ""
    return {"outcome": "error", "message": f"{kind}{error}", "where": where}
