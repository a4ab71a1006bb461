"""Pure: the mounts that a container's ``volumeMounts`` give it, before CDI.

Volumes with content from the API (``volume_files``), ``hostPath`` and ``emptyDir`` are mounted; others are left out, because
no volume driver runs here. The folders that a driver shares with the kubelet are those of the node: a pod that mounts
``/var/lib/kubelet/plugins_registry`` gets the node's registry, as on a node of its own.
"""

from pathlib import Path, PurePosixPath

from dra_api import names
from dra_api.objects import ContainerSpec, JsonObject, Pod, Volume
from kube_emulator.node_paths import NodePaths

FROM_API = ("configMap", "secret", "downwardAPI", "projected")
IDENTITY = ("hosts", "resolv.conf", "hostname")
"""Files of ``/etc`` that each pod has of its own."""


def identity_mounts(container: ContainerSpec, folder: Path) -> list[JsonObject]:
    """The mounts of the pod's own files in FOLDER; a volume at the same place wins, as in the kubelet."""
    taken = {mount["mountPath"] for mount in container.get("volumeMounts") or []}
    return [
        {"hostPath": str(folder / "etc" / name), "containerPath": f"/etc/{name}", "options": ["rbind", "rw"]}
        for name in IDENTITY
        if f"/etc/{name}" not in taken
    ]


def mounts_of(pod: Pod, container: ContainerSpec, node: NodePaths, folder: Path) -> list[JsonObject]:
    """The mounts of CONTAINER in CDI's form; the pod's own folders are in FOLDER."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    found = []
    for mount in container.get("volumeMounts") or []:
        volume = volumes.get(mount["name"])
        source = source_of(volume, node, folder) if volume else None
        if volume is not None and source is not None:
            fixed = mount.get("readOnly") or any(kind in volume for kind in FROM_API)
            options = ["rbind", "ro" if fixed else "rw"]
            place = str(source / mount.get("subPath", ""))
            found.append({"hostPath": place, "containerPath": mount["mountPath"], "options": options})
    return found


def source_of(volume: Volume, node: NodePaths, folder: Path) -> Path | None:
    """Where a volume is on this machine; None for those that are not mounted."""
    if "emptyDir" in volume or any(kind in volume for kind in FROM_API):
        return folder / "volumes" / volume["name"]
    if "hostPath" in volume:
        return on_node(volume["hostPath"]["path"], node)
    return None


def on_node(path: str, node: NodePaths) -> Path:
    """A path of the node as a path of this machine."""
    places = {
        names.KUBELET_REGISTRY_DIR: node.registry_dir,
        names.KUBELET_PLUGINS_DIR: node.plugins_dir,
        names.CDI_DYNAMIC_DIR: node.cdi_dir,
        "/run/cdi": node.cdi_dir,
    }
    for place, ours in places.items():
        if PurePosixPath(path).is_relative_to(place):
            return ours / PurePosixPath(path).relative_to(place)
    return Path(path)
