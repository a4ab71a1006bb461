"""What ``nvidia-smi -q`` prints about errors of memory, and about pages, rows and banks that were replaced.

The layout is that of driver 580 (captures of 580.105.08).
"""

from typing import Any

import pynvml

from fake_nvml.programs.report_tree import (
    NA,
    Item,
    ask,
    driver_branch,
    field,
    filled,
    pair,
    shown,
    switch,
)

INACTIVE_ROWS = (301, 302)
"""NVML_FI_DEV_REMAPPED_ROWS_*_INACTIVE, which older bindings have no names for."""

BANK_FIELDS = (303, 304, 305, 306, 307)
"""Active and inactive remappings, groups with a spare bank and without, pending; since NVML 13.4."""
ROWS_OF_615 = 615


def errors(gpu: Any) -> list[Item]:
    """The rows about errors."""
    now, pending = pair(ask(pynvml.nvmlDeviceGetEccMode, gpu))
    return [
        Item(
            "ECC Mode",
            "ecc_mode",
            (Item("Current", "current_ecc", now), Item("Pending", "pending_ecc", pending)),
        ),
        ecc_errors(gpu),
        retired_pages(gpu),
        remapped_rows(gpu),
        *remapped_banks(gpu),
    ]


def ecc_errors(gpu: Any) -> Item:
    """Counters by lifetime and memory; boards with row remapping split the uncorrectable ones of SRAM by cause."""
    sram = filled(pynvml.c_nvmlEccSramErrorStatus_v1_t(), pynvml.nvmlDeviceGetSramEccErrorStatus, gpu)

    def counter(lifetime: int, kind: int, place: int) -> str:
        return shown(ask(pynvml.nvmlDeviceGetMemoryErrorCounter, gpu, kind, lifetime, place))

    def of(name: str) -> str:
        return NA if sram is None else str(getattr(sram, name))

    def uncorrectable(lifetime: int, prefix: str) -> list[Item]:
        if sram is None:  # Turing
            return [Item("SRAM Uncorrectable", "sram_uncorrectable", counter(lifetime, 1, 7))]
        return [
            Item("SRAM Uncorrectable Parity", "sram_uncorrectable_parity", of(f"{prefix}UncParity")),
            Item("SRAM Uncorrectable SEC-DED", "sram_uncorrectable_secded", of(f"{prefix}UncSecDed")),
        ]

    def rows(lifetime: int, prefix: str) -> list[Item]:
        return [
            Item("SRAM Correctable", "sram_correctable", counter(lifetime, 0, 7)),
            *uncorrectable(lifetime, prefix),
            Item("DRAM Correctable", "dram_correctable", counter(lifetime, 0, 2)),
            Item("DRAM Uncorrectable", "dram_uncorrectable", counter(lifetime, 1, 2)),
        ]

    exceeded = NA if sram is None else switch(sram.bThresholdExceeded, "Yes", "No")
    buckets = (("L2", "L2"), ("SM", "Sm"), ("Microcontroller", "Mcu"), ("PCIE", "Pcie"), ("Other", "Other"))
    repair = ask(pynvml.nvmlDeviceGetRepairStatus, gpu)
    return Item("ECC Errors", "ecc_errors", (
        Item("Volatile", "volatile", tuple(rows(0, "volatile"))),
        Item("Aggregate", "aggregate", (*rows(1, "aggregate"), Item("SRAM Threshold Exceeded", "sram_threshold_exceeded", exceeded))),
        Item("Aggregate Uncorrectable SRAM Sources", "aggregate_uncorrectable_sram_sources", tuple(
            Item(f"SRAM {label}", f"sram_{label.lower()}", of(f"aggregateUncBucket{name}")) for label, name in buckets
        )),
        Item("Channel Repair Pending", "channel_repair_pending", NA if repair is None else switch(repair[0], "Yes", "No")),
        Item("TPC Repair Pending", "tpc_repair_pending", NA if repair is None else switch(repair[1], "Yes", "No")),
        Item("Unrepairable Memory", "unrepairable_memory", switch(_unrepairable(gpu), "Yes", "No")),
    ))  # fmt: skip


