"""The real nvidia-smi, as Debian ships it for three driver branches, on our library; and our double beside it.

Where the packages cannot be had the tests are skipped with the reason, see ``debian``.
"""

import os
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from debian import RELEASES, fetch

COLUMNS = "index,name,uuid,memory.total,memory.used,mig.mode.current,temperature.gpu,power.draw,pci.bus_id,clocks.sm,pstate"
SETTLING = re.compile(r"\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}|\x1b\[\d+m")
"""The time of day and underlining, which differ from run to run."""


@pytest.fixture(scope="module", params=sorted(RELEASES))
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """(driver version, nvidia-smi)."""
    unpacked = fetch(tmp_path_factory.mktemp("smi"), "nvidia-smi", request.param)
    return request.param, unpacked / "usr/lib/nvidia/current/nvidia-smi"


def run(node: Any, program: Path | str, *arguments: str) -> tuple[int, str]:
    """(exit code, output without the time of day)."""
    done = subprocess.run(
        [str(program), *arguments],
        env=node.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode >= 0, f"{arguments} ended by signal {-done.returncode}"
    return done.returncode, SETTLING.sub("", done.stdout + done.stderr)


@pytest.mark.parametrize("machine", ["dgx-a100", "dgx-b200", "l40s"])
def test_every_view_of_the_real_program_works(
    real: tuple[str, Path], fake_nvml: Callable[..., Any], machine: str
) -> None:
    version, program = real
    with fake_nvml(machine, driver=version) as node:
        code, listed = run(node, program, "-L")
        assert (code, listed.count("(UUID: GPU-")) == (0, 4 if machine == "l40s" else 8)
        code, overview = run(node, program)
        assert (code, f"Driver Version: {version}" in overview) == (0, True)
        code, table = run(node, program, f"--query-gpu={COLUMNS}", "--format=csv")
        assert (code, "[Unknown Error]" in table) == (0, False)
        assert run(node, program, "topo", "-m")[0] == 0
        code, report = run(node, program, "-q", "-x")
        assert code == 0
        assert len(list(ET.fromstring(report).iter("gpu"))) == listed.count("(UUID: GPU-")


def test_the_real_program_divides_a_gpu(real: tuple[str, Path], fake_nvml: Callable[..., Any]) -> None:
    version, program = real
    with fake_nvml("dgx-h100", driver=version) as node:
        assert run(node, program, "-i", "0", "-mig", "1")[0] == 0
        assert "7/7" in run(node, program, "mig", "-i", "0", "-lgip")[1]
        code, text = run(node, program, "mig", "-i", "0", "-cgi", "19,9", "-C")
        assert (code, text.count("Successfully created")) == (0, 4)
        assert "13          6:1" in run(node, program, "mig", "-i", "0", "-lgi")[1]
        assert run(node, program, "-L")[1].count("(UUID: MIG-") == 2
        assert "40448MiB" in run(node, program)[1]
        code, report = run(node, program, "-q", "-x", "-i", "0")
        assert [mig.findtext("gpu_instance_id") for mig in ET.fromstring(report).iter("mig_device")] == [
            "1",
            "13",
        ]


@pytest.mark.skipif(os.geteuid() != 0, reason="both programs ask for root before they change a setting")
def test_our_double_prints_what_the_real_program_prints(
    real: tuple[str, Path], fake_nvml: Callable[..., Any], tmp_path: Path
) -> None:
    version, program = real
    if not version.startswith("550."):
        pytest.skip("the double has the forms of branch 550")
    script = [
        ["-L"], [], [f"--query-gpu={COLUMNS}", "--format=csv"], [f"--query-gpu={COLUMNS}", "--format=csv,noheader,nounits"],
        ["nvlink", "-s", "-i", "2"], ["mig", "-lgip"], ["mig", "-lgi"], ["-i", "0", "-mig", "1"], ["mig", "-i", "0", "-lgipp"],
        ["mig", "-i", "0", "-cgi", "14,9", "-C"], ["mig", "-i", "0", "-lgi"], ["mig", "-i", "0", "-lcip"], [], ["-L"],
        ["mig", "-i", "0", "-cgi", "0"], ["mig", "-i", "0", "-dgi"], ["mig", "-i", "0", "-dci"], ["mig", "-i", "0", "-dgi"],
        ["-i", "1", "-pl", "50"], ["-i", "1", "-pl", "400"], ["-i", "1", "-c", "3"], ["-i", "1", "-pm", "0"],
        ["--query-gpu=bogus"], ["--query-gpu=bogus", "--format=csv"],
    ]  # fmt: skip
    outputs = []
    for name in ("real", "double"):
        root = tmp_path / name / "root"
        with fake_nvml("dgx-h100", tmp_path / name, driver=version, driver_root=root) as node:
            chosen = program if name == "real" else root / "usr/bin/nvidia-smi"
            outputs.append([(arguments, *run(node, chosen, *arguments)) for arguments in script])
    theirs, ours = outputs
    # The real program asks the MIG device for its index where it means the GPU's: on hardware it prints the GPU's.
    theirs = [
        (arguments, code, re.sub(r"from GPU  \d", "from GPU  0", text)) for arguments, code, text in theirs
    ]
    differing = [(arguments, a, b) for (arguments, *a), (_, *b) in zip(theirs, ours, strict=True) if a != b]
    assert differing == []
