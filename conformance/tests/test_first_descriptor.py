"""A first descriptor from a driver that runs, and the doctor that says whether it can be judged."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from dra_conformance.doctor import doctor
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.errors import UsageError
from dra_conformance.first_descriptor import Running, ask, descriptor_of, general, placeholder
from dra_conformance.harness.factory import Environment, HarnessFactory

REGISTRY = Path("/var/lib/kubelet/plugins_registry")


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (["d", "--node-name=n1"], ["d", "--node-name={node}"]),
        (["d", "--kubeconfig", "/etc/k"], ["d", "--kubeconfig", "{kubeconfig}"]),
        (["d", "--cdi-root=/var/run/cdi"], ["d", "--cdi-root={cdi_dir}"]),
        (
            ["d", "--kubelet-registrar-directory-path=/x"],
            ["d", "--kubelet-registrar-directory-path={registry_dir}"],
        ),
        (
            ["d", "--kubelet-plugins-directory-path=/y"],
            ["d", "--kubelet-plugins-directory-path={plugins_dir}"],
        ),
        (["d", f"--where={REGISTRY}"], ["d", "--where={registry_dir}"]),
        (["d", "--kubelet-root-dir=/var/lib/kubelet"], ["d", "--kubelet-root-dir={plugins_dir}/.."]),
        (["d", "--state=/var/lib/kubelet/mine"], ["d", "--state=/var/lib/kubelet/mine"]),
        (["d", "--bind-address", ":8080"], ["d", "--bind-address", "{metrics_address}"]),
        (["d", "--json={a}", "-v", "4"], ["d", "--json={{a}}", "-v", "4"]),
        (["d", "--cdi", "--verbose"], ["d", "--cdi", "--verbose"]),
    ],
)
def test_values_of_this_node_become_placeholders(command: list[str], wanted: list[str]) -> None:
    known = {str(REGISTRY): "{registry_dir}", str(REGISTRY.parent): "{plugins_dir}/.."}
    assert general(command, known) == wanted


def test_of_the_environment_only_placeholders_are_taken_and_the_rest_is_named() -> None:
    running = Running(
        "gpu.example.com", ("v1.DRAPlugin",), ("d",), {"NODE_NAME": "n1", "API_TOKEN": "s3cret"}
    )
    text = descriptor_of(running, REGISTRY)
    assert "s3cret" not in text
    assert "# Variables of the process that are not here: API_TOKEN." in text
    assert "# {cdi_dir} is used nowhere" in text
    assert yaml.safe_load(text)["start"]["environment"] == {"NODE_NAME": "{node}"}
    assert placeholder("--health-port") == ""
    assert placeholder("NODE_EXTRA_CA_CERTS") == ""
    assert "{plugins_dir}/mine" in descriptor_of(
        Running("x.example.com", (), ("d", "--data=/var/lib/kubelet/plugins/mine"), {}), REGISTRY
    )


def test_a_driver_that_is_given_the_kubelets_root_needs_no_registry() -> None:
    command = ("d", f"--kubelet-root-dir={REGISTRY.parent}")
    text = descriptor_of(Running("x.example.com", (), command, {}), REGISTRY)
    assert "# {registry_dir} is used nowhere" not in text
    assert "# {cdi_dir} is used nowhere" in text


def test_no_driver_is_one_message(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="wanted one DRA driver, found none"):
            ask(folder, "")


@pytest.mark.slow
def test_the_descriptor_of_a_running_driver_describes_it(tmp_path: Path) -> None:
    control = load_descriptor("control")
    path = tmp_path / "driver.yaml"
    with HarnessFactory(control, Environment()) as factory, ExitStack() as stack:
        harness = factory.make(stack)
        harness.start()
        registry = harness.kubelet.socket().parent
        command = [
            sys.executable,
            "-m",
            "dra_conformance",
            "init",
            "--registry",
            str(registry),
            "--output",
            str(path),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        assert "driver widget.dra-conformance.dev" in done.stdout
        again = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert (again.returncode, "exists; choose another file" in again.stderr) == (2, True)
    made = load_descriptor(str(path))
    assert made.driver == control.driver
    for argument in ("--node-name={node}", "--kubeconfig={kubeconfig}", "--cdi-dir={cdi_dir}"):
        assert argument in made.start.command


@pytest.mark.slow
def test_the_doctor_passes_a_good_driver(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("control") == 0
    said = capsys.readouterr().out.splitlines()
    assert [line[:4] for line in said[:-1]] == ["ok  "] * 8
    assert said[-1] == "Next: dra-conformance run control"


@pytest.mark.slow
def test_the_doctor_says_what_is_wrong_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {
        "schema": "dra-conformance/driver/v1",
        "name": "bad",
        "driver": "bad.example.com",
        "start": {"command": ["sh", "-c", "echo unknown flag >&2; exit 5"]},
        "deviceClass": {"name": "bad"},
        "budgets": {"startSeconds": 0.5},
    }
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump(document))
    assert doctor(str(path)) == 1
    said = capsys.readouterr().out
    assert "FAIL  start and registration" in said
    assert "unknown flag" in said
    assert "Start it by hand with the same arguments" in said
