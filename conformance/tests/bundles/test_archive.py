"""A bundle is read only if it is what a run wrote."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from dra_conformance.bundles.archive import NAME, read_bundle, write_bundle
from dra_conformance.errors import UsageError


def folder(path: Path) -> Path:
    """A report folder."""
    (path / "logs").mkdir()
    (path / "log.jsonl").write_text('{"type":"run"}\n{"type":"check"}\n')
    (path / "report.json").write_text("{}")
    (path / "descriptor.yaml").write_text("name: x")
    (path / "logs" / "d-1.log").write_text("password=hunter22 sent")
    (path / "report.html").write_text("not part of it")
    return path


def packed(path: Path, **members: bytes) -> Path:
    """A tar archive of those members."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    path.write_bytes(gzip.compress(raw.getvalue()))
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    bundle = read_bundle(write_bundle(folder(tmp_path)))
    assert sorted(bundle.files) == ["descriptor.yaml", "log.jsonl", "logs/d-1.log", "report.json"]
    assert bundle.rows() == [{"type": "run"}, {"type": "check"}]
    assert read_bundle(tmp_path).digest == bundle.digest
    assert b"hunter22" not in bundle.files["logs/d-1.log"]


def test_the_same_content_is_the_same_bundle(tmp_path: Path) -> None:
    target = write_bundle(folder(tmp_path))
    first = target.read_bytes()
    assert write_bundle(tmp_path).read_bytes() == first


def test_a_bundle_that_was_changed_is_refused(tmp_path: Path) -> None:
    bundle = read_bundle(write_bundle(folder(tmp_path)))
    manifest = {"schema": "dra-conformance/bundle/v1", "files": {"report.json": "0" * 64}}
    changed = packed(
        tmp_path / "x.tar.gz",
        **{"manifest.json": json.dumps(manifest).encode(), "report.json": bundle.files["report.json"]},
    )
    with pytest.raises(UsageError, match=r"was changed after the run: report\.json"):
        read_bundle(changed)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "logs/../../evil", "logs/a/b", ".hidden"])
def test_a_name_that_leaves_the_bundle_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no part of a bundle"):
        read_bundle(packed(tmp_path / NAME, **{name: b"x"}))


def test_a_link_in_a_bundle_is_refused(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        member = tarfile.TarInfo("report.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    (tmp_path / NAME).write_bytes(gzip.compress(raw.getvalue()))
    with pytest.raises(UsageError, match="is no part of a bundle"):
        read_bundle(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", gzip.compress(b"nonsense"), gzip.compress(b"x" * 600)[:30]],
    ids=["empty", "nonsense", "compressed nonsense", "cut off"],
)
def test_a_file_that_is_no_bundle_is_one_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(UsageError, match="is no bundle of a run"):
        read_bundle(tmp_path)
