"""Gives every namespace what it has from the start: the account ``default`` and the certificate of the API server.

After kube-controller-manager pkg/controller/serviceaccount and certificates/rootcacertpublisher, 1.36.
"""

import logging

from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import feed

log = logging.getLogger(__name__)
ACCOUNT, CERTIFICATES = "default", "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal"
    " service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)
"""The annotation of the config map, which clients see."""
ANNOTATION = "kubernetes.io/description"


async def run_namespace_defaults(api: Api, certificate: bytes) -> None:
    """Control until cancelled; CERTIFICATE is what clients of the API server are to trust."""
    async for batch in feed(api, ("namespaces", "serviceaccounts", "configmaps")):
        metadata = [(changed.plural, changed.item["metadata"]) for changed in batch]
        names = {each["name"] if plural == "namespaces" else each["namespace"] for plural, each in metadata}
        for name in sorted(names):
            namespace = api.find("namespaces", name)
            if namespace is None or namespace["metadata"].get("deletionTimestamp"):
                continue
            try:
                add_account(api, name)
                publish_certificate(api, name, certificate.decode())
            except ApiError as error:
                log.info("defaults of namespace %s: %s", name, error)


def add_account(api: Api, namespace: str) -> None:
    """The account of pods that name none."""
    if api.find("serviceaccounts", ACCOUNT, namespace) is None:
        api.create("serviceaccounts", {"metadata": {"name": ACCOUNT, "namespace": namespace}})


def publish_certificate(api: Api, namespace: str, certificate: str) -> None:
    """The config map with the certificate, put right if somebody changed it."""
    found, data = api.find("configmaps", CERTIFICATES, namespace), {"ca.crt": certificate}
    if found is None:
        metadata = {"name": CERTIFICATES, "namespace": namespace, "annotations": {ANNOTATION: DESCRIPTION}}
        api.create("configmaps", {"metadata": metadata, "data": data})
        return
    marks = found["metadata"].get("annotations") or {}
    if found.get("data") != data or not marks.get(ANNOTATION):
        metadata = {**found["metadata"], "annotations": {**marks, ANNOTATION: DESCRIPTION}}
        api.update("configmaps", {**found, "metadata": metadata, "data": data})
