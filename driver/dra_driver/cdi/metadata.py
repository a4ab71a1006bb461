"""Device metadata for workloads (KEP-5304): one file per request of a claim, mounted read-only where every driver's is. Pure.

The file is a stream of JSON documents, the same content in every version of ``metadata.resource.k8s.io``, newest first, so
that a reader takes the first one that it knows. Layout and names are those of Kubernetes' helper library
(k8s.io/dynamic-resource-allocation 0.38, api/metadata/types.go and kubeletplugin/metadata.go), except that the folder on the
host has the claim's UID: a claim that replaces another of its name does not meet its files.

A CDI file of its own has a device per request, which the reply names with the first device of the request. So a container
that has only one request of a claim sees only the file of that.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

import msgspec

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import AttributeValue
from dra_driver.cdi.spec import VERSION, CdiSpec

VERSIONS = ("v1beta1", "v1alpha1")
"""Newest first."""
CONTAINER_DIR = "/var/run/kubernetes.io/dra-device-attributes"


class MetadataDevice(TypedDict):
    """``requests[].devices[]``; the attributes are as in a ResourceSlice."""

    driver: DriverName
    pool: PoolName
    name: DeviceName
    attributes: NotRequired[Mapping[str, AttributeValue]]


class RequestFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a container reads about the devices of one request.

    Attributes:
        request: as the allocation has it, ``main`` or ``main/sub``.
        pod_claim: the claim's name in the pod, if it was made from a template; else empty.
    """

    namespace: str
    name: str
    uid: ClaimUid
    request: str
    devices: tuple[MetadataDevice, ...]
    pod_claim: str = ""

    @property
    def main(self) -> str:
        """The request without the chosen alternative: workloads need not know that one."""
        return self.request.partition("/")[0]


def content(file: RequestFile) -> bytes:
    """The stream of documents."""
    return b"".join(
        msgspec.json.format(msgspec.json.encode(document(file, version)), indent=2) + b"\n"
        for version in VERSIONS
    )


def document(file: RequestFile, version: str) -> dict[str, object]:
    """The DeviceMetadata of one version."""
    meta = {"name": file.name, "namespace": file.namespace, "uid": file.uid, "generation": 1}
    return {
        "kind": "DeviceMetadata",
        "apiVersion": f"metadata.resource.k8s.io/{version}",
        "metadata": meta,
        **({"podClaimName": file.pod_claim} if file.pod_claim else {}),
        "requests": [{"name": file.request, "devices": file.devices}],
    }


def container_path(driver_name: DriverName, file: RequestFile) -> str:
    """Where a workload finds the file."""
    claim = f"resourceclaimtemplates/{file.pod_claim}" if file.pod_claim else f"resourceclaims/{file.name}"
    return f"{CONTAINER_DIR}/{claim}/{file.main}/{driver_name}-metadata.json"


def kind(driver_name: DriverName) -> str:
    """``vendor/class`` of the CDI devices."""
    return f"{driver_name}/metadata"


def entry_name(claim_uid: ClaimUid, request: str) -> str:
    """The CDI device of a main request."""
    return f"{claim_uid}_{request}"


def device_id(driver_name: DriverName, claim_uid: ClaimUid, request: str) -> str:
    """Its fully qualified name."""
    return f"{kind(driver_name)}={entry_name(claim_uid, request)}"


def spec_of(driver_name: DriverName, files: Sequence[RequestFile], folder: Path) -> CdiSpec:
    """The CDI file of one claim, whose metadata files are below FOLDER."""
    return {
        "cdiVersion": VERSION,
        "kind": kind(driver_name),
        "devices": [
            {
                "name": entry_name(file.uid, file.main),
                "containerEdits": {
                    "env": [],
                    "mounts": [
                        {
                            "hostPath": str(host_path(folder, file)),
                            "containerPath": container_path(driver_name, file),
                            "options": ["ro", "bind"],
                        }
                    ],
                },
            }
            for file in files
        ],
        "containerEdits": {"env": []},
    }


def host_path(folder: Path, file: RequestFile) -> Path:
    """Where a file is on the host."""
    return folder / file.main / "metadata.json"
