"""The controllers of kube-controller-manager that drivers and their pods meet.

Modules have upstream's names. Each controller handles one change after the other (``feed``); workloads have a queue of
keys (``keyed``). ``namespace_defaults`` are the
serviceaccount and root CA publishers, ``rule_status`` and ``taints`` are parts of ``device_taint_eviction``.
"""

import asyncio

from kube_emulator.apiserver.registry.api import Api
from kube_emulator.controllers.daemonset import DaemonSetController
from kube_emulator.controllers.deployment import DeploymentController
from kube_emulator.controllers.device_taint_eviction import DeviceTaintEvictionController
from kube_emulator.controllers.disruption import run_disruption
from kube_emulator.controllers.garbagecollector import GarbageCollector
from kube_emulator.controllers.job import JobController
from kube_emulator.controllers.namespace import run_namespace
from kube_emulator.controllers.namespace_defaults import run_namespace_defaults
from kube_emulator.controllers.podgc import run_podgc
from kube_emulator.controllers.policy_status import run_policy_status
from kube_emulator.controllers.replicaset import ReplicaSetController
from kube_emulator.controllers.resourceclaim import ResourceClaimController
from kube_emulator.controllers.resourcequota import run_resourcequota
from kube_emulator.controllers.tainteviction import TaintEvictionController

__all__ = ["run_controllers"]


async def run_controllers(api: Api, certificate: bytes) -> None:
    """Control until cancelled; the first failure of one ends all. CERTIFICATE is what clients are to trust."""
    async with asyncio.TaskGroup() as tasks:
        for work in (
            ResourceClaimController(api).run(),
            DeviceTaintEvictionController(api).run(),
            GarbageCollector(api).run(),
            ReplicaSetController(api).run(),
            DeploymentController(api).run(),
            DaemonSetController(api).run(),
            JobController(api).run(),
            TaintEvictionController(api).run(),
            run_namespace(api),
            run_podgc(api),
            run_namespace_defaults(api, certificate),
            run_disruption(api),
            run_resourcequota(api),
            run_policy_status(api),
        ):
            tasks.create_task(work)