def _unrepairable(gpu: Any) -> Any:
    call = getattr(pynvml, "nvmlDeviceGetUnrepairableMemoryFlag_v1", None)  # since nvidia-ml-py 13.590
    return ask(call, gpu) if call is not None else None


def retired_pages(gpu: Any) -> Item:
    """Pages that are no longer used; boards with row remapping have none."""
    pending = ask(pynvml.nvmlDeviceGetRetiredPagesPendingStatus, gpu)
    kinds = (
        ("Single Bit ECC", "multiple_single_bit_retirement", 0),
        ("Double Bit ECC", "double_bit_retirement", 1),
    )
    found = []
    for label, tag, cause in kinds:
        pages = ask(lambda cause=cause: list(pynvml.nvmlDeviceGetRetiredPages(gpu, cause)))
        addresses = NA if pages is None else " ".join(f"0x{page:016x}" for page in pages)
        count = NA if pages is None else str(len(pages))
        found.append(Item(label, tag, (
            Item("Retired Count", "retired_count", count),
            Item("Retired Page List", "retired_pagelist", addresses),
        ), text=count))  # fmt: skip
    text = switch(pending, "Yes", "No")
    rows = (
        Item("Pending Page Blacklist", "pending_blacklist", text),
        Item("Pending Retirement", "pending_retirement", text),
    )
    return Item("Retired Pages", "retired_pages", (*found, *rows))


def remapped_rows(gpu: Any) -> Item:
    """Rows of memory that were replaced, and how many replacements banks have left."""
    rows = ask(pynvml.nvmlDeviceGetRemappedRows, gpu)
    if rows is None:
        return Item("Remapped Rows", "remapped_rows", NA)
    banks = ask(pynvml.nvmlDeviceGetRowRemapperHistogram, gpu)
    histogram = (
        Item(
            name.capitalize(),
            f"row_remapper_histogram_{name}",
            NA if banks is None else f"{getattr(banks, name)} bank(s)",
        )
        for name in ("max", "high", "partial", "low", "none")
    )
    inactive = [field(gpu, number) for number in INACTIVE_ROWS]  # in fields since 580.173
    return Item("Remapped Rows", "remapped_rows", (
        Item("Correctable Error", "remapped_row_corr", str(rows[0])),
        Item("Inactive Correctable Error", "remapped_row_corr_inactive", shown(inactive[0])),
        Item("Uncorrectable Error", "remapped_row_unc", str(rows[1])),
        Item("Inactive Uncorrectable Error", "remapped_row_unc_inactive", shown(inactive[1])),
        Item("Pending", "remapped_row_pending", switch(rows[2], "Yes", "No")),
        Item("Remapping Failure Occurred", "remapped_row_failure", switch(rows[3], "Yes", "No")),
        Item("Bank Remap Availability Histogram", "row_remapper_histogram", tuple(histogram)),
    ))  # fmt: skip


def remapped_banks(gpu: Any) -> list[Item]:
    """Banks of memory that were replaced whole: a row of driver 615 (capture of Rubin)."""
    active, waiting, spare, none_left, pending = (field(gpu, number) for number in BANK_FIELDS)
    if spare is None or driver_branch() < ROWS_OF_615:
        return []
    return [Item("Remapped Banks", "remapped_banks", (
        Item("Active Remappings", "bank_remapper_active_remappings", shown(active)),
        Item("Inactive Remappings", "bank_remapper_inactive_remappings", shown(waiting)),
        Item("Pending", "bank_remapper_pending", switch(pending, "Yes", "No")),
        Item("Bank Remap Availability Histogram", "bank_remapper_histogram", (
            Item("Max", "bank_remapper_histogram_max", f"{spare} group(s)"),
            Item("None", "bank_remapper_histogram_none", f"{none_left} group(s)"),
        )),
    ))]  # fmt: skip
