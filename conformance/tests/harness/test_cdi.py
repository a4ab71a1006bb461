"""CDI files of any content are read without an error of the suite."""

from pathlib import Path

import pytest

from dra_conformance.harness.cdi import CdiView, parse

GOOD = (
    '{"cdiVersion": "0.5.0", "kind": "v/c", "devices": [{"name": "a", "containerEdits": {"env": ["A=b"]}}]}'
)


def test_a_document_is_read() -> None:
    assert (parse(".json", GOOD) or {})["kind"] == "v/c"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "null",
        '"text"',
        "{",
        GOOD.replace('"v/c"', "1"),
        GOOD.replace('"a"', "[]"),
        GOOD.replace('["A=b"]', '"A=b"'),
        GOOD.replace('["A=b"]', "[1]"),
        GOOD.replace('{"env": ["A=b"]}', '{"deviceNodes": ["/dev/x"]}'),
        GOOD.replace('{"env": ["A=b"]}', "[]"),
        GOOD.replace('[{"name"', '{"x": {"name"').replace("}}]}", "}}}}"),
        '{"cdiVersion": "0.5.0", "kind": "v/c", "devices": [1]}',
    ],
)
def test_what_is_no_cdi_document_by_its_shape_is_none(text: str) -> None:
    assert parse(".json", text) is None


def test_a_folder_and_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{")
    [file] = CdiView(tmp_path).files()
    assert (file.path.name, file.spec) == ("bytes.json", None)
    assert CdiView(tmp_path).names() == frozenset()
