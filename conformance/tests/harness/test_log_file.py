"""The log of a process: read by its ends, and cut while it is a flood."""

from pathlib import Path

from dra_conformance.harness.log_file import TEXT_MAX, LogFile


def test_a_log_is_read_from_a_position_and_of_much_the_end(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    log.path.write_text("first\n" + "x" * TEXT_MAX)
    position = log.size()
    with log.path.open("a") as stream:
        stream.write("last")
    assert log.text(position) == "last"
    assert len(log.text()) == TEXT_MAX
    assert log.text().endswith("xlast")
    assert log.beginning().startswith("first\n")


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    log.trim()
    assert (log.size(), log.text(), log.beginning()) == (0, "", "")


def test_only_a_flood_is_cut_and_positions_count_what_was_cut(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log", size_max=10)
    with log.path.open("a") as stream:
        stream.write("0123456789")
        stream.flush()
        log.trim()
        assert log.text() == "0123456789"
        stream.write("flood")
        stream.flush()
        log.trim()
        stream.write("after")
        stream.flush()
    assert (log.size(), log.text(), log.text(17)) == (20, "after", "ter")
