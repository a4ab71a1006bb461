"""The Helm chart of the fake GPU node, rendered by the real helm: it says what the manifest that kind clusters get says."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from go_program import go_program

from dra_clusters.kind import gpus

pytestmark = pytest.mark.slow
CHART = Path(__file__).parents[1] / "fakenvml/deploy/chart"


@pytest.fixture(scope="module")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_program("helm.sh/helm/v3", "v3.22.0", "helm", tmp_path_factory.mktemp("build"))


def template(helm: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """What ``helm template`` does with FLAGS."""
    command = [str(helm), "template", "gpus", str(CHART), "--kube-version", "1.34.0", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def pod_spec(document: Any) -> Any:
    """The pod of a DaemonSet, without what only the chart or only the manifest chooses."""
    spec = document["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    for name in ("image", "resources"):
        container.pop(name, None)
    container["env"] = {variable["name"]: variable.get("value") for variable in container["env"]}
    return spec


def test_the_chart_and_the_manifest_run_the_same_pod(helm: Path) -> None:
    done = template(helm, "--set", "machine=gb200-nvl72", "--set", "nodeNames={a,b}")
    assert done.returncode == 0, done.stderr
    of_chart = pod_spec(yaml.safe_load(done.stdout))
    assert of_chart == pod_spec(gpus.documents("gb200-nvl72", ["a", "b"])[-1])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("machines=t4", "additional properties 'machines' not allowed"),
        ("devDir=dev", "devDir.*does not match pattern"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(helm: Path, value: str, message: str) -> None:
    done = template(helm, "--set", value)
    assert done.returncode != 0
    assert re.search(message, done.stderr, re.DOTALL)
