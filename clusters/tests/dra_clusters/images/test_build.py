"""Images of this repository: what is in them, and that they run where nothing else is."""

import subprocess
import sys
from pathlib import Path

import pytest

from dra_clusters.errors import UsageError
from dra_clusters.images import build
from dra_clusters.images.archive import Image
from dra_clusters.images.elf import is_elf, needed
from dra_clusters.images.python_base import SITE


@pytest.fixture(scope="module")
def image() -> Image:
    return build.image_of("driver", "example.com/kit")


@pytest.mark.slow
def test_an_image_is_named_by_version_and_as_the_latest(image: Image) -> None:
    assert [name.rpartition(":")[0] for name in image.names] == ["example.com/kit/driver"] * 2
    assert image.names[1].endswith(":latest")


@pytest.mark.slow
def test_every_library_that_a_file_needs_is_in_the_image(image: Image) -> None:
    there = {Path(path).name for path in image.files}
    for path, file in image.files.items():
        if is_elf(file.content):
            assert set(needed(file.content)) <= there, path


@pytest.mark.slow
def test_the_driver_imports_nothing_that_is_not_in_its_image(image: Image, tmp_path: Path) -> None:
    for path, file in image.files.items():
        if path.startswith(SITE):
            target = tmp_path / path.removeprefix(f"{SITE}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from dra_driver.cli import main; main(['--help'])"
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: dra-driver" in done.stdout


@pytest.mark.slow
def test_equal_installations_give_equal_bytes(tmp_path: Path) -> None:
    first, second = (build.build(["driver"], tmp_path / folder)[0].read_bytes() for folder in ("a", "b"))
    assert first == second


def test_an_unknown_image_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown image 'x'; there are driver, fake-node, suite"):
        build.build(["driver", "x"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
