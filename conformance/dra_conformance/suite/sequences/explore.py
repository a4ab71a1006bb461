"""Makes sequences with Hypothesis and keeps, for each requirement that one broke, the shortest that did.

The same seed makes the same sequences, and their number is fixed, so that the verdict does not depend on how fast the
machine is. Only how long a sequence is shortened does, and a driver that is slow beyond measure ends the search.
"""

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import hypothesis
from hypothesis import strategies
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import HypothesisException

from dra_conformance.expectations import Violation
from dra_conformance.harness.harness import Harness
from dra_conformance.suite.sequences.calls import CALLS, NAMES, STARTS, Kind, Step
from dra_conformance.suite.sequences.player import Broken, Player

SEQUENCES, SEQUENCES_WITH_START = 25, 8
LENGTH = 8
SHORTEN_S, ALL_S = 20.0, 120.0
"""For each of both kinds of sequences: after the first fault, and altogether."""
DEVICES = 4
OTHERS = "other sequences"
SETTINGS = hypothesis.settings(
    phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(hypothesis.HealthCheck),
    verbosity=hypothesis.Verbosity.quiet,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A sequence that broke a requirement.

    Attributes:
        calls: as text.
        steps: the evidence of it.
        alone: the driver knew of no sequence before it.
    """

    violation: Broken
    calls: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]
    alone: bool

    @property
    def size(self) -> tuple[bool, int, int]:
        """By which the shortest is chosen, one that needs no others before it first."""
        return not self.alone, len(self.calls), sum(map(len, self.calls))


def steps(kinds: Sequence[Kind], least: int, most: int) -> strategies.SearchStrategy[list[Step]]:
    """Lists of steps; what Hypothesis takes for simpler comes first: fewer steps, of fewer claims."""
    names = strategies.lists(strategies.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple)
    step = strategies.builds(Step, strategies.sampled_from(kinds), names)
    return strategies.lists(step, min_size=least, max_size=most)


def with_start() -> strategies.SearchStrategy[list[Step]]:
    """Steps with one start of the driver between them; starts are slow, so there are few of these sequences."""
    start = strategies.sampled_from(STARTS).map(lambda kind: [Step(kind, ())])
    before, after = steps(CALLS[:2], 1, 3), steps(CALLS[:3], 1, 2)
    return strategies.tuples(before, start, after).map(lambda parts: list(chain.from_iterable(parts)))


class Exploration:
    """Sequences against one driver.

    Attributes:
        found: {requirement: the shortest sequence that broke it}.
    """

    def __init__(self, harness: Harness) -> None:
        self.found: dict[str, Found] = {}
        self._harness = harness
        self._devices = [(pool, name) for pool, name, _ in harness.devices()[:DEVICES]]
        self._until = 0.0
        self._shortening = False
        self._dirty = False

    def run(self, seed: int) -> None:
        """Play all sequences, and shorten those that broke something."""
        with tempfile.TemporaryDirectory(prefix="dra-sequences-") as home:
            set_hypothesis_home_dir(home)
            try:
                self._search(seed, steps(CALLS, 2, LENGTH), SEQUENCES)
                self._search(seed, with_start(), SEQUENCES_WITH_START)
            finally:
                set_hypothesis_home_dir(None)

    def _search(self, seed: int, sequences: strategies.SearchStrategy[list[Step]], count: int) -> None:
        self._shortening, self._until = False, time.monotonic() + ALL_S
        play = hypothesis.given(sequences)(self._play)
        try:
            hypothesis.seed(seed)(hypothesis.settings(SETTINGS, max_examples=count)(play))()
        except (Violation, BaseExceptionGroup, HypothesisException):
            if not self._shortening:
                raise

    def _play(self, sequence: list[Step]) -> None:
        if time.monotonic() > self._until:
            return
        alone = self._shortening or self._dirty
        if alone:
            self._renew()
        self._harness.evidence.take()
        player = Player(self._harness, self._devices)
        try:
            player.play(sequence)
        except Broken as broken:
            self._dirty = True
            if not self._shortening:
                self._shortening, self._until = True, time.monotonic() + SHORTEN_S
            calls = tuple(player.calls) if alone else (OTHERS, *player.calls)
            found = Found(broken, calls, self._harness.evidence.take(), alone)
            known = self.found.get(broken.requirement)
            if known is None or found.size < known.size:
                self.found[broken.requirement] = found
            raise
        finally:
            player.clean()

    def _renew(self) -> None:
        """A driver that knows of nothing: what another sequence left must not be found in this one."""
        self._harness.driver.kill()
        for folder in (self._harness.data_dir, self._harness.cdi.folder):
            for path in folder.iterdir() if folder.is_dir() else ():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._harness.restart_killed()
        self._dirty = False
