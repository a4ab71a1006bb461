"""Image archives: what engines read of them, and that equal input gives equal bytes."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from dra_clusters.images.archive import Image, ImageFile, write_archive

TOOL = Image(
    names=("example.com/tool:1", "example.com/tool:latest"),
    files={
        "usr/bin/tool": ImageFile(content=b"#!/bin/sh\n", mode=0o755),
        "usr/bin/alias": ImageFile(link="tool"),
    },
    entrypoint=("/usr/bin/tool",),
    command=("--help",),
    environment={"B": "2", "A": "1"},
    folders=("tmp",),
    user="65534:65534",
)


def read(path: Path) -> dict[str, bytes]:
    """{name: content} of an archive."""
    with tarfile.open(path) as archive:
        return {member.name: found.read() for member in archive if (found := archive.extractfile(member))}


def blob(files: dict[str, bytes], descriptor: Any) -> bytes:
    """The content that a descriptor names, which has its digest and size."""
    content = files[f"blobs/{descriptor['digest'].replace(':', '/')}"]
    assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert descriptor["size"] == len(content)
    return content


def test_every_name_leads_over_the_manifest_to_configuration_and_layer(tmp_path: Path) -> None:
    write_archive(tmp_path / "tool.tar", [TOOL])
    files = read(tmp_path / "tool.tar")
    manifests = json.loads(files["index.json"])["manifests"]
    assert [each["annotations"]["io.containerd.image.name"] for each in manifests] == list(TOOL.names)
    manifest = json.loads(blob(files, manifests[0]))
    config = json.loads(blob(files, manifest["config"]))
    assert config["config"] == {
        "Entrypoint": ["/usr/bin/tool"],
        "Cmd": ["--help"],
        "Env": ["A=1", "B=2"],
        "User": "65534:65534",
    }
    layer = blob(files, manifest["layers"][0])
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        found = {member.name: (member.mode, member.linkname) for member in tar}
    assert found == {
        "tmp": (0o1777, ""),
        "usr": (0o755, ""),
        "usr/bin": (0o755, ""),
        "usr/bin/alias": (0o777, "tool"),
        "usr/bin/tool": (0o755, ""),
    }


def test_engines_that_read_the_docker_manifest_find_the_same_blobs(tmp_path: Path) -> None:
    write_archive(tmp_path / "tool.tar", [TOOL])
    files = read(tmp_path / "tool.tar")
    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == list(TOOL.names)
    assert {entry["Config"], *entry["Layers"]} <= set(files)


def test_equal_input_gives_equal_bytes_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    other = Image(
        names=TOOL.names,
        files=dict(reversed(list(TOOL.files.items()))),
        entrypoint=TOOL.entrypoint,
        command=TOOL.command,
        environment=dict(reversed(list(TOOL.environment.items()))),
        folders=TOOL.folders,
        user=TOOL.user,
    )
    write_archive(tmp_path / "one.tar", [TOOL])
    write_archive(tmp_path / "other.tar", [other])
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "other.tar").read_bytes()
