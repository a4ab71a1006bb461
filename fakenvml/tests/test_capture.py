"""What nvidia-smi printed on a real machine is compared with a fake one."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from fake_nvml import capture
from fake_nvml.cli import main
from fake_nvml.errors import UsageError
from fake_nvml.programs import report_board
from fake_nvml.programs.report_tree import Item, as_text, as_xml
from fake_nvml.session import Session

RULES = capture.Leaves(
    identifiers=("uuid",),
    readings=("utilization/*",),
    explained=(capture.Explanation("mode", "a setting", "dgx-*"),),
)


def log(*leaves: str) -> capture.Capture:
    """A capture of one GPU."""
    text = (
        f"<nvidia_smi_log><driver_version>1.2</driver_version><gpu>{''.join(leaves)}</gpu></nvidia_smi_log>"
    )
    return capture.read(text.encode(), "log")


def kinds(real: capture.Capture, fake: capture.Capture, machine: str = "dgx-h100") -> dict[str, str]:
    return {leaf.path: leaf.kind for leaf in capture.compare(real, fake, machine, RULES)}


def test_each_leaf_gets_one_kind() -> None:
    real = log(
        "<a>1</a><b>1</b><c>1</c><uuid>x</uuid><mode>On</mode><utilization><gpu>9 %</gpu></utilization>"
    )
    fake = log("<a>1</a><b>2</b><uuid>y</uuid><mode>Off</mode><utilization><gpu>0 %</gpu></utilization>")
    assert kinds(real, fake) == {
        "a": "agrees",
        "b": "differs",
        "c": "not printed",
        "uuid": "identifier",
        "mode": "explained",
        "utilization/gpu": "reading",
    }


def test_an_explanation_is_for_the_machines_that_it_names() -> None:
    assert kinds(log("<mode>On</mode>"), log("<mode>Off</mode>"), "t4") == {"mode": "differs"}


def test_equal_tags_are_numbered_in_their_order() -> None:
    assert log("<s><c>1</c><c>2</c></s>").gpus == ({"s/c[0]": "1", "s/c[1]": "2"},)


def test_a_gpu_that_the_fake_lacks_prints_nothing() -> None:
    two = capture.Capture("1.2", ({"a": "1"}, {"a": "1"}))
    assert [leaf.kind for leaf in capture.compare(two, log("<a>1</a>"), "t4", RULES)] == [
        "agrees",
        "not printed",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("no xml", "is not XML"),
        ("<other/>", "wanted <nvidia_smi_log>"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><nvidia_smi_log/>', "declares XML entities"),
    ],
)
def test_what_is_no_capture_is_a_usage_error(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "capture.xml"
    path.write_text(content)
    with pytest.raises(UsageError, match=why):
        capture.read_file(path)


def test_a_capture_that_is_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory; wanted the output of: nvidia-smi -q -x"):
        capture.read_file(tmp_path)


def test_a_capture_that_is_too_large_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "capture.xml"
    path.write_bytes(b" " * (capture.SIZE_MAX + 1))
    with pytest.raises(UsageError, match="has more than 16 MiB"):
        capture.read_file(path)


def test_every_explanation_has_a_reason() -> None:
    assert all(len(each.why) > 10 for each in capture.rules().explained)


@pytest.mark.slow
def test_the_fake_agrees_with_itself_and_the_command_names_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = capture.fake_capture("t4")
    assert {leaf.kind for leaf in capture.compare(fake, fake, "t4", capture.rules())} == {"agrees"}
    assert fake.gpus[0]["product_architecture"] == report_board.ARCHITECTURES[6]
    path = tmp_path / "capture.xml"
    path.write_text(
        "<nvidia_smi_log><gpu><product_name>Tesla T5</product_name><compute_mode>Default</compute_mode></gpu></nvidia_smi_log>"
    )
    monkeypatch.setattr("sys.argv", ["fake-nvml", "compare", str(path), "--machine", "t4"])
    assert main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "product_name  (GPU 0)",
        "  real   Tesla T5",
        "  fake   Tesla T4",
        "1 differs, 1 agrees",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("machine", "path", "text"),
    [
        # captures of 580.105.08 (H100, B200), 580.173.02 (GB200), 595.91.07 (L40S, T4), 615.23 (Rubin)
        ("dgx-h100", "display_mode", "Requested functionality has been deprecated"),
        ("dgx-h100", "applications_clocks/graphics_clock", "1980 MHz"),
        ("dgx-h100", "addressing_mode", "HMM"),
        ("dgx-h100", "temperature/gpu_temp_max_tlimit_threshold", "-8 C"),
        ("dgx-h100", "ecc_errors/aggregate_uncorrectable_sram_sources/sram_l2", "0"),
        ("dgx-b200", "pci/atomic_caps_outbound", "FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64"),
        ("gb200-nvl72", "module_power_readings/max_power_limit", "2500.00 W"),
        ("gb200-nvl72", "multigpu_board", "No"),
        ("gb200-nvl72", "fabric/health/bandwidth", "Full"),
        ("l40s", "remapped_rows/row_remapper_histogram/row_remapper_histogram_max", "192 bank(s)"),
        ("l40s", "applications_clocks/graphics_clock", "Requested functionality has been deprecated"),
        ("l40s", "c2c_mode", "N/A"),
        ("t4", "ecc_errors/volatile/sram_uncorrectable", "0"),
        ("t4", "gpu_power_readings/power_state", "Requested functionality has been deprecated"),
        ("vr200-nvl72", "fb_memory_usage/total", "286524 MiB"),
        ("vr200-nvl72", "fabric/health/gfm_state", "Connected"),
        ("vr200-nvl72", "capabilities/egm", "enabled"),
        ("vr200-nvl72", "remapped_banks/bank_remapper_histogram/bank_remapper_histogram_max", "252 group(s)"),
        ("gb200-nvl72", "remapped_rows/remapped_row_unc_inactive", "0"),
        ("dgx-b200", "platformInfo/host_id", "1"),
        ("dgx-b200", "platformInfo/gpu_fabric_guid", "0x0000000000000002"),
        ("gb200-nvl72", "platformInfo/gpu_fabric_guid", "0x0000000000000001"),
        ("dgx-h100", "platformInfo/module_id", "7"),
        ("dgx-h100", "sparse_operation_mode", "Disabled"),
        ("dgx-h100", "gpu_part_number", "2330-885-A1"),
        ("l40s", "temperature/memory_temp", "N/A"),
        ("l40s", "edpp_multiplier", "N/A"),
        # captures of 590.48.01 in the tests of nvidia_gpu_exporter (H100, H200)
        ("dgx-h100", "edpp_multiplier", "100.00%"),
        ("dgx-h100", "ecc_errors/unrepairable_memory", "No"),
        ("dgx-h200", "vbios_version", "96.00.A5.00.03"),
        ("dgx-h200", "fb_memory_usage/reserved", "614 MiB"),
        ("dgx-h200", "temperature/memory_temp", "32 C"),
        ("dgx-h200", "remapped_rows/row_remapper_histogram/row_remapper_histogram_max", "3072 bank(s)"),
    ],
)
def test_machines_print_what_captures_of_real_ones_have(
    captures: dict[str, capture.Capture], machine: str, path: str, text: str
) -> None:
    if machine not in captures:
        captures[machine] = capture.fake_capture(machine)
    assert captures[machine].gpus[0][path] == text


@pytest.mark.slow
def test_application_clocks_are_deprecated_since_driver_590() -> None:
    found = [
        capture.fake_capture("dgx-h100", driver=driver).gpus[0]["applications_clocks/mem_clock"]
        for driver in ("580.105.08", "590.48.01")
    ]
    assert found == ["2619 MHz", "Requested functionality has been deprecated"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("machine", "rows"),
    [
        # captures of 590.48.01: total, used and window of BAR1, MiB
        ("dgx-h100", ["40448 26 24739", "20096 17 12369", "9984 9 6184"]),
        ("dgx-h200", ["71424 26 59237", "33280 17 29618", "16384 9 14809"]),
    ],
)
def test_idle_mig_devices_have_the_memory_and_the_window_of_captured_ones(
    tmp_path: Path, become_client: Callable[[Session], ModuleType], machine: str, rows: list[str]
) -> None:
    with Session(machine, tmp_path / "node") as session:
        nvml = become_client(session)
        gpu = nvml.nvmlDeviceGetHandleByIndex(0)
        nvml.nvmlDeviceSetMigMode(gpu, 1)
        for profile in (9, 14, 19):
            nvml.nvmlGpuInstanceCreateComputeInstance(nvml.nvmlDeviceCreateGpuInstance(gpu, profile), 0)
        devices = [nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, number) for number in range(3)]
        memory = [
            (nvml.nvmlDeviceGetMemoryInfo(each), nvml.nvmlDeviceGetBAR1MemoryInfo(each)) for each in devices
        ]
    assert [f"{m.total >> 20} {-(-m.used >> 20)} {w.bar1Total >> 20}" for m, w in memory] == rows


def test_a_gpu_in_mig_mode_counts_what_its_instances_use_and_no_remapped_rows(
    tmp_path: Path, become_client: Callable[[Session], ModuleType]
) -> None:
    """Captures of H100 on 590.48.01 without and with MIG: 59 MiB used, rows N/A, the histogram as before."""
    with Session("dgx-h100", tmp_path / "node") as session:
        nvml = become_client(session)
        gpu = nvml.nvmlDeviceGetHandleByIndex(0)
        before = nvml.nvmlDeviceGetRowRemapperHistogram(gpu).max, tuple(nvml.nvmlDeviceGetRemappedRows(gpu))
        nvml.nvmlDeviceSetMigMode(gpu, 1)
        for profile in (9, 14, 19, 19):
            nvml.nvmlDeviceCreateGpuInstance(gpu, profile)
        used = nvml.nvmlDeviceGetMemoryInfo(gpu, version=nvml.nvmlMemory_v2).used
        with pytest.raises(nvml.NVMLError_NotSupported, match="Not Supported"):
            nvml.nvmlDeviceGetRemappedRows(gpu)
        assert (nvml.nvmlDeviceGetRowRemapperHistogram(gpu).max, before) == (2560, (2560, (0, 0, 0, 0)))
    assert -(-used >> 20) == 59


def test_text_and_xml_write_some_rows_in_different_ways() -> None:
    """As in captures: numbers of PCI with 0x, reasons below their heading, retired pages without their list."""
    rows = (
        Item("Device Id", "pci_device_id", "233010DE", "0x233010DE"),
        Item("HW Thermal Slowdown", "hw_thermal_slowdown", "Not Active", deeper=True),
        Item("Single Bit ECC", "single", (Item("Retired Count", "count", "0"),), text="0"),
    )
    assert [" ".join(line.split()) for line in as_text(rows)] == [
        "Device Id : 0x233010DE",
        "HW Thermal Slowdown : Not Active",
        "Single Bit ECC : 0",
    ]
    assert [len(line) - len(line.lstrip()) for line in as_text(rows)] == [4, 8, 4]
    assert [line.strip() for line in as_xml(rows)] == [
        "<pci_device_id>233010DE</pci_device_id>",
        "<hw_thermal_slowdown>Not Active</hw_thermal_slowdown>",
        "<single>",
        "<count>0</count>",
        "</single>",
    ]


def test_a_wildcard_hides_no_row_that_the_fake_prints() -> None:
    """Module ids and minor numbers are facts of the machine, not of one specimen."""
    rules = capture.rules()
    real = log("<platformInfo><module_id>1</module_id></platformInfo>", "<minor_number>0</minor_number>")
    fake = log("<platformInfo><module_id>2</module_id></platformInfo>", "<minor_number>1</minor_number>")
    assert {leaf.kind for leaf in capture.compare(real, fake, "dgx-h100", rules)} == {"differs"}


@pytest.fixture(scope="module")
def captures() -> dict[str, capture.Capture]:
    """What the machines printed so far: each is started once."""
    return {}
