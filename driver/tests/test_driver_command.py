"""The command: its output and its usage errors."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dra_api.quantity import of_bytes, parse
from dra_driver.cli import FLAGS
from dra_driver.devices.attributes import semantic_version
from dra_driver.errors import ConfigError, EnvironmentFault
from dra_driver.metrics import Metrics
from dra_driver.rpc.sockets import clear_socket_path

COMMAND = [sys.executable, "-c", "import sys; from dra_driver.cli import main; sys.exit(main())"]
CLEAN = {name: value for name, value in os.environ.items() if name not in ("NODE_NAME", "KUBECONFIG")}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=CLEAN | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_lists_every_flag_and_its_environment_variable() -> None:
    text = " ".join(run("--help").stdout.split())
    for flag, variable, _, _ in FLAGS:
        assert flag in text
        assert f"${variable}" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no node name"),
        (["--node-name", "n", "--rescan-seconds", "soon"], "wanted a number above 0"),
        (["--node-name", "n", "--log-format", "xml"], "wanted one of text, json"),
        (["--nope"], "see dra-driver --help"),
    ],
)
def test_a_usage_error_exits_2_with_one_line(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_nvml_it_says_what_is_missing(tmp_path: Path) -> None:
    done = run("devices", LD_LIBRARY_PATH=str(tmp_path))
    assert done.returncode == 1
    assert "NVML does not start" in done.stderr


@pytest.mark.slow
def test_devices_prints_what_would_be_published(fake_nvml: Callable[[str], Any]) -> None:
    with fake_nvml("dgx-b200") as node:
        done = run("devices", "--json", **node.environment)
    devices = json.loads(done.stdout)
    assert [device["name"] for device in devices] == [f"gpu-{index}" for index in range(8)]
    assert devices[0]["attributes"]["productName"] == {"string": "NVIDIA B200"}
    assert devices[0]["capacity"] == {"memory": {"value": "183359Mi"}}


@pytest.mark.parametrize(
    ("driver", "version"), [("570.158.01", "570.158.1"), ("580", "580.0.0"), ("1.2.3.4", "1.2.3")]
)
def test_driver_versions_become_semantic(driver: str, version: str) -> None:
    assert semantic_version(driver) == version


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (1024, "1Ki"), (80 << 30, "80Gi"), (1500, "1500")])
def test_bytes_are_printed_canonically(count: int, text: str) -> None:
    assert of_bytes(count) == text
    assert parse(text) == count


def test_quantities_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        parse("1 GB")


def test_a_dead_socket_makes_way_and_a_live_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "dra.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(ConfigError, match="another process serves"):
            clear_socket_path(path)
    clear_socket_path(path)
    assert not path.exists()


def test_only_sockets_clear_socket_path(tmp_path: Path) -> None:
    (tmp_path / "dra.sock").write_text("mine")
    with pytest.raises(EnvironmentFault, match="is not a socket"):
        clear_socket_path(tmp_path / "dra.sock")


def test_socket_paths_that_cannot_be_bound_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a UNIX socket may have 107"):
        clear_socket_path(tmp_path / ("x" * 120))


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
