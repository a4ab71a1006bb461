"""The pytest plugin: options, which checks run in which order, and what each of them found.

It does nothing unless ``--dra-driver`` is given, so it may be installed beside any tests. The fixtures of checks are in
``suite/conftest.py``. What a check found travels in its report's ``user_properties``, so it also works with xdist.
"""

import inspect
import random
from collections.abc import Generator
from typing import Any

import msgspec
import pytest

from dra_conformance.catalogue import one, select
from dra_conformance.catalogue.marks import MARK, marks_of
from dra_conformance.errors import SuiteError, UsageError
from dra_conformance.expect import NotApplicable, Violation
from dra_conformance.harness.evidence import Evidence
from dra_conformance.verdict import CheckResult

PROPERTY = "dra-conformance"
WRONG_USE = "wrong use"
"""Where an error comes from that the user can mend."""
EVIDENCE = pytest.StashKey[Evidence]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What is judged, on what."""
    group = parser.getgroup("dra-conformance", "conformance of a Kubernetes DRA driver")
    group.addoption("--dra-driver", metavar="DESCRIPTOR", help="driver descriptor: a file or a shipped name")
    group.addoption(
        "--dra-machine", metavar="NAME", default="", help="fake machine (default: the descriptor's)"
    )
    group.addoption("--dra-provider", metavar="NAME", default="embedded", help="cluster provider")
    group.addoption("--dra-kubernetes", metavar="X.Y", default="1.37", help="Kubernetes version")
    group.addoption("--dra-select", metavar="EXPR", default="", help="ids, patterns, areas, features, levels")
    group.addoption("--dra-seed", metavar="N", type=int, default=0, help="decides order and names")


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest the mark."""
    config.addinivalue_line("markers", f"{MARK}(*ids, why): the requirements that a check proves")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the selected checks, in the order that the seed decides; refuse checks without a known id."""
    if not config.getoption("--dra-driver"):
        return
    chosen = select(config.getoption("--dra-select"))
    keep: list[pytest.Item] = []
    drop: list[pytest.Item] = []
    for item in items:
        ids, _ = marks_of(item)
        if not ids:
            message = f"{item.nodeid} names no requirement; every check must have @requirement(...)"
            raise pytest.UsageError(message)
        for requirement_id in ids:
            one(requirement_id)
        (keep if chosen.intersection(ids) else drop).append(item)
    config.hook.pytest_deselected(items=drop)
    random.Random(config.getoption("--dra-seed")).shuffle(keep)  # noqa: S311 # an order is no secret
    items[:] = keep


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what a check raised into its result."""
    report = yield
    if not item.config.getoption("--dra-driver"):
        return report
    failed_around = call.excinfo is not None and call.when != "call"
    if call.when != "call" and not failed_around:
        return report
    result = result_of(item, call)
    report.user_properties.append((PROPERTY, msgspec.json.encode(result).decode()))
    if result.outcome == "not-applicable":
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, result.message)
    return report


def result_of(item: pytest.Item, call: pytest.CallInfo[None]) -> CheckResult:
    """What a finished check says."""
    ids, why = marks_of(item)
    evidence = item.stash.get(EVIDENCE, None)
    parameters = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    function = parameters.get("rule") or getattr(item, "function", None)
    told = outcome_of(call.excinfo.value if call.excinfo else None)
    return CheckResult(
        name=item.nodeid.rpartition("/")[2],
        requirements=ids,
        seconds=round(call.duration, 4),
        rule=(inspect.getdoc(function) or "").partition("\n")[0],
        why=why,
        evidence=evidence.take() if evidence else (),
        **told,
    )


def outcome_of(error: BaseException | None) -> dict[str, Any]:
    """The outcome of a check by what it raised: only a violation or a refused call condemns the driver."""
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
    from grpc import RpcError  # here, because this module is loaded by every pytest run

    if isinstance(error, RpcError):
        found = f"{error.code().name}: {error.details()}"
        told = {"wanted": "an answer", "found": found, "where": "gRPC call"}
        return {"outcome": "violated", **told, "message": f"a call that must succeed was answered {found}"}
    kind = "" if isinstance(error, SuiteError) else f"{type(error).__name__}: "
    where = WRONG_USE if isinstance(error, UsageError) else ""
    return {"outcome": "error", "message": f"{kind}{error}", "where": where}
