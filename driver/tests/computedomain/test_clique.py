"""How daemons join a clique, and the files of nvidia-imex."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_driver.computedomain.clique import CliqueFull, Member, addresses, joined, left
from dra_driver.computedomain.imex_files import config_of, hosts_of, nodes_of
from dra_driver.computedomain.objects import CliqueDaemon

LIMIT = 4


def member(node: str, address: str = "10.0.0.1") -> Member:
    return Member(node, address, "c.1")


def test_a_daemon_takes_the_lowest_free_number() -> None:
    first = joined([], member("a"), ready=False, limit=LIMIT)
    second = joined(first, member("b"), ready=True, limit=LIMIT)
    assert [(one["nodeName"], one["index"], one["status"]) for one in second] == [
        *(("a", 0, "NotReady"), ("b", 1, "Ready")),
    ]
    assert joined(left(second, member("a")), member("c"), ready=False, limit=LIMIT)[0]["nodeName"] == "c"


def test_a_node_keeps_its_number_when_its_pod_has_another_address() -> None:
    before = joined(joined([], member("a"), ready=True, limit=LIMIT), member("b"), ready=True, limit=LIMIT)
    after = joined(before, member("b", "10.0.0.9"), ready=False, limit=LIMIT)
    assert after[1] == {
        "nodeName": "b",
        "ipAddress": "10.0.0.9",
        "cliqueID": "c.1",
        "index": 1,
        "status": "NotReady",
    }


def test_a_node_too_many_is_refused_and_the_others_stay() -> None:
    daemons: list[CliqueDaemon] = []
    for name in "abcd":
        daemons = joined(daemons, member(name), ready=True, limit=LIMIT)
    with pytest.raises(
        CliqueFull, match="all 4 numbers of its IMEX domain are taken by a, b, c, d; use fewer nodes"
    ):
        joined(daemons, member("e"), ready=True, limit=LIMIT)


def test_a_pod_that_ends_does_not_take_out_the_entry_of_its_successor() -> None:
    newer = joined([], member("a", "10.0.0.2"), ready=True, limit=LIMIT)
    assert left(newer, member("a", "10.0.0.1")) == newer


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=40))
def test_numbers_are_unique_and_kept_whatever_comes_and_goes(steps: list[tuple[str, bool]]) -> None:
    daemons: list[CliqueDaemon] = []
    for name, comes in steps:
        before = {one["nodeName"]: one["index"] for one in daemons}
        try:
            daemons = (
                joined(daemons, member(name), ready=True, limit=LIMIT)
                if comes
                else left(daemons, member(name))
            )
        except CliqueFull:
            assert len(daemons) == LIMIT
        found = {one["nodeName"]: one["index"] for one in daemons}
        assert len(set(found.values())) == len(daemons) == len(found)
        assert all(found[node] == index for node, index in before.items() if node in found)


def test_hosts_have_the_daemons_once_and_everything_else_as_it_was() -> None:
    known = "127.0.0.1\tlocalhost\n10.0.0.8\tcompute-domain-daemon-0000\n"
    daemons = joined([], member("a"), ready=True, limit=LIMIT)
    text = hosts_of(known, addresses(daemons, LIMIT))
    assert text == "127.0.0.1\tlocalhost\n10.0.0.1\tcompute-domain-daemon-0000\n"
    assert hosts_of(text, addresses(daemons, LIMIT)) == text


def test_the_configuration_names_the_list_and_the_address() -> None:
    text = config_of(Path("/imexd"), "10.0.0.1")
    assert "IMEX_NODE_CONFIG_FILE=/imexd/nodes.cfg\n" in text
    assert "IMEX_CMD_BIND_INTERFACE_IP=10.0.0.1\n" in text
    assert nodes_of(2) == "compute-domain-daemon-0000\ncompute-domain-daemon-0001\n"
