"""Pure: what a container sees, by a shell script that prints it and a reader of what it printed.

A shell script, because every cluster has some image with a shell, and the embedded cluster runs a container's command on
the machine itself. Its output comes through the log of the container, which needs no right to execute in pods.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dra_conformance.rules.metadata import ROOT

MARK = "--- "
SCRIPT = f"""
trap 'kill $! 2>/dev/null; exit 0' TERM
echo "{MARK}environment"; cat /proc/self/environ; echo
echo "{MARK}mounts"; cat /proc/self/mountinfo
echo "{MARK}devices"; for f in /dev/* /dev/*/* /dev/*/*/*; do [ -b "$f" -o -c "$f" ] && ls -ld "$f"; done
for f in {ROOT}/*/*/*/*; do [ -f "$f" ] && {{ echo "{MARK}file $f"; cat "$f"; echo; }}; done
echo "{MARK}end"
sleep 1000000 &
wait
"""
"""Prints everything, then waits for SIGTERM: a shell that is process 1 ends by it only if it traps it. Needs cat, ls and sleep.

No dollar sign comes before another or before a parenthesis: in a command Kubernetes replaces these (third_party/forked/golang/expansion).
"""
COMMAND = ["/bin/sh", "-c", SCRIPT]
NODE = re.compile(r"[bc]\S+\s.*?(\d+), *(\d+)\s.*?\s(/dev/\S+)(?: -> .*)?")
"""A device node as ``ls -l`` shows it."""
ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a container sees.

    Attributes:
        environment: {name: value}.
        devices: {path below /dev: "major:minor"}.
        mounts: {mount point: options, e.g. ``ro,relatime``}.
        files: {path: content} of the files that describe devices.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def beyond(self, other: "Inside") -> frozenset[str]:
        """What is here and not in OTHER: variables and device nodes with their values, and mount points."""
        given = {
            f"{name}={value}" for name, value in self.environment.items() if name not in other.environment
        }
        given |= self.nodes_beyond(other)
        own = {path for path in self.mounts if path not in other.mounts and path not in self.devices}
        return frozenset(given | own)

    def nodes_beyond(self, other: "Inside") -> frozenset[str]:
        """The device nodes that are here and not in OTHER, with their numbers."""
        return frozenset(
            f"{path} {number}" for path, number in self.devices.items() if path not in other.devices
        )


def is_complete(log: str) -> bool:
    """Whether the script has printed everything."""
    return f"{MARK}end\n" in log


def read(log: str) -> Inside:
    """What the script printed."""
    parts: dict[str, list[str]] = {}
    name = ""
    for line in log.splitlines():
        if line.startswith(MARK):
            name = line.removeprefix(MARK)
            parts[name] = []
        elif name:
            parts[name].append(line)
    variables = "\n".join(parts.get("environment", [])).rstrip("\n").split("\0")
    nodes = (NODE.fullmatch(line) for line in parts.get("devices", []))
    points = (line.split(" ") for line in parts.get("mounts", []))
    return Inside(
        environment=dict(text.split("=", 1) for text in variables if "=" in text),
        devices={node[3]: f"{node[1]}:{node[2]}" for node in nodes if node},
        mounts={unescaped(words[4]): words[5] for words in points if len(words) > 5},
        files={
            part.removeprefix("file "): "\n".join(lines)
            for part, lines in parts.items()
            if part.startswith("file ")
        },
    )


def unescaped(path: str) -> str:
    """A path of mountinfo, in which spaces and the like are octal (proc_pid_mountinfo(5))."""
    return ESCAPE.sub(lambda found: chr(int(found[1], 8)), path)
