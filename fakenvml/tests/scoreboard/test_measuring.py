"""How much of NVML has behaviour: measured by a walk, held to what the README says."""

import pytest

from fake_nvml import scoreboard


@pytest.mark.slow
def test_the_scoreboard_does_not_fall_behind() -> None:
    found = scoreboard.measure()
    assert found["symbols_exported"] == found["symbols"]
    assert found["symbols_with_behaviour"] >= 330
    # two of a B200 are not supported on real ones
    assert found["handle_getters_answering"] >= 136, found["getters_not_answering"]
    assert found["fields_answering"] >= 290
    assert found["mig_functions"] >= 30
    assert found["setters_shared"] >= 36
    assert "nvmlUnitGetCount" in found["without_behaviour"]
