"""Pure: what kind or an engine printed when it failed, as one line with the remedy."""

import re

KNOWN = (
    (
        r"no space left on device",
        "the disk is full; free some space (kind needs about 3 GB), or move the engine's storage",
    ),
    (
        r"address already in use|port is already allocated",
        "a port of the machine is in use; end what listens there, then try again",
    ),
    (
        r"permission denied while trying to connect to the [Dd]ocker",
        "docker does not let this user in; add the user to the group docker, or run as root",
    ),
    (
        r"[Cc]annot connect to the [Dd]ocker daemon",
        "the docker daemon does not run; start it (systemctl start docker)",
    ),
    (
        r"node\(s\) already exist for a cluster with the name",
        "a cluster of this name is there already; choose another --name",
    ),
    (
        r"failed to pull image|manifest unknown|error pulling image|initializing source docker://",
        "the node image cannot be pulled; give one that the engine has with --node-image",
    ),
    (
        r"could not find a log line that matches",
        "a node's systemd did not start; dra-cluster doctor says what this machine lacks, such as cgroup v2",
    ),
    (r"unrecognized feature gate: (\S+)", "a feature gate is unknown to this release"),
    (
        r"failed to init node with kubeadm",
        "the control plane did not start; look for the reason in the log",
    ),
    (
        r"too many open files",
        "too many open files; raise fs.inotify.max_user_instances and max_user_watches (sysctl)",
    ),
    (
        r"rlimits?.{0,80}operation not permitted",
        "the engine may not raise limits here (CAP_SYS_RESOURCE); use podman as root",
    ),
    (
        r"/lib/modules.*no such file",
        "kind mounts /lib/modules, which is not here; make it (mkdir -p /lib/modules)",
    ),
)
"""(pattern, what it means and what to do)."""


def explained(text: str) -> str:
    """What TEXT means, with the line that says so; its last lines if it is not known."""
    for pattern, meaning in KNOWN:
        if found := re.search(rf"[^\n]*?(?:{pattern})[^\n]*", text):
            return f"{meaning} ({found[0].strip()[:300]})"
    return " / ".join(line.strip() for line in text.strip().splitlines()[-5:])[:600]
