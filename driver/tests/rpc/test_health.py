"""The health stream: when it ends."""

import asyncio
from pathlib import Path

from claim_service import gpu, inventory_of

from dra_api.identifiers import DriverName, PoolName
from dra_api.kubelet._generated import health_v1_pb2
from dra_driver.health.monitor import Monitor
from dra_driver.health.store import Store
from dra_driver.rpc.health import stream

LIMIT_S = 5


def test_a_stream_ends_when_the_driver_stops(tmp_path: Path) -> None:
    async def story() -> int:
        monitor = Monitor(
            domain=DriverName("x.example.com"),
            store=Store(tmp_path / "health.json", "boot"),
            inventory=inventory_of(gpu(0)),
            on_change=lambda: None,
        )
        messages = stream(health_v1_pb2, monitor, PoolName("node-0"))
        count = len((await anext(messages)).devices)
        monitor.close()
        async with asyncio.timeout(LIMIT_S):
            async for _ in messages:
                count += 100
        return count

    assert asyncio.run(story()) == 1
