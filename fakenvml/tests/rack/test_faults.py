"""What GPUs see of faults in their rack."""

import pytest

from fake_nvml.errors import UsageError
from fake_nvml.rack.faults import Fault, View, fault_of, other_end, view
from fake_nvml.rack.shape import shape_of

SHAPE = shape_of("gb200-nvl72", 1, None, None)
WELL = View(links_down=(), health="healthy", mask=0xAA)
DEGRADED, UNHEALTHY = 0xA9, 0x9A


def seen(*faults: Fault) -> dict[View, int]:
    """{view: how many GPUs of the rack have it}."""
    views = [view(SHAPE, faults, node, gpu) for node in range(18) for gpu in range(4)]
    return {each: views.count(each) for each in views}


def test_a_link_is_the_same_fault_from_both_of_its_ends() -> None:
    by_gpu = fault_of(SHAPE, "link", {"node": "3", "gpu": "1", "link": "4"})
    by_port = fault_of(SHAPE, "port", {"chip": "4", "port": "13"})
    assert by_gpu == by_port
    assert other_end(SHAPE, by_gpu) == "GPU 1 of node 3, link 4 -- switch tray 2, chip 4, port 13"


def test_a_broken_link_degrades_one_gpu() -> None:
    link = Fault(kind="link", node=3, gpu=1, link=4)
    assert seen(link) == {WELL: 71, View(links_down=(4,), health="limited", mask=DEGRADED): 1}
    assert view(SHAPE, [link], 3, 1).links_down == (4,)


def test_a_switch_tray_takes_two_links_of_every_gpu_down() -> None:
    assert seen(Fault(kind="switch", tray=8)) == {
        View(links_down=(16, 17), health="limited", mask=DEGRADED): 72
    }


def test_faults_that_overlap_are_not_mended_together() -> None:
    link, switch = Fault(kind="link", node=0, gpu=0, link=4), Fault(kind="switch", tray=2)
    assert view(SHAPE, [link, switch], 0, 0).links_down == (4, 5)
    assert view(SHAPE, [link], 0, 0).links_down == (4,)


def test_a_gpu_without_any_link_is_unhealthy() -> None:
    every = [Fault(kind="switch", tray=tray) for tray in range(9)]
    assert {each.health for each in seen(*every)} == {"unhealthy"}


def test_a_clique_that_fails_makes_its_gpus_unhealthy_and_no_others() -> None:
    assert seen(Fault(kind="clique", clique=32766)) == {
        View(links_down=(), health="unhealthy", mask=UNHEALTHY): 72
    }
    assert seen(Fault(kind="clique", clique=7)) == {WELL: 72}


WRONG = {
    "an unknown kind": (
        "cable",
        {"node": "1"},
        "wanted a fault of link, port, switch, clique, node, found 'cable'",
    ),
    "no place": ("link", {"node": "1"}, "link: wanted node=N gpu=N link=N, found node=1"),
    "a place outside": ("switch", {"tray": "9"}, "switch: wanted tray from 0 to 8, found '9'"),
    "no number": ("node", {"node": "x"}, "node: wanted node from 0 to 17, found 'x'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_that_cannot_be_is_a_usage_error(name: str) -> None:
    kind, values, message = WRONG[name]
    with pytest.raises(UsageError, match=message):
        fault_of(SHAPE, kind, values)
