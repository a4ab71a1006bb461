"""Pure: how the programs of a control plane are started."""

from collections.abc import Mapping
from pathlib import Path

from kube_emulator import switches


def etcd_flags(directory: Path, client: int, peer: int) -> list[str]:
    """How etcd is started; nothing needs to survive a crash of the machine."""
    clients, peers = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def gate_flags(gates: Mapping[str, bool]) -> list[str]:
    """Feature gates, for every program of the control plane."""
    return [f"--feature-gates={switches.shown(gates)}"] if gates else []


def apiserver_flags(
    directory: Path, port: int, etcd: int, runtime_config: Mapping[str, bool], *, accounts: bool
) -> list[str]:
    """How kube-apiserver is started; with ACCOUNTS pods get a service account and its token, which needs the controllers."""
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={directory / 'serving.crt'}",
        f"--tls-private-key-file={directory / 'serving.key'}",
        f"--token-auth-file={directory / 'tokens.csv'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={directory / 'accounts.pub'}",
        f"--service-account-signing-key-file={directory / 'accounts.key'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        *([] if accounts else ["--disable-admission-plugins=ServiceAccount"]),
        "--allow-privileged",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={directory / 'kubelet-client.crt'}",
        f"--kubelet-client-key={directory / 'kubelet-client.key'}",
        *([f"--runtime-config={switches.shown(runtime_config)}"] if runtime_config else []),
    ]


def client_flags(kubeconfig: Path, port: int) -> list[str]:
    """How the programs that work for the API server are started."""
    names = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return [
        *(f"--{name}={kubeconfig}" for name in names),
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--leader-elect=false",
    ]
