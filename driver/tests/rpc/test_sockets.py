"""Paths of sockets: what is replaced, what is refused."""

import re
import socket
from pathlib import Path

import pytest

from dra_driver.errors import ConfigError, EnvironmentFault
from dra_driver.rpc.sockets import clear_socket_path, remove_ended


def test_a_stale_socket_is_removed_and_a_live_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "dra.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(ConfigError, match="another process serves"):
            clear_socket_path(path)
    clear_socket_path(path)
    assert not path.exists()


def test_only_sockets_clear_socket_path(tmp_path: Path) -> None:
    (tmp_path / "dra.sock").write_text("mine")
    with pytest.raises(EnvironmentFault, match="is not a socket"):
        clear_socket_path(tmp_path / "dra.sock")


def test_socket_paths_that_cannot_be_bound_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a UNIX socket can have 107"):
        clear_socket_path(tmp_path / ("x" * 120))


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot use folder .*choose another folder"):
        clear_socket_path(tmp_path / "file" / "dra.sock")


def test_sockets_of_ended_instances_are_removed_and_nothing_else(short_path: Path) -> None:
    name = re.compile(r"gpu\.example(-.+)?-reg\.sock")
    with socket.socket(socket.AF_UNIX) as served:
        for file in ("gpu.example-old-reg.sock", "gpu.other-reg.sock"):
            with socket.socket(socket.AF_UNIX) as ended:
                ended.bind(str(short_path / file))
        served.bind(str(short_path / "gpu.example-new-reg.sock"))
        served.listen()
        (short_path / "gpu.example-file-reg.sock").touch()
        remove_ended(short_path, name)
    left = sorted(path.name for path in short_path.iterdir())
    assert left == ["gpu.example-file-reg.sock", "gpu.example-new-reg.sock", "gpu.other-reg.sock"]
