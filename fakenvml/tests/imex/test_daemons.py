"""Domains of daemons that run: who sees whom, and what becomes of it when one leaves."""

import signal
from typing import Any

import pytest
from imex_domain import Domain

pytestmark = pytest.mark.slow

ONE, TWO = "127.0.0.2", "127.0.0.3"


def test_a_domain_is_up_when_all_nodes_see_each_other(domain: Domain) -> None:
    domain.start(ONE)
    assert domain.ask(ONE, "-q").stdout == "READY\n"
    assert domain.seen(ONE)["status"] == "DEGRADED"
    assert domain.links(ONE) == {ONE: "CONNECTED", TWO: "NEVER_CONNECTED"}
    domain.start(TWO)
    domain.until(lambda: domain.seen(ONE)["status"] == domain.seen(TWO)["status"] == "UP")
    shown = domain.ask(TWO, "-N")
    assert "Node #1   * 127.0.0.3       * READY                - Version: 580.95.05" in shown.stdout
    assert shown.stdout.endswith("Domain State: UP\n")
    assert shown.stderr == ""


def test_a_node_that_stops_says_so_and_one_that_is_killed_recovers(domain: Domain) -> None:
    domain.start(ONE)
    domain.start(TWO)
    domain.until(lambda: domain.seen(ONE)["status"] == "UP")
    domain.stop(TWO, signal.SIGKILL)
    domain.until(lambda: domain.links(ONE)[TWO] == "RECOVERING")
    row = domain.seen(ONE)["nodes"]["1"]
    assert row["status"] == "UNAVAILABLE"
    assert {one["status"] for one in row["connections"].values()} == {"INVALID"}
    domain.start(TWO)
    domain.until(lambda: domain.seen(ONE)["status"] == "UP")
    assert domain.stop(TWO) == 0
    domain.until(lambda: domain.links(ONE)[TWO] == "DISCONNECTED")


def test_a_lost_peer_is_disconnected_when_its_time_of_grace_is_over(domain: Domain) -> None:
    domain.start(ONE, IMEX_NODE_DISCONNECTED_GRACE_TIME="0")
    domain.start(TWO)
    domain.until(lambda: domain.seen(ONE)["status"] == "UP")
    domain.stop(TWO, signal.SIGKILL)
    domain.until(lambda: domain.links(ONE)[TWO] == "DISCONNECTED")


@pytest.mark.parametrize(
    ("other", "link"),
    [
        ({"version": "570.172.08"}, "VERSION_MISMATCH"),
        ({"nodes": [ONE, TWO, "127.0.0.4"]}, "NODE_MAP_MISMATCH"),
    ],
)
def test_daemons_that_differ_do_not_talk(domain: Domain, other: dict[str, Any], link: str) -> None:
    domain.start(ONE)
    domain.start(TWO, **other)
    domain.until(lambda: domain.links(ONE)[TWO] == link)
    assert domain.seen(ONE)["status"] == "DEGRADED"


def test_a_full_quorum_waits_for_every_node(domain: Domain) -> None:
    domain.start(ONE, IMEX_WAIT_FOR_QUORUM="FULL")
    assert domain.ask(ONE, "-q").stdout == "WAITING_FOR_PEERS\n"
    assert domain.seen(ONE)["status"] == "DOWN"
    domain.start(TWO)
    domain.until(lambda: domain.ask(ONE, "-q").stdout == "READY\n")


def test_names_that_do_not_resolve_leave_a_healthy_domain_degraded(domain: Domain) -> None:
    domain.nodes.append("compute-domain-daemon-0002.invalid")
    domain.start(ONE)
    domain.start(TWO)
    domain.until(lambda: domain.links(ONE)[TWO] == domain.links(TWO)[ONE] == "CONNECTED")
    found = domain.seen(ONE)
    assert found["status"] == "DEGRADED"
    assert found["nodes"]["2"]["status"] == "UNAVAILABLE"


def test_connections_are_opened_again_on_sigusr1(domain: Domain) -> None:
    domain.start(ONE)
    domain.start(TWO)
    domain.until(lambda: domain.seen(ONE)["status"] == "UP")
    domain.running[ONE].send_signal(signal.SIGUSR1)
    domain.until(lambda: domain.seen(ONE)["status"] == "UP")


def test_ctl_stops_a_daemon_and_then_there_is_none(domain: Domain) -> None:
    domain.start(ONE)
    assert domain.ask(ONE, "-s").returncode == 0
    assert domain.ended(ONE) == 0
    gone = domain.ask(ONE, "-q")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "Connection to the IMEX daemon failed" in gone.stderr


def test_a_node_outside_of_the_list_does_not_start(domain: Domain) -> None:
    domain.nodes[:] = ["192.0.2.1"]  # a documentation address, which no machine has
    with pytest.raises(AssertionError, match="ended"):
        domain.start(ONE)
    process = domain.running[ONE]
    assert process.stderr is not None
    assert "No matching network interface found" in process.stderr.read()
    assert process.returncode == 1


def test_there_is_one_session_a_driver(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_NVML_DIR", str(domain.folder))
    domain.start(ONE)
    with pytest.raises(AssertionError, match="ended"):
        domain.start(TWO)
    process = domain.running[TWO]
    assert process.stderr is not None
    assert "Failed to allocate Imex session" in process.stderr.read()
