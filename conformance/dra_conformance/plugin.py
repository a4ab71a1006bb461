"""The pytest plugin: which checks run in which order, and how pytest reports what each of them found.

It does nothing unless ``--dra-driver`` is given, and every pytest run loads it: what is slow to import is imported where
it is used. The fixtures of the checks are in ``suite/conftest.py``.
"""

import random
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dra_conformance.catalogue.marks import TIER
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.outcome import (
    EVIDENCE,
    MARK,
    PROPERTY,
    apply,
    marks_of,
    name_of,
    result_of,
    shown_as,
    tiers_of,
)
from dra_conformance.printable import one_line
from dra_conformance.pytest_options import (
    OPTION_MISSING,
    OUTPUT,
    SUITE,
    add_options,
    asks_for_suite,
    environment_of,
)

if TYPE_CHECKING:
    from dra_conformance.drivers.descriptor import Descriptor
    from dra_conformance.harness.harness import Harness

STARTED = pytest.StashKey[float]()
pytest_addoption = add_options


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and end the session with exit code 2 if the driver cannot be started as described."""
    config.stash[STARTED] = time.monotonic()
    config.addinivalue_line("markers", f"{MARK}(*ids, why): the requirements that a check proves")
    config.addinivalue_line("markers", f"{TIER}(*names): the tiers at which a check can run")
    descriptor = config.getoption("--dra-driver")
    if not descriptor:
        if asks_for_suite(config) and not config.option.collectonly:
            pytest.exit(f"nothing to check; pass {OPTION_MISSING}", returncode=2)
        return
    from dra_conformance.catalogue import select
    from dra_conformance.drivers.descriptor import load_descriptor
    from dra_conformance.drivers.programs import check_programs
    from dra_conformance.profiles import check_profile

    try:
        loaded = load_descriptor(descriptor)
        if "node" in environment_of(config).tiers:
            check_programs(loaded)
        check_profile(config.getoption("--dra-profile"), loaded.features)
        select(config.getoption("--dra-select"))
    except UsageError as error:
        pytest.exit(one_line(error), returncode=2)
    if not hasattr(config, "workerinput") and not config.getoption("--dra-recorded"):
        from dra_conformance.pytest_report import folder_writer

        config.pluginmanager.register(folder_writer(config), "dra-conformance-report")


@pytest.fixture(scope="session")
def dra_descriptor(pytestconfig: pytest.Config) -> "Descriptor":
    """The descriptor that ``--dra-driver`` names; override it to use one of your own."""
    from dra_conformance.drivers.descriptor import load_descriptor

    name = pytestconfig.getoption("--dra-driver")
    if not name:
        pytest.fail(f"the fixture dra_driver needs {OPTION_MISSING}", pytrace=False)
    return load_descriptor(name)


@pytest.fixture
def dra_driver(
    dra_descriptor: "Descriptor", pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> "Iterator[Harness]":
    """A driver that runs on a node and a cluster of its own, is registered and has published its slices."""
    from contextlib import ExitStack

    from dra_conformance.harness.factory import HarnessFactory

    with HarnessFactory(dra_descriptor, environment_of(pytestconfig)) as factory, ExitStack() as stack:
        harness = factory.make(stack)
        request.node.stash[EVIDENCE] = harness.evidence
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
    tiers = set(config.getoption("--dra-tier").split(","))
    done = (
        frozenset(Path(config.getoption("--dra-done")).read_text().splitlines())
        if config.getoption("--dra-done")
        else frozenset()
    )
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
        wanted = chosen.intersection(ids) and name_of(item) not in done and tiers.intersection(tiers_of(item))
        (keep if wanted else drop).append(item)
    config.hook.pytest_deselected(items=drop)
    if keep:
        config.option.dra_output = config.option.dra_output or OUTPUT
    random.Random(config.getoption("--dra-seed")).shuffle(keep)  # noqa: S311 # an order is no secret
    items[:] = [*keep, *others]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start no check after the budget of the run."""
    budget_s = item.config.getoption("--dra-budget")
    if budget_s and marks_of(item)[0] and time.monotonic() - item.config.stash[STARTED] > budget_s:
        message = f"the budget of the run, {budget_s:g} s, was used up before this check; see dra-conformance run --budget"
        raise HarnessError(message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what a check raised into its result, and the result into the verdict that pytest reports."""
    report = yield
    if not item.config.getoption("--dra-driver") or not marks_of(item)[0]:
        return report
    failed_around = call.excinfo is not None and call.when != "call"
    if call.when != "call" and not failed_around:
        return report
    import datetime

    import msgspec

    from dra_conformance.drivers.descriptor import load_descriptor
    from dra_conformance.verdict import judge_check

    result = result_of(item, call)
    if result.outcome == "violated" and item.config.getoption("--dra-keep"):
        from dra_conformance.keeping import keep

        values = getattr(item, "funcargs", {}).values()
        keep(values, result.name, Path(item.config.getoption("--dra-output") or OUTPUT))
    report.user_properties.append((PROPERTY, msgspec.json.encode(result).decode()))
    descriptor = load_descriptor(item.config.getoption("--dra-driver"))
    today = datetime.datetime.now(datetime.UTC).date()
    judgements = judge_check(
        result, features=descriptor.features, exemptions=descriptor.exemptions, today=today
    )
    apply(shown_as(judgements, item.config.getoption("--dra-profile")), report, item)
    folder = item.config.getoption("--dra-output") or OUTPUT
    for judgement in judgements:
        name = judgement.requirement.id
        item.user_properties += [
            ("requirement", name),
            ("verdict", f"{name} {judgement.verdict}"),
            ("evidence", f"{folder}/report.html#{name}"),
        ]
    return report
