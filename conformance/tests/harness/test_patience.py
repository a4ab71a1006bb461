"""A driver that hangs costs its full deadline once."""

import time
from pathlib import Path

import pytest

from dra_conformance.expectations import Violation
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.kubelet import SimulatedKubelet
from dra_conformance.harness.patience import AGAIN_S, Patience


def test_the_first_wait_is_as_long_as_allowed_and_later_ones_are_short() -> None:
    patience = Patience()
    assert patience.limit_s("NodePrepareResources", 45) == 45
    patience.was_in_vain("NodePrepareResources")
    assert patience.limit_s("NodePrepareResources", 45) == AGAIN_S
    assert patience.limit_s("NodePrepareResources", 0.5) == 0.5
    assert patience.limit_s("NodeUnprepareResources", 45) == 45


def test_a_missing_socket_is_a_violation_at_once(tmp_path: Path) -> None:
    kubelet = SimulatedKubelet(driver="x", registry_dir=tmp_path, evidence=Evidence(), patience=Patience())
    start = time.monotonic()
    with pytest.raises(Violation, match="a registration socket"):
        kubelet.socket()
    assert time.monotonic() - start < 5
