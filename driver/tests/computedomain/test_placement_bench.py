"""The simulation of placements: by fabric and at random."""

import json

import pytest

from dra_driver.cli import main
from dra_driver.computedomain.placement_bench import (
    Job,
    Racks,
    at_random,
    by_fabric,
    compared,
    milliseconds,
    placements,
)


def test_by_fabric_every_job_is_in_one_rack_and_at_random_few_pairs_are() -> None:
    fabric, chance = compared(Racks(4, 18, 4), 100, 0)
    assert fabric.inside == 1.0
    assert chance.inside < 0.5
    assert fabric.milliseconds < chance.milliseconds


def test_the_fullest_rack_that_fits_is_taken() -> None:
    racks = Racks(2, 4, 4)
    place = by_fabric(racks.members())
    free = {member.node for member in racks.members()} - {"1/0"}
    assert place(Job(0, 1, 2), free) == ["1/1", "1/2"]
    assert place(Job(0, 1, 4), free) == ["0/0", "0/1", "0/2", "0/3"]
    assert place(Job(0, 1, 4), free - {"0/3"}) is None


def test_a_job_that_fits_nowhere_waits_for_the_end_of_another_one() -> None:
    racks = Racks(1, 2, 4)
    nodes = [member.node for member in racks.members()]
    found, waited = placements([Job(0, 3, 2), Job(1, 1, 1)], nodes, by_fabric(racks.members()))
    assert (found, waited) == ([["0/0", "0/1"], ["0/0"]], 2)


def test_at_random_a_job_waits_when_there_are_too_few_nodes() -> None:
    assert at_random(0)(Job(0, 1, 3), {"a", "b"}) is None


def test_an_all_reduce_is_as_fast_as_its_slowest_link() -> None:
    assert milliseconds(8, inside=False) / milliseconds(8, inside=True) == pytest.approx(18)


def test_the_command_prints_a_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "placement", "--racks", "2", "--jobs", "20"]) == 0
    assert "times as fast by fabric (a simulation)" in capsys.readouterr().out
    assert main(["bench", "placement", "--racks", "2", "--jobs", "20", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fabric"]["inside"] == 1.0
    assert main(["bench", "placement", "--racks", "0"]) == 2
    assert "--racks 0: wanted at least 1" in capsys.readouterr().err
