"""A disk that takes no CDI file: an error for each claim that says what to do, and everything else goes on."""

import resource
from pathlib import Path

import pytest
from claim_service import Reader, cdi_names, claim, make_service, ref

from dra_driver.errors import EnvironmentFault

READ_ONLY = Path("/sys/kernel")
"""A folder in which not even root can make a file."""


def reader() -> Reader:
    return Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-1", name="b"))


async def test_a_read_only_cdi_folder_is_said_for_each_claim_and_nothing_stays_recorded(
    tmp_path: Path,
) -> None:
    (tmp_path / "cdi").symlink_to(READ_ONLY)
    service = make_service(tmp_path, reader())
    for name, uid in (("a", "u1"), ("b", "u2")):
        with pytest.raises(EnvironmentFault, match=r"cannot write CDI file .*make the folder writable"):
            await service.prepare(ref(name, uid))
    assert service.prepared == 0
    (tmp_path / "cdi").unlink()
    (tmp_path / "cdi").mkdir()
    await service.prepare(ref("a", "u1"))
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u1.json"]


async def test_a_full_disk_fails_that_claim_and_leaves_the_prepared_ones(tmp_path: Path) -> None:
    service = make_service(tmp_path, reader())
    before = await service.prepare(ref("a", "u1"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))  # writes beyond it fail, as on a full disk
    try:
        with pytest.raises(EnvironmentFault, match=r"cannot write CDI file .*; free the disk or"):
            await service.prepare(ref("b", "u2"))
        assert await service.prepare(ref("a", "u1")) == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u1.json"]
    await service.prepare(ref("b", "u2"))
