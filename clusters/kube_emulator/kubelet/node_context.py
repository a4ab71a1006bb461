"""What the parts of a kubelet that care for pods need of their node."""

from collections.abc import Callable
from dataclasses import dataclass

from dra_api.objects import ContainerStatus, Pod
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.clock import Clock
from kube_emulator.kubelet.claims import ClaimManager
from kube_emulator.kubelet.runtime import Runtime
from kube_emulator.kubelet.volume_files import IssueToken


@dataclass(frozen=True, slots=True)
class NodeContext:
    """A node.

    Attributes:
        server: the address of the API server.
        issue_token: makes a token of a pod's account.
        with_health: adds the health of devices to the pod's container statuses.
    """

    api: Api
    clock: Clock
    claims: ClaimManager
    runtime: Runtime
    host_ip: str
    server: tuple[str, int]
    issue_token: IssueToken
    next_ip: Callable[[Pod], str]
    with_health: Callable[[Pod, list[ContainerStatus]], list[ContainerStatus]]
