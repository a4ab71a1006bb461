"""ComputeDomains as a user sees them, and what runs them: shared by their stories."""

from pathlib import Path
from typing import Any, cast

import yaml
from kubernetes import client, config, utils

from dra_clusters.provider import Cluster

DEPLOY = Path(__file__).parents[1] / "driver/deploy"
DEFINITIONS, MANIFEST = DEPLOY / "crds/compute-domains.yaml", DEPLOY / "compute-domains.yaml"
NAMESPACE = "dra-driver"
WHERE = ("resource.nvidia.com", "v1beta1", "default", "computedomains")
LABEL = "resource.nvidia.com/computeDomain"


class Domains:
    """ComputeDomains through the API, and what is made for them."""

    def __init__(self, api: client.ApiClient) -> None:
        self._objects = client.CustomObjectsApi(api)
        self.core = client.CoreV1Api(api)
        self.apps = client.AppsV1Api(api)
        self.resource = client.ResourceV1Api(api)

    def create(self, name: str, **spec: Any) -> dict[str, Any]:
        """Create a domain; without a channel in SPEC its workload's template is NAME-channel."""
        body = {
            "apiVersion": "resource.nvidia.com/v1beta1",
            "kind": "ComputeDomain",
            "metadata": {"name": name},
            "spec": {"channel": {"resourceClaimTemplate": {"name": f"{name}-channel"}}, **spec},
        }
        return cast(dict[str, Any], self._objects.create_namespaced_custom_object(*WHERE, body))

    def patch(self, name: str, patch: dict[str, Any]) -> None:
        """Merge PATCH into a domain."""
        self._objects.patch_namespaced_custom_object(*WHERE, name, patch)

    def get(self, name: str) -> dict[str, Any]:
        """A domain; empty if it is gone."""
        listed = cast(dict[str, Any], self._objects.list_namespaced_custom_object(*WHERE))
        return next((item for item in listed["items"] if item["metadata"]["name"] == name), {})

    def delete(self, name: str) -> None:
        """Delete a domain."""
        self._objects.delete_namespaced_custom_object(*WHERE, name)

    def daemon_set_uids(self) -> set[str]:
        """UIDs of the DaemonSets in the driver's namespace."""
        found = self.apps.list_namespaced_daemon_set(NAMESPACE).to_dict()["items"]
        return {item["metadata"]["uid"] for item in found}

    def slices(self) -> list[str]:
        """Names of the ResourceSlices of nodes: those of NVLink domains are the controller's."""
        found = self.resource.list_resource_slice().to_dict()["items"]
        return [item["metadata"]["name"] for item in found if item["spec"]["node_name"]]

    def create_pod(self, pod: dict[str, Any], namespace: str = "default") -> None:
        """Create a pod; the client takes a manifest, whatever its types say."""
        self.core.create_namespaced_pod(namespace, cast(client.V1Pod, pod))

    def daemon_pod_on(self, node: str) -> str:
        """The name of the daemon's pod on a node."""
        found = self.core.list_namespaced_pod(NAMESPACE, field_selector=f"spec.nodeName={node}").to_dict()
        [pod] = found["items"]
        return str(pod["metadata"]["name"])

    def copy_template(self, name: str, namespace: str) -> None:
        """Create a namespace that has a copy of a claim template of ``default``."""
        self.core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace)))
        template = self.resource.read_namespaced_resource_claim_template(name, "default")
        copied = client.V1ResourceClaimTemplate(metadata=client.V1ObjectMeta(name=name), spec=template.spec)
        self.resource.create_namespaced_resource_claim_template(namespace, copied)

    def phases(self, namespace: str) -> dict[str, str]:
        """{pod: phase}."""
        found = self.core.list_namespaced_pod(namespace).to_dict()["items"]
        return {item["metadata"]["name"]: item["status"]["phase"] for item in found}

    def node_labels(self) -> list[dict[str, str]]:
        """The labels of every node."""
        return [item["metadata"]["labels"] or {} for item in self.core.list_node().to_dict()["items"]]

    def events(self) -> list[str]:
        """Messages of all events."""
        return [item["message"] for item in self.core.list_event_for_all_namespaces().to_dict()["items"]]

    def reason(self, name: str, kind: str = "Ready") -> str:
        """The reason of a condition; empty if it is not there."""
        conditions = (self.get(name).get("status") or {}).get("conditions") or []
        return next((one["reason"] for one in conditions if one["type"] == kind), "")


def account_kubeconfig(cluster: Cluster, api: client.ApiClient, account: str, path: Path) -> Path:
    """A kubeconfig of a service account, which has the rights that the manifest gives it and no others."""
    asked = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[]))
    made = client.CoreV1Api(api).create_namespaced_service_account_token(account, NAMESPACE, asked).to_dict()
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["users"] = [
        {"name": user["name"], "user": {"token": made["status"]["token"]}} for user in content["users"]
    ]
    path.write_text(yaml.safe_dump(content))
    return path


def connected(cluster: Cluster) -> client.ApiClient:
    """An administrator's client."""
    settings = client.Configuration()
    config.load_kube_config(str(cluster.kubeconfig), client_configuration=settings)
    return client.ApiClient(settings)


def install(api: client.ApiClient) -> None:
    """Apply the definitions, classes and rights."""
    for manifest in (DEFINITIONS, MANIFEST):
        utils.create_from_yaml(api, str(manifest))
