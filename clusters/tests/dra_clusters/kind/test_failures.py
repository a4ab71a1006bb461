"""What kind and engines print, as one line with the remedy."""

import pytest

from dra_clusters.kind.failures import explained


@pytest.mark.parametrize(
    ("printed", "wanted"),
    [
        ("write /var/lib/x: no space left on device", "the disk is full; free some space"),
        ("listen tcp4 127.0.0.1:6443: bind: address already in use", "a port of the machine is in use"),
        (
            "permission denied while trying to connect to the Docker daemon socket",
            "add the user to the group",
        ),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "start it (systemctl start"),
        (
            'ERROR: failed to pull image "a/b": exit status 125',
            "give one that the engine has with --node-image",
        ),
        ('ERROR: could not find a log line that matches "Reached target"', "a node's systemd did not start"),
        ("sysctl: setting rlimits for ready process: operation not permitted", "use podman as root"),
    ],
)
def test_a_known_failure_has_a_remedy_and_the_line_that_says_it(printed: str, wanted: str) -> None:
    found = explained(f"Creating cluster ...\n{printed}\nStack trace\n")
    assert wanted in found
    assert printed[:60] in found
    assert "\n" not in found


def test_of_an_unknown_failure_the_last_lines_are_shown() -> None:
    assert explained("one\n" * 20 + "ERROR: strange\n").endswith("one / ERROR: strange")
