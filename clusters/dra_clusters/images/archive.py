"""Writes an OCI image archive that ``ctr images import``, ``podman load``, ``docker load`` and ``kind load`` read.

The archive is an OCI image layout (image-spec v1.1: ``oci-layout``, ``index.json``, ``blobs/``) and has beside it docker's
``manifest.json``, because docker and podman 4 look for that one first. Equal input gives equal bytes: no clock, no owner and
no order of a folder gets in.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dra_api.objects import JsonObject

LAYER, CONFIG = "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.config.v1+json"
MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A file of an image.

    Attributes:
        link: where a symbolic link points; such a file has no content.
    """

    content: bytes = b""
    mode: int = 0o644
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of one layer.

    Attributes:
        names: references, e.g. ``example.com/driver:1``; docker's short forms are not completed.
        files: {path without the first slash: file}; folders are made as they are needed.
        folders: empty ones that programs expect.
        user: ``uid[:gid]``; empty means root.
    """

    names: tuple[str, ...]
    files: Mapping[str, ImageFile]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "amd64"


def layer_of(image: Image) -> bytes:
    """The layer as an uncompressed tar."""
    folders = {str(parent) for path in (*image.files, *image.folders) for parent in Path(path).parents}
    folders = (folders | set(image.folders)) - {".", "/"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted({*folders, *image.files}):
            info = tarfile.TarInfo(path)
            if path in folders:
                info.type, info.mode = tarfile.DIRTYPE, 0o1777 if path == "tmp" else 0o755
                archive.addfile(info)
                continue
            file = image.files[path]
            info.mode, info.size = file.mode, len(file.content)
            if file.link:
                info.type, info.linkname, info.mode = tarfile.SYMTYPE, file.link, 0o777
            archive.addfile(info, io.BytesIO(file.content))
    return buffer.getvalue()


def config_of(image: Image, layer: bytes) -> JsonObject:
    """The image's configuration (image-spec config.md)."""
    settings: JsonObject = {"Entrypoint": list(image.entrypoint)} if image.entrypoint else {}
    if image.command:
        settings["Cmd"] = list(image.command)
    if image.environment:
        settings["Env"] = [f"{name}={value}" for name, value in sorted(image.environment.items())]
    if image.user:
        settings["User"] = image.user
    if image.labels:
        settings["Labels"] = dict(sorted(image.labels.items()))
    return {
        "architecture": image.architecture,
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "dra-cluster image"}],
    }


class Archive:
    """Collects blobs and writes the archive."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._manifests: list[JsonObject] = []
        self._docker: list[JsonObject] = []

    def add(self, image: Image) -> str:
        """Add IMAGE; the digest of its manifest."""
        layer = layer_of(image)
        config = self._blob(CONFIG, encoded(config_of(image, layer)))
        content = self._blob(LAYER, layer)
        manifest = self._blob(
            MANIFEST,
            encoded({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [content]}),
        )
        for name in image.names:
            # containerd reads the first, podman and skopeo the second
            annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
            self._manifests.append({**manifest, "annotations": annotations})
        paths = [f"blobs/sha256/{each['digest'].removeprefix('sha256:')}" for each in (config, content)]
        self._docker.append({"Config": paths[0], "RepoTags": list(image.names), "Layers": paths[1:]})
        return str(manifest["digest"])

    def _blob(self, kind: str, content: bytes) -> JsonObject:
        digest = hashlib.sha256(content).hexdigest()
        self._files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def write(self, path: Path) -> None:
        """Write it to PATH."""
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": self._manifests}
        files = {
            "oci-layout": encoded({"imageLayoutVersion": "1.0.0"}),
            "index.json": encoded(index),
            "manifest.json": encoded(self._docker),
            **dict(sorted(self._files.items())),
        }
        with tarfile.open(path, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(content), 0o644
                archive.addfile(info, io.BytesIO(content))


def write_archive(path: Path, images: Sequence[Image]) -> None:
    """Write IMAGES as one archive to PATH."""
    archive = Archive()
    for image in images:
        archive.add(image)
    archive.write(path)


def encoded(value: object) -> bytes:
    """VALUE as JSON whose bytes depend on nothing but VALUE."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
