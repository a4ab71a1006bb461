"""Machines and boards: what is shipped holds together, and a mistake in a user's file is reported with its place."""

from pathlib import Path

import msgspec
import pytest

from fake_nvml.errors import UsageError
from fake_nvml.machines import load, names, with_driver

BOARDS = {
    "dgx-a100": ("NVIDIA A100-SXM4-40GB", 8, 40960),
    "dgx-h100": ("NVIDIA H100 80GB HBM3", 8, 81559),
    "dgx-h200": ("NVIDIA H200", 8, 143771),
    "dgx-b200": ("NVIDIA B200", 8, 183359),
    "hgx-b300": ("NVIDIA B300 SXM6 AC", 8, 275040),
    "gb200-nvl72": ("NVIDIA GB200", 4, 189471),
    "gb300-nvl72": ("NVIDIA GB300", 4, 284208),
    "rtx-pro-6000": ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 8, 97887),
    "vr200-nvl72": ("NVIDIA VR200", 4, 286524),
    "l40s": ("NVIDIA L40S", 4, 46068),
    "t4": ("Tesla T4", 4, 15360),
}
OWN = """\
schema: fake-nvml/machine/v1
name: mine
description: one GPU
source: me
confidence: assumed
board: t4
driver: {version: 595.91.07, nvml: 13.595.91.07, cuda: 13020, branch: r595_00}
cpus: {sockets: 1, cores_per_socket: 8}
fabric: {state: 0, clique: 0, cluster_uuid: 00000000-0000-0000-0000-000000000000, health_summary: 0}
gpus:
- {bus: 1, module: 1, numa: 0}
"""


@pytest.mark.parametrize("name", BOARDS)
def test_a_machine_has_its_published_figures(name: str) -> None:
    machine, board = load(name)
    assert (board.identity.name, len(machine.gpus), board.memory.total_mib) == BOARDS[name]


@pytest.mark.parametrize("name", names())
def test_what_a_machine_says_of_its_mig_table_adds_up(name: str) -> None:
    _, board = load(name)
    for profile in board.mig.profiles if board.mig else ():
        assert board.mig is not None
        assert all(start + profile.size <= board.mig.memory_slices for start in profile.starts)
        assert profile.max <= len(profile.starts)
        assert profile.memory_mib <= board.memory.total_mib
        assert profile.multiprocessors <= board.compute.multiprocessors


def test_profiles_that_nobody_published_are_labelled() -> None:
    _, rubin = load("vr200-nvl72")
    _, b200 = load("dgx-b200")
    assert rubin.mig is not None
    assert b200.mig is not None
    assert {profile.confidence for profile in rubin.mig.profiles} == {"assumed"}
    assert b200.mig.profiles[0].confidence == "documented"


@pytest.mark.parametrize("name", ["gb200-nvl72", "gb300-nvl72", "vr200-nvl72"])
def test_the_trays_of_a_rack_are_one_domain_of_72_different_gpus(name: str) -> None:
    trays = [load(name, node)[0] for node in range(18)]
    assert len({tray.fabric.cluster_uuid for tray in trays}) == 1
    assert len({tray.gpu_uuid(index) for tray in trays for index in range(4)}) == 72


def test_a_tray_that_is_not_there_is_refused_with_the_known_range() -> None:
    with pytest.raises(UsageError, match="wanted a node from 0 to 17, found 18"):
        load("gb200-nvl72", 18)


def test_a_machine_that_is_no_rack_has_one_node() -> None:
    with pytest.raises(UsageError, match="wanted a node from 0 to 0, found 1"):
        load("dgx-b200", 1)


@pytest.mark.parametrize(
    ("wrong", "right", "reported"),
    [
        ("bus: 1", "bus: one", r"line 11: Expected `int`, got `str` - at `\$.gpus\[0\].bus`"),
        ("board: t4", "board: t5", "unknown board 't5'; there are: .*t4"),
        ("cpus:", "cpu:", "unknown field"),
        ("name: mine\n", "", "line 1: Object missing required field `name`"),
        ("machine/v1", "machine/v9", "line 1: schema: wanted fake-nvml/machine/v1"),
        ("gpus:\n", "gpus: [\n", "not YAML"),
    ],
)
def test_a_malformed_machine_file_names_the_line_and_the_field(
    tmp_path: Path, wrong: str, right: str, reported: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN.replace(wrong, right))
    with pytest.raises(UsageError, match=reported):
        load(str(path))


def test_a_file_of_ones_own_is_a_machine_and_may_bring_its_board(tmp_path: Path) -> None:
    _, board = load("t4")
    (tmp_path / "mine.yaml").write_text(OWN.replace("board: t4", "board: t4-plus"))
    changed = msgspec.to_builtins(board)
    changed["identity"]["name"] = "Tesla T4 Plus"
    (tmp_path / "t4-plus.yaml").write_bytes(msgspec.yaml.encode(changed))
    assert load(str(tmp_path / "mine.yaml"))[1].identity.name == "Tesla T4 Plus"


def test_a_machine_file_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="wanted a YAML file, found none"):
        load("./nowhere.yaml")


def test_the_driver_can_be_another_one() -> None:
    machine = with_driver(load("dgx-h100")[0], "535.261.03")
    assert (machine.driver.nvml, machine.driver.cuda) == ("12.535.261.03", 12020)


@pytest.mark.parametrize(
    ("version", "cuda", "branch"),
    [
        ("555.58.02", 12050, "r555_00"),
        ("590.48.01", 13010, "r590_00"),
        ("595.80", 13020, "r595_00"),
        ("610.57.04", 13030, "r610_00"),
    ],
)
def test_a_full_driver_version_selects_its_branch(version: str, cuda: int, branch: str) -> None:
    driver = with_driver(load("dgx-h100")[0], version).driver
    assert (driver.version, driver.cuda, driver.branch) == (version, cuda, branch)


def test_a_driver_of_an_unknown_branch_is_refused() -> None:
    with pytest.raises(UsageError, match="of one of the branches 525, 530, 535, 545, 550, 555"):
        with_driver(load("dgx-h100")[0], "999.10.01")


@pytest.mark.parametrize("name", ["gb200-nvl72", "gb300-nvl72", "vr200-nvl72"])
def test_the_gpus_of_a_superchip_share_a_serial_number(name: str) -> None:
    machine = load(name)[0]
    serials = [machine.serial(index) for index in range(4)]
    assert serials[0] == serials[1] != serials[2] == serials[3]
