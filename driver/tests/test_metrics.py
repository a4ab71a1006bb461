"""Metrics over HTTP."""

import socket
import urllib.request

import pytest

from dra_driver.errors import ConfigError
from dra_driver.metrics import Metrics


def test_metrics_are_served_while_the_driver_runs() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    metrics = Metrics()
    with metrics.time("prepare") as timer:
        timer.failed()
    metrics.published(synced=True, devices=8)
    with metrics.served(address), urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    assert 'dra_claim_operations_total{operation="prepare",result="error"} 1.0' in text
    assert "dra_devices 8.0" in text
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://{address}/metrics", timeout=5)


def test_a_metrics_address_in_use_is_the_users_error() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigError, match="wanted host:port"),
        Metrics().served(f"127.0.0.1:{taken.getsockname()[1]}"),
    ):
        pass
