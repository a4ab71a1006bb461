"""Evidence beside the harness: the driver's log and its CDI files."""

from pathlib import Path

from dra_conformance.harness.evidence import KEPT, Evidence, Seen
from dra_conformance.harness.observed import READ_MAX, CdiChanges, LogTail


def test_the_log_is_read_from_where_it_was_left(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tail = LogTail(log)
    assert list(tail()) == []
    log.write_text("one\n")
    assert [seen.details["lines"] for seen in tail()] == ["one"]
    assert list(tail()) == []
    with log.open("a") as stream:
        stream.write("two\n")
    assert [seen.details["lines"] for seen in tail()] == ["two"]


def test_of_a_flood_the_end_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (4 * READ_MAX) + b" end")
    [seen] = LogTail(log)()
    assert seen.details["lines"].endswith(" end")
    assert len(seen.details["lines"]) < 3000


def test_cdi_files_that_appear_change_and_vanish_are_steps(tmp_path: Path) -> None:
    folder = tmp_path / "cdi"
    changes = CdiChanges(folder)
    assert list(changes()) == []
    folder.mkdir()
    (folder / "a.json").write_text("{}")
    assert [(seen.what, seen.details) for seen in changes()] == [("a.json was written", {"content": "{}"})]
    assert list(changes()) == []
    (folder / "a.json").write_text("{ }")
    assert [seen.what for seen in changes()] == ["a.json was written"]
    (folder / "a.json").unlink()
    assert [seen.what for seen in changes()] == ["a.json is gone"]


def test_steps_are_in_the_order_of_time_and_without_secrets() -> None:
    evidence = Evidence()
    late: list[Seen] = []
    evidence.follow(lambda: [late.pop()] if late else [], at_every_step=False)
    evidence.add("grpc", "first")
    evidence.add("grpc", "last", answer="Bearer 0123456789abcdef")
    steps = evidence.take()
    assert "0123456789abcdef" not in str(steps)
    evidence.add("grpc", "now")
    late.append(Seen(0.0, "driver api", "before", {}))
    assert [step["what"] for step in evidence.take()] == ["before", "now"]


def test_a_busy_driver_does_not_push_the_calls_out() -> None:
    evidence = Evidence()
    evidence.add("grpc", "NodePrepareResources")
    for number in range(KEPT + 1):
        evidence.add("driver api", f"get {number}")
    steps = evidence.take()
    assert steps[0]["what"] == "NodePrepareResources"
    assert [step["what"] for step in steps[1:]] == [f"get {number}" for number in range(1, KEPT + 1)]
