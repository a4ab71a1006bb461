"""A cluster without an owner is removed; one of a command that runs, or that was kept, is left alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from dra_clusters.checks.client import eventually
from dra_clusters.kind.cluster import folder_of, make_folder, remove_abandoned
from dra_clusters.kind.command import Kind
from dra_clusters.kind.engine import Engine
from dra_clusters.kind.ownership import Ownership, abandoned
from dra_clusters.kind.plan import Choice

OWNER = """
import sys
from pathlib import Path
from dra_clusters.kind.ownership import Ownership

Ownership(Path(sys.argv[1])).take()
print("taken", flush=True)
sys.stdin.read()
"""
PROGRAM = """#!/bin/sh
echo "$@" >> "{log}"
case "$1" in
create) exit 1;;
delete) [ ! -e "{broken}" ];;
esac
"""
"""In the place of the program kind: writes down what it was asked; a deletion fails while there is the file of that name."""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which clusters have theirs."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def kind(tmp_path: Path) -> Kind:
    """A program kind that makes no cluster."""
    path = tmp_path / "kind"
    path.write_text(PROGRAM.format(log=tmp_path / "log", broken=tmp_path / "broken"))
    path.chmod(0o755)
    return Kind(path, Engine(Choice(engine="podman"), tmp_path))


def asked(folder: Path) -> list[str]:
    """What the program kind was asked, the first two words of each."""
    log = folder / "log"
    return [" ".join(line.split()[:2]) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.slow
def test_a_folder_is_abandoned_once_its_owner_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"taken\n"
        assert abandoned([tmp_path]) == []
        owner.kill()
    assert abandoned([tmp_path]) == [tmp_path]


def test_a_folder_without_a_lock_is_not_abandoned(tmp_path: Path) -> None:
    ownership = Ownership(tmp_path)
    ownership.give_up()
    ownership.take()
    ownership.give_up()
    assert abandoned([tmp_path, tmp_path / "none"]) == []


def test_what_another_user_put_into_the_shared_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "owner.lock").touch()
    assert abandoned([tmp_path]) == [tmp_path]
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert abandoned([tmp_path]) == []


def test_the_next_command_removes_abandoned_clusters_and_no_others(kind: Kind, tmp_path: Path) -> None:
    (make_folder("left") / "owner.lock").touch()
    kept, own = make_folder("kept"), Ownership(make_folder("own"))
    own.take()
    remove_abandoned(kind)
    assert asked(tmp_path) == ["delete cluster"]
    assert "--name left" in (tmp_path / "log").read_text()
    assert not folder_of("left").exists()
    assert kept.exists()
    assert folder_of("own").exists()
    own.give_up()


INTERRUPTED = """
import sys, tempfile
from pathlib import Path
tempfile.tempdir = sys.argv[1]
from dra_clusters.errors import EnvironmentFault
from dra_clusters.kind.cluster import KindCluster, make_folder
from dra_clusters.kind.command import Kind
from dra_clusters.kind.config import KindSettings
from dra_clusters.kind.engine import Engine
from dra_clusters.kind.plan import Choice

here = Path(tempfile.tempdir)
kind = Kind(here / "kind", Engine(Choice(engine="podman"), here))
cluster = KindCluster(kind, "c", make_folder("c"), keep=False)
settings = KindSettings(name="c", image="i", nodes=("c-control-plane",), folders={"c-control-plane": here}, gates={}, runtime_config={})
for step in (lambda: cluster.create(settings), cluster.down):
    try:
        step()
    except EnvironmentFault as error:
        print(error)
(here / "broken").unlink()
"""


@pytest.mark.slow
def test_a_removal_that_failed_is_tried_again_when_the_process_ends(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "kind create cluster" in done.stdout
    assert "kind delete cluster" in done.stdout
    eventually(lambda: not folder_of("c").exists(), "the guard has removed the folder", 60)
    assert asked(tmp_path) == ["create cluster", "delete cluster", "delete cluster"]
