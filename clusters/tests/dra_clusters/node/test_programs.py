"""The programs of a real node: what is missing is named, all of it, with the remedy."""

from pathlib import Path

import pytest

from dra_clusters.errors import UsageError
from dra_clusters.node import programs


def program(path: Path, says: str) -> None:
    """A program that prints a version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o700)


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("containerd github.com/containerd/containerd/v2 2.1.9+unknown ", (2, 1)),
        ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+b1", (1, 6)),
        ("containerd containerd.io v1.7.24 88bf19b", (1, 7)),
        ("no version", (0,)),
    ],
)
def test_the_version_of_containerd_is_read_from_what_it_prints(
    tmp_path: Path, says: str, version: tuple[int, ...]
) -> None:
    program(tmp_path / "containerd", says)
    assert programs.containerd_version(tmp_path / "containerd") == version


def test_a_containerd_without_cdi_on_the_path_is_passed_over_for_that_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin/containerd", "containerd x 1.6.20 y")
    program(tmp_path / "cache/containerd/containerd", "containerd x 2.1.9 y")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert programs.find_containerd(tmp_path / "cache") == tmp_path / "cache/containerd"


def test_everything_that_is_missing_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "CNI_FOLDERS", ())
    with pytest.raises(UsageError, match=r"kubelet .*containerd 1\.7.*runc .*iproute2.*CNI plugins") as error:
        programs.find_node_programs(None, tmp_path)
    assert "\n" not in str(error.value)
