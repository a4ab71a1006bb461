"""What the metrics say of claims, steps, devices and publishing."""

from typing import get_args

import pytest

from dra_driver.claims.step import Step
from dra_driver.errors import ApiError, ClaimError, EnvironmentFault
from dra_driver.metrics import STEPS, DeviceRow, Metrics, Now


def lines(metrics: Metrics) -> list[str]:
    return metrics.exposition().decode().splitlines()


def test_every_result_of_an_operation_is_there_before_the_first_call() -> None:
    text = lines(Metrics())
    for operation in ("prepare", "unprepare"):
        for result in ("ok", "claim", "api", "node", "internal"):
            assert f'dra_claim_operations_total{{operation="{operation}",result="{result}"}} 0.0' in text
    assert 'dra_step_errors_total{operation="undo",step="CreateMig"} 0.0' in text


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (ClaimError("x"), "claim"),
        (ApiError("x"), "api"),
        (EnvironmentFault("x"), "node"),
        (KeyError("x"), "internal"),
    ],
)
def test_an_error_is_counted_by_who_can_remove_its_cause_and_its_time_is_measured(
    error: Exception, result: str
) -> None:
    metrics = Metrics()
    with pytest.raises(type(error), match="x"), metrics.claim("prepare"):
        raise error
    text = lines(metrics)
    assert f'dra_claim_operations_total{{operation="prepare",result="{result}"}} 1.0' in text
    assert 'dra_claim_operation_duration_seconds_count{operation="prepare"} 1.0' in text


def test_every_step_of_a_claim_is_there_before_the_first_call() -> None:
    assert {step.__name__ for step in get_args(Step)} == set(STEPS)


def test_steps_are_timed_and_their_errors_counted() -> None:
    metrics = Metrics()
    with metrics.step("CreateMig", "do"):
        pass
    with pytest.raises(EnvironmentFault, match="x"), metrics.step("CreateMig", "do"):
        raise EnvironmentFault("x")
    text = lines(metrics)
    assert 'dra_step_duration_seconds_count{operation="do",step="CreateMig"} 2.0' in text
    assert 'dra_step_errors_total{operation="do",step="CreateMig"} 1.0' in text


def test_devices_are_as_they_are_when_prometheus_asks() -> None:
    metrics = Metrics("1.2")
    rows = [DeviceRow("gpu-0", "gpu", "GPU-0", 8, 0, ())]
    metrics.watch(lambda: Now(len(rows) - 1, 0, tuple(rows)))
    assert 'dra_device_claims{device="gpu-0"} 0.0' in lines(metrics)
    rows[:] = [
        DeviceRow("gpu-0", "gpu", "GPU-0", 8, 2, ("d/xid",)),
        DeviceRow("gpu-1", "gpu", "GPU-1", 8, 0, ()),
    ]
    text = lines(metrics)
    for line in (
        'dra_driver_build_info{version="1.2"} 1.0',
        "dra_devices 2.0",
        "dra_prepared_claims 1.0",
        'dra_device_info{device="gpu-1",gpu="GPU-1",type="gpu"} 1.0',
        'dra_device_memory_bytes{device="gpu-0"} 8.0',
        'dra_device_claims{device="gpu-0"} 2.0',
        'dra_device_tainted{device="gpu-0",key="d/xid"} 1.0',
    ):
        assert line in text


def test_publishing_and_its_interruptions_are_seen() -> None:
    metrics = Metrics()
    metrics.published(synced=True)
    assert "dra_slices_published 1.0" in lines(metrics)
    metrics.published(synced=False)
    text = lines(metrics)
    assert "dra_slices_published 0.0" in text
    assert "dra_publish_interruptions_total 1.0" in text
    [at] = [line for line in text if line.startswith("dra_slices_published_timestamp_seconds ")]
    assert float(at.split()[1]) > 1e9
