"""The configuration of nvidia-imex and what nvidia-imex-ctl prints, without a daemon."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from fake_nvml.errors import UsageError
from fake_nvml.imex.config import Config, parse, read, read_nodes
from fake_nvml.imex.report import as_json, as_text
from fake_nvml.imex.states import Link, NodeState, NodeView, domain_state, unavailable

NOW = datetime(2026, 5, 4, 6, 8, 10, 580_000)  # a local time, as the program prints it
READY = NodeView("172.31.48.81", NodeState.READY, "570.172", (Link.CONNECTED, Link.CONNECTED))


def test_a_file_of_the_driver_is_read_and_comments_and_unknown_names_are_not() -> None:
    text = "# comment\nLOG_LEVEL=4\nIMEX_NODE_CONFIG_FILE=/imexd/nodes.cfg\nIMEX_CMD_BIND_INTERFACE_IP=10.0.0.1\n"
    found = parse(text + "LOG_FILE_NAME=\nIMEX_CMD_PORT=50005\n", "imexd.cfg")
    assert found == Config(node_file=Path("/imexd/nodes.cfg"), command=("10.0.0.1", 50005))


def test_without_a_file_everything_is_the_default(tmp_path: Path) -> None:
    assert read(tmp_path / "none.cfg") == Config()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("SERVER_PORT=70000", "SERVER_PORT=70000: wanted a number from 0 to 65535"),
        ("IMEX_WAIT_FOR_QUORUM=SOME", "wanted one of FULL, RECOVERY, NONE"),
        ("IMEX_NODE_DISCONNECTED_GRACE_TIME=soon", "wanted a number"),
    ],
)
def test_a_wrong_value_says_what_was_wanted(line: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse(line, "imex.cfg")


@pytest.mark.parametrize(("text", "why"), [("# none\n", "found none"), ("a\nb\na\n", "a is there twice")])
def test_a_list_without_nodes_or_with_one_twice_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "nodes.cfg"
    path.write_text(text)
    with pytest.raises(UsageError, match=why):
        read_nodes(path)


def test_the_table_has_the_columns_of_the_real_one() -> None:
    lines = as_text([READY, READY], 1, NOW).splitlines()
    assert lines[lines.index("Nodes:") - 1] == "5/4/2026 06:08:10.580"
    assert (
        lines[lines.index("Nodes:") + 1]
        == "Node #0   - 172.31.48.81    - READY                - Version: 570.172"
    )
    assert lines[-4:] == [
        " Nodes From\\To  0   1   ",
        "       0        C   C   ",
        "       1        C   C   ",
        "Domain State: UP",
    ]


def test_json_names_every_connection() -> None:
    found = json.loads(as_json([READY, unavailable("10.0.0.2", 2)], 0, NOW))
    assert found["nodes"]["1"] == {
        "status": "UNAVAILABLE",
        "host": "10.0.0.2",
        "hostName": "N/A",
        "connections": {
            "0": {"host": "172.31.48.81", "status": "INVALID", "changed": False},
            "1": {"host": "10.0.0.2", "status": "INVALID", "changed": False},
        },
    }
    assert (found["status"], found["timestamp"]) == ("DEGRADED", "5/4/2026 06:08:10.580")


def test_a_domain_whose_local_node_is_not_ready_is_down() -> None:
    waiting = NodeView("a", NodeState.WAITING_FOR_PEERS, "", READY.links)
    assert [domain_state([waiting, READY], local) for local in (0, 1)] == ["DOWN", "DEGRADED"]
