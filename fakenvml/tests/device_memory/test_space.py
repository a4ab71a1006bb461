"""Addresses and memory of one process, through libcuda.so.1: what may be mapped where, and what is in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cuda_process import (
    FABRIC,
    INVALID_CONTEXT,
    INVALID_DEVICE,
    INVALID_VALUE,
    NO_HANDLE,
    NOT_SUPPORTED,
    OUT,
    OUT_OF_MEMORY,
    READ_ONLY,
    SIZE,
    SUCCESS,
    CudaProcess,
    access,
    container,
    data,
    needs_mounts,
    prop,
)

from fake_nvml.session import Session

pytestmark = [pytest.mark.slow, needs_mounts]
PATTERN = bytes(range(256)) * 2048
"""Half a mebibyte: more than one step of a copy."""


@pytest.fixture(scope="module")
def tray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Path]]:
    """A tray of a rack, and its driver root."""
    folder = tmp_path_factory.mktemp("space")
    with Session("gb200-nvl72", folder / "node", driver_root=folder / "root") as session:
        yield session, folder / "root"


@pytest.fixture
def program(tray: tuple[Session, Path]) -> Iterator[CudaProcess]:
    with container(*tray) as process:
        yield process


@pytest.fixture(scope="module")
def survivor(tray: tuple[Session, Path]) -> Iterator[CudaProcess]:
    """A process that lives through all wrong values."""
    with container(*tray) as process:
        yield process


def test_what_is_copied_to_the_device_is_read_back_and_the_rest_is_zero(program: CudaProcess) -> None:
    address = program.mapped(program.create())
    program.write(address + 4096, PATTERN)
    assert program.read(address + 4000, 96 + len(PATTERN) + 8) == bytes(96) + PATTERN + bytes(8)


def test_memory_of_cuMemAlloc_has_contents_too(program: CudaProcess) -> None:
    first, second = (int(program.call("cuMemAlloc_v2", OUT, 3 << 20)) for _ in range(2))
    program.write(first + 5, b"abc")
    program.call("cuMemcpyDtoD_v2", second, first + 4, 5)
    assert program.read(second, 5) == b"\0abc\0"
    assert program.code("cuMemcpyDtoH_v2", ("room", 16), first + (4 << 20) - 8, 16) == SUCCESS  # the next one
    assert program.code("cuMemcpyDtoH_v2", ("room", 16), second + (4 << 20) - 8, 16) == INVALID_VALUE


def test_memory_that_is_mapped_twice_is_the_same(program: CudaProcess) -> None:
    handle = program.create()
    first, second = program.mapped(handle), program.mapped(handle)
    program.write(first, b"seen")
    assert (first != second, program.read(second, 4)) == (True, b"seen")


def test_a_copy_goes_over_the_border_of_two_mappings(program: CudaProcess) -> None:
    address = int(program.call("cuMemAddressReserve", OUT, 2 * SIZE, 0, 0, 0))
    for place in (address, address + SIZE):
        program.call("cuMemMap", place, SIZE, 0, program.create(), 0)
    program.call("cuMemSetAccess", address, 2 * SIZE, access(), 1)
    program.write(address + SIZE - 2, b"abcd")
    assert program.read(address + SIZE - 2, 4) == b"abcd"


def test_addresses_without_access_are_refused(program: CudaProcess) -> None:
    address = int(program.call("cuMemAddressReserve", OUT, SIZE, 0, 0, 0))
    read = ("cuMemcpyDtoH_v2", ("room", 4), address, 4)
    assert program.code(*read) == INVALID_VALUE
    program.call("cuMemMap", address, SIZE, 0, program.create(), 0)
    assert program.code(*read) == INVALID_VALUE
    program.call("cuMemSetAccess", address, SIZE, access(flags=READ_ONLY), 1)
    assert program.code(*read) == SUCCESS
    assert program.code("cuMemcpyHtoD_v2", address, data(b"abcd"), 4) == INVALID_VALUE
    program.call("cuMemUnmap", address, SIZE)
    assert program.code(*read) == INVALID_VALUE


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("cuMemCreate", (OUT, SIZE + 1, prop(), 0), INVALID_VALUE),
        ("cuMemCreate", (OUT, 0, prop(), 0), INVALID_VALUE),
        ("cuMemCreate", (OUT, SIZE, prop(), 1), INVALID_VALUE),
        ("cuMemCreate", (OUT, SIZE, prop(kind=2), 0), INVALID_VALUE),
        ("cuMemCreate", (OUT, SIZE, prop(handle_types=16), 0), INVALID_VALUE),
        ("cuMemCreate", (OUT, SIZE, prop(location=2), 0), NOT_SUPPORTED),
        ("cuMemCreate", (OUT, SIZE, prop(9), 0), INVALID_DEVICE),
        ("cuMemCreate", (OUT, SIZE, prop(-1), 0), INVALID_DEVICE),
        ("cuMemCreate", (OUT, SIZE, prop(1), 0), INVALID_CONTEXT),
        ("cuMemCreate", (OUT, SIZE, None, 0), INVALID_VALUE),
        ("cuMemCreate", (None, SIZE, prop(), 0), INVALID_VALUE),
        ("cuMemCreate", (OUT, 1 << 40, prop(), 0), OUT_OF_MEMORY),
        ("cuMemRelease", (12345,), INVALID_VALUE),
        ("cuMemAddressReserve", (OUT, 4097, 0, 0, 0), INVALID_VALUE),
        ("cuMemAddressReserve", (OUT, SIZE, 3, 0, 0), INVALID_VALUE),
        ("cuMemAddressReserve", (OUT, 1 << 50, 0, 0, 0), OUT_OF_MEMORY),
        ("cuMemAddressFree", (0x1000, SIZE), INVALID_VALUE),
        ("cuMemMap", (0x1000, SIZE, 0, 1, 0), INVALID_VALUE),
        ("cuMemUnmap", (0x1000, SIZE), INVALID_VALUE),
        ("cuMemSetAccess", (0x1000, SIZE, access(), 1), INVALID_VALUE),
        ("cuMemSetAccess", (0x1000, SIZE, None, 1), INVALID_VALUE),
        ("cuMemExportToShareableHandle", (None, 1, FABRIC, 0), INVALID_VALUE),
        ("cuMemExportToShareableHandle", (("room", 64), 1, 1, 0), NOT_SUPPORTED),
        ("cuMemImportFromShareableHandle", (OUT, None, FABRIC), INVALID_VALUE),
        ("cuMemImportFromShareableHandle", (OUT, data(bytes(64)), 1), NOT_SUPPORTED),
        ("cuMemcpyDtoH_v2", (("room", 8), 0, 8), INVALID_VALUE),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_the_code_of_the_driver_api(
    survivor: CudaProcess, name: str, arguments: tuple[object, ...], code: int
) -> None:
    assert survivor.code(name, *arguments) == code
    assert survivor.code("cuCtxSynchronize") == SUCCESS


def test_a_mapping_keeps_to_its_reservation_and_its_memory(program: CudaProcess) -> None:
    address = int(program.call("cuMemAddressReserve", OUT, 2 * SIZE, 0, 0, 0))
    small, large = program.create(), program.create(size=2 * SIZE)
    assert program.code("cuMemMap", address, 2 * SIZE, 0, small, 0) == INVALID_VALUE
    assert program.code("cuMemMap", address + SIZE, 2 * SIZE, 0, large, 0) == INVALID_VALUE
    assert program.code("cuMemMap", address + 4096, SIZE, 0, small, 0) == INVALID_VALUE
    assert program.code("cuMemMap", address, SIZE, SIZE, large, 0) == SUCCESS
    assert program.code("cuMemMap", address, SIZE, 0, small, 0) == INVALID_VALUE
    assert program.code("cuMemAddressFree", address, 2 * SIZE) == INVALID_VALUE
    assert program.code("cuMemUnmap", address, SIZE) == SUCCESS
    assert program.code("cuMemAddressFree", address, 2 * SIZE) == SUCCESS


def test_memory_is_free_when_its_handle_and_its_mapping_are_gone(program: CudaProcess) -> None:
    before = program.call("cuMemGetInfo_v2", OUT, OUT)
    handle = program.create()
    address = program.mapped(handle)
    assert program.call("cuMemGetInfo_v2", OUT, OUT) == before - SIZE
    program.call("cuMemRelease", handle)
    program.write(address, b"still there")
    assert program.call("cuMemGetInfo_v2", OUT, OUT) == before - SIZE
    program.call("cuMemUnmap", address, SIZE)
    assert program.call("cuMemGetInfo_v2", OUT, OUT) == before


def test_memory_without_a_handle_type_is_not_exported(program: CudaProcess) -> None:
    plain = int(program.call("cuMemCreate", OUT, SIZE, prop(handle_types=NO_HANDLE), 0))
    assert program.code("cuMemExportToShareableHandle", ("room", 64), plain, FABRIC, 0) == INVALID_VALUE
