"""What the harness sees of a folder while a driver works."""

from pathlib import Path

from dra_conformance.harness.watching import made_in


def test_files_are_seen_although_they_are_gone(tmp_path: Path) -> None:
    with made_in(tmp_path) as made:
        (tmp_path / "spec.1.tmp").write_text("{}")
        (tmp_path / "spec.1.tmp").rename(tmp_path / "claim.json")
    assert made == [tmp_path / "spec.1.tmp"]
