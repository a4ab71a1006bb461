"""The figures of racks in the store: counts are exact, times are there."""

import pytest

from dra_clusters.bench_racks import POD_WRITES, percentiles, run_size
from dra_clusters.cli import main


@pytest.mark.slow
def test_a_rack_is_counted_and_a_job_of_it_placed() -> None:
    found = run_size(1, "gb300-nvl72")
    assert (found["nodes"], found["gpus"]) == (18, 72)
    assert found["objects"] == {"nodes": 18, "leases": 18, "resourceslices": 18}
    assert found["lease_writes_s"] == 1.8
    assert found["upgrade_writes"] == 18 * (POD_WRITES + 1)
    assert found["upgrade_mb"] == found["json_mb"]["resourceslices"] > 0.05
    assert 0 < found["pod_ms"][0] <= found["job_ms"][0]


def test_percentiles_are_of_the_values() -> None:
    assert percentiles([float(number) for number in range(1, 101)]) == (50.5, 96.0, 100.0)


@pytest.mark.parametrize("text", ["0", "1,x", "", "3000", "-1"])
def test_a_number_of_racks_that_cannot_be_is_a_usage_error(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["bench", f"--racks={text}"])
    assert caught.value.code == 2
    assert "wanted numbers of racks from 1 to 2000" in capsys.readouterr().err
