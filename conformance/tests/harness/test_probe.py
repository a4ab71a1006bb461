"""What a container sees, as the script of the probe prints it."""

import subprocess

from dra_conformance.harness.probe import COMMAND, MARK, Inside, is_complete, read

PRINTED = f"""{MARK}environment
PATH=/bin\0EMPTY=\0LINES=a
b=c\0
{MARK}mounts
30 25 0:26 / / rw,relatime - overlay overlay rw
31 30 0:27 /x /with\\040space ro,nosuid shared:1 - tmpfs tmpfs rw
{MARK}devices
crw-rw-rw-    1 0        0           1,   3 Nov 28 17:00 /dev/null
brw------- 1 root root 259, 12 Nov 28 17:00 /dev/disk/one
srw------- 1 root root 0 Nov 28 17:00 /dev/log
{MARK}file /var/run/kubernetes.io/dra-device-attributes/a
{{"kind": "DeviceMetadata"}}

{MARK}end
"""


def test_every_part_is_read() -> None:
    assert is_complete(PRINTED)
    assert read(PRINTED) == Inside(
        environment={"PATH": "/bin", "EMPTY": "", "LINES": "a\nb=c"},
        devices={"/dev/null": "1:3", "/dev/disk/one": "259:12"},
        mounts={"/": "rw,relatime", "/with space": "ro,nosuid"},
        files={"/var/run/kubernetes.io/dra-device-attributes/a": '{"kind": "DeviceMetadata"}\n'},
    )


def test_what_is_not_printed_yet_is_not_there() -> None:
    assert not is_complete(PRINTED.removesuffix(f"{MARK}end\n"))
    assert read("") == Inside()


def test_what_a_container_has_beyond_another_is_what_the_other_lacks() -> None:
    """The value of a variable that both have differs between pods by nature, e.g. HOSTNAME."""
    plain = Inside(environment={"HOSTNAME": "a"}, devices={"/dev/null": "1:3"}, mounts={"/": "rw"})
    other = Inside(
        environment={"HOSTNAME": "b", "GPU": "0"},
        devices={"/dev/null": "1:3", "/dev/gpu0": "195:0"},
        mounts={"/": "rw", "/dev/gpu0": "rw", "/lib/gpu": "ro"},
    )
    assert other.beyond(plain) == {"GPU=0", "/dev/gpu0 195:0", "/lib/gpu"}


def test_a_shell_of_this_machine_prints_what_it_sees_and_ends_by_sigterm() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, env={"ONE": "1=2"}) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not is_complete("".join(lines)):
            lines.append(process.stdout.readline())
        found = read("".join(lines))
        process.terminate()
        process.stdout.close()
        assert process.wait(10) == 0
    assert found.environment["ONE"] == "1=2"
    assert found.devices["/dev/null"] == "1:3"
    assert "/proc" in found.mounts
