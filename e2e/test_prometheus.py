"""A real Prometheus scrapes the driver: every query of the dashboard has data, and the alerts are rules of Prometheus.

Prometheus is Debian's package, unpacked and not installed; where it cannot be had the stories are skipped with the reason.
"""

import contextlib
import json
import math
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from story import Story, wait_until

from dra_clusters.errors import EnvironmentFault
from dra_clusters.node.debian import unpack

pytestmark = pytest.mark.slow
SCRIPTS = Path(sys.executable).parent
CHART = Path(__file__).parents[1] / "driver/deploy/chart"
DASHBOARD, ALERTS = CHART / "dashboard_generated.json", CHART / "alerts.yaml"
RELEASE = "bookworm"
LIMIT_S = 90
STARTING = 503
Ask = Callable[[str], list[Any]]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with prometheus and promtool."""
    try:
        return unpack(tmp_path_factory.mktemp("debian"), "prometheus", RELEASE) / "usr/bin"
    except (EnvironmentFault, subprocess.TimeoutExpired) as error:
        pytest.skip(str(error))


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def metrics_address() -> str:
    return free_address()


@pytest.fixture
def driver_flags(metrics_address: str) -> tuple[str, ...]:
    return ("--metrics-address", metrics_address)


@contextlib.contextmanager
def scraping(programs: Path, folder: Path, target: str) -> Iterator[Ask]:
    """A Prometheus that scrapes TARGET, to be asked a query."""
    (folder / "prometheus.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(ALERTS)],
                "scrape_configs": [{"job_name": "dra", "static_configs": [{"targets": [target]}]}],
            }
        )
    )
    address = free_address()
    flags = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": address,
    }
    with (folder / "prometheus.log").open("w") as log:
        command = [str(programs / "prometheus"), *(f"--{name}={value}" for name, value in flags.items())]
        process = subprocess.Popen(command, stderr=log)

    def ask(query: str) -> list[Any]:
        text = urllib.parse.urlencode({"query": query})
        try:
            with urllib.request.urlopen(f"http://{address}/api/v1/query?{text}", timeout=10) as answer:
                return list(json.load(answer)["data"]["result"])
        except urllib.error.HTTPError as error:
            if error.code != STARTING:
                raise
            error.close()
            return []
        except OSError:  # it does not listen yet
            return []

    try:
        yield ask
    finally:
        process.terminate()
        process.wait(20)


def queries() -> dict[str, str]:
    """{title of the panel: its query}, with the variables of the dashboard replaced."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = {panel["title"]: target["expr"] for panel in panels for target in panel.get("targets", [])}
    return {
        title: query.replace("$__rate_interval", "1m").replace("$instance", ".*")
        for title, query in found.items()
    }


def has_data(series: list[Any]) -> bool:
    """Whether one of SERIES has a number: a percentile of nothing has none."""
    return any(not math.isnan(float(each["value"][1])) for each in series)


def test_the_alerts_are_rules_of_prometheus(programs: Path) -> None:
    done = subprocess.run(
        [programs / "promtool", "check", "rules", ALERTS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_query_of_the_dashboard_and_every_alert_has_data(
    programs: Path, story: Story, metrics_address: str, machine_dir: Path, tmp_path: Path
) -> None:
    template = story.offer_gpus(1)
    missing = queries()
    assert len(missing) > 15
    with scraping(programs, tmp_path, metrics_address) as ask:
        wait_until(lambda: has_data(ask("dra_devices")), what="a first scrape", timeout_s=LIMIT_S)
        with urllib.request.urlopen(f"http://{metrics_address}/readyz", timeout=10) as ready:
            assert ready.status == 200, "the kubelet registered the driver, and its slices are published"
        story.run_pod("stays", template=template)
        story.run_pod("goes", template=template)
        for pod in ("stays", "goes"):
            story.wait_phase(pod, "Running")
        story.delete_pod("goes")
        event = ["fake-nvml", "ctl", "--dir", str(machine_dir), "xid", "7", "code=79"]
        subprocess.run([str(SCRIPTS / event[0]), *event[1:]], check=True)

        def lacking() -> dict[str, str]:
            for title in [title for title, query in missing.items() if has_data(ask(query))]:
                del missing[title]
            return missing

        wait_until(
            lambda: not lacking(), what="data for every panel", timeout_s=LIMIT_S, seen=lambda: missing
        )
        rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
        names = {name for rule in rules for name in re.findall(r"dra_\w+", rule["expr"])}
        assert len(names) >= len(rules)
        assert not [name for name in names if not ask(name)], "an alert on a metric that does not exist"
        wait_until(
            lambda: bool(ask('ALERTS{alertname="DraDeviceTainted"}')), what="an alert", timeout_s=LIMIT_S
        )
