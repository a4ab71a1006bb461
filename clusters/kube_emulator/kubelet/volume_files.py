"""Pure: the files of volumes whose content is in the API: configMap, secret, downwardAPI and projected (pkg/volume, 1.36)."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from dra_api.objects import JsonObject, KeyToPath, Pod, Volume, VolumeContent
from kube_emulator.kubelet.pod_environment import Look, fields_of

IssueToken = Callable[[Pod, VolumeContent], str]
"""(pod, ``serviceAccountToken`` of a projection) to a token of the pod's account that ends with the pod."""
MODE = 0o644


class CannotMount(Exception):
    """A volume cannot be set up now."""


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """One file.

    Attributes:
        path: below the volume's folder.
    """

    path: PurePosixPath
    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the content comes from.

    Attributes:
        look: finds config maps and secrets.
        issue_token: makes a token of the pod's account.
    """

    pod: Pod
    ip: str
    host_ip: str
    look: Look
    issue_token: IssueToken


def files_of(volume: Volume, sources: Sources) -> list[VolumeFile] | None:
    """The files of VOLUME; None if its content is not in the API.

    Raises:
        CannotMount: what it names does not exist, or a path would lead out of the volume.
    """
    for kind in ("configMap", "secret", "downwardAPI"):
        if kind in volume:
            return list(files_from(kind, volume[kind], volume[kind].get("defaultMode") or MODE, sources))
    if "projected" not in volume:
        return None
    mode = volume["projected"].get("defaultMode") or MODE
    return [
        file
        for source in volume["projected"].get("sources") or []
        for kind, body in source.items()
        for file in files_from(kind, body, mode, sources)
    ]


def files_from(kind: str, body: VolumeContent, mode: int, sources: Sources) -> Iterator[VolumeFile]:
    """The files of one source."""
    if kind == "serviceAccountToken":
        yield VolumeFile(inside(body["path"]), sources.issue_token(sources.pod, body).encode(), mode)
    elif kind == "downwardAPI":
        fields = fields_of(sources.pod, sources.ip, sources.host_ip)
        for item in body.get("items") or []:
            text = shown(item, fields, sources.pod)
            yield VolumeFile(inside(item["path"]), text.encode(), item.get("mode") or mode)
    elif kind in ("configMap", "secret"):
        name = body.get("name") or body.get("secretName") or ""
        plural = "configmaps" if kind == "configMap" else "secrets"
        found = sources.look(plural, name)
        if found is None and not body.get("optional"):
            word = "configmap" if kind == "configMap" else "secret"
            message = f'{word} "{name}" not found'
            raise CannotMount(message)
        yield from keyed(body, content_of(found or {}, kind), mode, f"{plural}/{name}")


def content_of(item: JsonObject, kind: str) -> dict[str, bytes]:
    """{key: content} of a config map or secret."""
    if kind == "secret":
        return {key: base64.b64decode(text) for key, text in (item.get("data") or {}).items()}
    texts = {key: text.encode() for key, text in (item.get("data") or {}).items()}
    return texts | {key: base64.b64decode(text) for key, text in (item.get("binaryData") or {}).items()}


def keyed(body: VolumeContent, content: dict[str, bytes], mode: int, where: str) -> Iterator[VolumeFile]:
    """The files for the keys that are asked for; all of them if none is."""
    if not body.get("items"):
        for key, data in content.items():
            yield VolumeFile(inside(key), data, mode)
        return
    for item in body["items"]:
        if item["key"] in content:
            yield VolumeFile(inside(item["path"]), content[item["key"]], item.get("mode") or mode)
        elif not body.get("optional"):
            message = f"references non-existent config key: {item['key']} of {where}"
            raise CannotMount(message)


def shown(item: KeyToPath, fields: dict[str, str], pod: Pod) -> str:
    """The text of a field; all labels or annotations are one ``key="value"`` a line."""
    field = item.get("fieldRef")
    path = field["fieldPath"] if field else ""
    metadata = pod["metadata"]
    maps = {"metadata.labels": metadata.get("labels"), "metadata.annotations": metadata.get("annotations")}
    if path in maps:
        return "\n".join(f'{key}="{value}"' for key, value in sorted((maps[path] or {}).items()))
    return fields.get(path, "")


def inside(path: str) -> PurePosixPath:
    """PATH, which stays within the volume.

    Raises:
        CannotMount: it does not.
    """
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts or not found.parts:
        message = f"path {path!r} of a volume: wanted a relative path without '..'"
        raise CannotMount(message)
    return found
