"""A kubeconfig of the service account of a pod, for programs that run in the cluster and are given none.

Where the kubelet puts what it needs is fixed: the server in two variables, token and certificates in a folder (client-go
rest/config.go, InClusterConfig). The token stays in its file, which the kubelet replaces before it expires.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from kube_emulator.kubeconfig import write_private

ACCOUNT_DIR = Path("/var/run/secrets/kubernetes.io/serviceaccount")
HOST, PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"


def is_in_pod(environment: Mapping[str, str], account_dir: Path = ACCOUNT_DIR) -> bool:
    """Whether this process runs in a pod with the token of a service account."""
    return bool(environment.get(HOST) and environment.get(PORT)) and (account_dir / "token").is_file()


def write_kubeconfig(file: Path, environment: Mapping[str, str], account_dir: Path = ACCOUNT_DIR) -> Path:
    """Write the kubeconfig of the pod's service account; the file."""
    host = environment[HOST]
    server = f"https://{f'[{host}]' if ':' in host else host}:{environment[PORT]}"
    name = "pod"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [
            {
                "name": name,
                "cluster": {"server": server, "certificate-authority": str(account_dir / "ca.crt")},
            }
        ],
        "users": [{"name": name, "user": {"tokenFile": str(account_dir / "token")}}],
    }
    write_private(file, json.dumps(document).encode())
    return file


def namespace_of(account_dir: Path = ACCOUNT_DIR) -> str:
    """The namespace of the pod."""
    return (account_dir / "namespace").read_text().strip()
