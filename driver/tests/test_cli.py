"""The command: its output and its usage errors."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from dra_driver.cli import main
from dra_driver.flags import FLAGS

COMMAND = [sys.executable, "-c", "import sys; from dra_driver.cli import main; sys.exit(main())"]
KUBECONFIG = """
current-context: c
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: c, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: c}}]
"""
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


SERVE = ["--node-name", "n"]


@pytest.mark.parametrize("command", [[], ["devices"]], ids=["serve", "devices"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*SERVE, "--rescan-seconds", "soon"], "wanted a number above 0"),
        ([*SERVE, "--rescan-seconds", "nan"], "wanted a number above 0"),
        ([*SERVE, "--rescan-seconds", "0"], "wanted a number above 0"),
        ([*SERVE, "--rescan-seconds", "-1"], "wanted a number above 0"),
        ([*SERVE, "--rescan-seconds", "inf"], "wanted a number above 0"),
        ([*SERVE, "--log-format", "xml"], "--log-format 'xml': wanted one of text, json"),
        ([*SERVE, "--log-level", "loud"], "wanted one of debug, info, warning, error"),
        ([*SERVE, "--driver-name", "../etc"], "--driver-name '../etc': wanted a DNS subdomain"),
        ([*SERVE, "--driver-name", "d" * 64], "of at most 63 characters"),
        ([*SERVE, "--instance", "a/b"], "--instance 'a/b': wanted letters"),
        ([*SERVE, "--cdi-dir", ""], "--cdi-dir is empty; wanted a folder"),
    ],
)
def test_a_wrong_value_exits_2_with_one_line_from_every_command(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, command: list[str]
) -> None:
    assert main([*arguments, *command]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no node name; give --node-name or set NODE_NAME"),
        (["--node-name", "UPPER"], "--node-name 'UPPER': wanted a DNS subdomain"),
        (["--nope"], "see dra-driver --help"),
        (["nope"], "see dra-driver --help"),
        ([*SERVE, "--kubeconfig", "{folder}/none"], "No such file or directory; give a kubeconfig"),
        ([*SERVE, "--kubeconfig", "{folder}"], "Is a directory; give a kubeconfig"),
        ([*SERVE, "--kubeconfig", "{folder}/list"], "wanted a YAML mapping, found list"),
        ([*SERVE, "--kubeconfig", "{folder}/broken"], "not YAML"),
        ([*SERVE, "--kubeconfig", "{folder}/empty"], "it has no current-context; wanted one of none"),
        ([*SERVE, "--kubeconfig", "{folder}/binary"], "cannot use kubeconfig"),
        ([*SERVE, "--kubeconfig", "{folder}/good", "--plugins-dir", "{folder}/" + "x" * 110], "can have 107"),
    ],
)
def test_a_usage_error_exits_2_with_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    for variable in ("NODE_NAME", "KUBECONFIG"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "list").write_text("[1]")
    (tmp_path / "broken").write_text("a: b: c\nd")
    (tmp_path / "empty").write_text("{}")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "good").write_text(KUBECONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dra_driver.logs.set_up", lambda log_format, level: None)  # keeps pytest's own handlers
        try:
            code = main([part.format(folder=tmp_path) for part in arguments])
        except SystemExit as ended:  # of the parser
            code = int(ended.code or 0)
    assert code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_fault_of_the_driver_is_one_record_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __init__(self, _settings: object) -> None:
            raise KeyError("surprise")

    (tmp_path / "good").write_text(KUBECONFIG)
    monkeypatch.setattr("dra_driver.app.App", Broken)
    monkeypatch.setattr("dra_driver.logs.set_up", lambda log_format, level: None)
    assert main([*SERVE, "--kubeconfig", str(tmp_path / "good")]) == 1
    [record] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.exc_info
    assert "fault of its own" in record.message


def test_the_command_itself_exits_2(tmp_path: Path) -> None:
    done = run("--node-name", "n", "--kubeconfig", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_version_is_the_distribution_s() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"dra-driver {version('dra-conformance')}\n")


def test_without_nvml_the_missing_library_is_named(tmp_path: Path) -> None:
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
    assert devices[0]["capacity"]["memory"] == {"value": "183359Mi"}
    assert devices[0]["capacity"]["nvlinkBandwidth"] == {"value": "956250M"}


@pytest.mark.slow
def test_devices_of_an_nvlink_domain_have_its_clique(fake_nvml: Callable[[str], Any]) -> None:
    with fake_nvml("gb200-nvl72") as node:
        devices = json.loads(run("devices", "--json", **node.environment).stdout)
        table = run("devices", **node.environment).stdout.splitlines()
    assert len(devices) == 4
    assert len({device["attributes"]["fabricClique"]["string"] for device in devices}) == 1
    assert devices[0]["attributes"]["nvlinks"] == {"int": 18}
    assert [line.split()[0] for line in table] == [f"gpu-{index}" for index in range(4)]


@pytest.mark.slow
def test_sysfs_says_where_a_gpu_is(fake_nvml: Callable[[str], Any], tmp_path: Path) -> None:
    with fake_nvml("l40s") as node:
        [first, *_] = json.loads(run("devices", "--json", **node.environment).stdout)
        bus_id = first["attributes"]["resource.kubernetes.io/pciBusID"]["string"]
        function = tmp_path / "devices" / "pci0000:07" / bus_id
        function.mkdir(parents=True)
        (function / "numa_node").write_text("3\n")
        (tmp_path / "bus/pci/devices").mkdir(parents=True)
        (tmp_path / "bus/pci/devices" / bus_id).symlink_to(function)
        done = run("--sysfs", str(tmp_path), "devices", "--json", **node.environment)
    attributes = json.loads(done.stdout)[0]["attributes"]
    assert attributes["resource.kubernetes.io/pcieRoot"] == {"string": "pci0000:07"}
    assert attributes["resource.kubernetes.io/numaNode"] == {"int": 3}


@pytest.mark.slow
def test_every_placement_of_every_profile_is_a_device_with_dynamic_mig(
    fake_nvml: Callable[[str], Any],
) -> None:
    with fake_nvml("dgx-b200") as node:
        gates = ("--feature-gates", "DynamicMIG=true")
        devices = json.loads(run(*gates, "devices", "--json", **node.environment).stdout)
    assert len(devices) == 8 * (1 + 25)
    [part] = [device for device in devices if device["name"] == "gpu-0-mig-1g23gb-me-20-3"]
    assert part["attributes"]["profile"] == {"string": "1g.23gb+me"}
    assert part["consumesCounters"][0]["counters"]["memory-slice-3"] == {"value": "1"}


@pytest.mark.slow
def test_a_gpu_that_cannot_be_read_is_named_and_the_others_are_printed(
    fake_nvml: Callable[[str], Any],
) -> None:
    with fake_nvml("dgx-b200") as node:
        node.control("lose", 5)
        done = run("devices", **node.environment)
    assert len(done.stdout.splitlines()) == 7
    assert "NVML cannot read GPU 5" in done.stderr
