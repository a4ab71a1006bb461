"""What the terminal shows of a picture."""

from rich.console import Console

from dra_clusters.top.picture import (
    DevicePicture,
    DomainPicture,
    Holder,
    NodePicture,
    Picture,
    RackPicture,
    WaitingPod,
)
from dra_clusters.top.screen import LETTERS, Screen


def device(number: int, *jobs: str, health: str = "well", faults: tuple[str, ...] = ()) -> DevicePicture:
    holders = tuple(Holder(claim=f"ns/{job}-claim", pods=(f"ns/{job}-pod",), job=f"ns/{job}") for job in jobs)
    return DevicePicture(
        name=f"gpu-{number}", driver="d", uuid="", links=18, health=health, faults=faults, holders=holders
    )


def rack(*devices: DevicePicture, fault: str = "") -> RackPicture:
    node = NodePicture(
        name="n1", clique="domain.1", fault=fault, devices=devices, domains=("ns/cd",), pods=("ns/train-pod",)
    )
    return RackPicture(name="rack-0", fabric="domain", nodes=(node,))


def shown(picture: Picture) -> list[str]:
    console = Console(width=300, color_system=None)
    with console.capture() as captured:
        console.print(Screen(picture).drawn(), markup=False)
    return [line.rstrip() for line in captured.get().splitlines()]


def picture(
    *racks: RackPicture, domains: tuple[DomainPicture, ...] = (), waiting: tuple[WaitingPod, ...] = ()
) -> Picture:
    return Picture(racks=racks, fabrics=(), domains=domains, waiting=waiting)


def test_each_job_has_a_letter_and_each_fault_a_mark() -> None:
    devices = (
        device(0, "train"),
        device(1, "serve", health="degraded", faults=("k:None",)),
        device(2, health="sick", faults=("k:NoSchedule",)),
        device(3, "train", "serve"),
    )
    lines = shown(picture(rack(*devices)))
    assert lines[0] == "rack-0  domain  1 nodes, 4 GPUs: 3 held, 1 free, 2 with faults"
    assert lines[2].split() == ["n1", "A", "B~", ".!", "+", "ns/cd", "train-pod"]
    assert "A ns/train" in lines
    assert "B ns/serve" in lines


def test_devices_of_a_node_with_the_same_fault_are_one_line_with_who_has_them() -> None:
    devices = [device(number, "train", health="degraded", faults=("k:None",)) for number in range(2)]
    assert "  n1 gpu-0 gpu-1: 18 NVLinks up, k:None; held by ns/train-pod" in shown(picture(rack(*devices)))


def test_a_node_that_takes_no_pods_is_named_with_the_reason() -> None:
    lines = shown(picture(rack(device(0), fault="cordoned")))
    assert lines[0].endswith("1 nodes take no pods")
    assert "  n1: cordoned" in lines


def test_more_jobs_than_letters_are_counted() -> None:
    devices = [device(number, f"job-{number}") for number in range(len(LETTERS) + 3)]
    lines = shown(picture(rack(*devices)))
    assert "# 3 more jobs" in lines
    assert lines[2].count("#") == 3


def test_domains_and_waiting_pods_have_their_lines_and_messages_cannot_move_the_cursor() -> None:
    domain = DomainPicture(
        name="ns/cd", status="NotReady", reason="WaitingForNodes", nodes=(("n1", "Ready"), ("n2", ""))
    )
    waits = WaitingPod(name="ns/p", why="no\x1b[2J room")
    lines = shown(picture(domains=(domain,), waiting=(waits,)))
    assert "  ns/cd: NotReady (WaitingForNodes), 1 of 2 nodes ready" in lines
    assert "  ns/p: no [2J room" in lines
