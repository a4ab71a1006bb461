"""Pure: the sources of requirements as links to upstream's files, KEPs and issues."""

import re
from typing import NamedTuple

GITHUB = "https://github.com"
RELEASE = "release-1.37"
REPOSITORIES = {
    "k8s.io/kubelet": f"{GITHUB}/kubernetes/kubelet/blob/{RELEASE}/",
    "k8s.io/api": f"{GITHUB}/kubernetes/api/blob/{RELEASE}/",
    "kubernetes": f"{GITHUB}/kubernetes/kubernetes/blob/{RELEASE}/",
    "dynamic-resource-allocation": f"{GITHUB}/kubernetes/dynamic-resource-allocation/blob/{RELEASE}/",
    "dra-example-driver": f"{GITHUB}/kubernetes-sigs/dra-example-driver/blob/main/",
    "dra-driver-nvidia-gpu": f"{GITHUB}/kubernetes-sigs/dra-driver-nvidia-gpu/blob/main/",
    "container-device-interface": f"{GITHUB}/cncf-tags/container-device-interface/blob/main/",
}
"""{the name in a source: where its files are}; followed by a path."""
FILE = r"[\w*./-]+/[\w.*-]+|[\w-]+\.(?:go|proto|md)"
PATTERN = re.compile(
    rf"(?P<repository>{'|'.join(sorted(map(re.escape, REPOSITORIES), key=len, reverse=True))}) (?P<path>{FILE})"
    r"|KEP-(?P<kep>\d+)"
    r"|\bkubernetes#(?P<issue>\d+)"
)


class Part(NamedTuple):
    """A part of a source: text, and where it leads; empty if nowhere."""

    text: str
    url: str


def linked(source: str) -> list[Part]:
    """SOURCE with what is known of it as links; the parts together are the text as it was."""
    parts: list[Part] = []
    end = 0
    for found in PATTERN.finditer(source):
        parts += [Part(source[end : found.start()], ""), Part(found[0], url(found))]
        end = found.end()
    return [part for part in [*parts, Part(source[end:], "")] if part.text]


def url(found: re.Match[str]) -> str:
    """Where a part leads; a path with a wildcard leads to the folder above it."""
    if found["kep"]:
        return f"{GITHUB}/kubernetes/enhancements/issues/{found['kep']}"
    if found["issue"]:
        return f"{GITHUB}/kubernetes/kubernetes/issues/{found['issue']}"
    path = found["path"].partition("*")[0]
    return REPOSITORIES[found["repository"]] + path
