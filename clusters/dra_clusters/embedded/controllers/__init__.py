"""The controllers of kube-controller-manager that drivers and their pods meet.

``claims``, ``evictions``, ``garbage``, ``namespaces`` (those that go), ``departures`` (pods of nodes that went),
``furnishings`` (what each namespace has) and ``budgets``; each works change by change (``feed``).
"""

import asyncio

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.controllers.budgets import run_budgets
from dra_clusters.embedded.controllers.claims import ClaimController
from dra_clusters.embedded.controllers.departures import run_departures
from dra_clusters.embedded.controllers.evictions import EvictionController
from dra_clusters.embedded.controllers.furnishings import run_furnishings
from dra_clusters.embedded.controllers.garbage import GarbageCollector
from dra_clusters.embedded.controllers.namespaces import run_namespaces

__all__ = ["run_controllers"]


async def run_controllers(api: Api, certificate: bytes) -> None:
    """Control until cancelled; the first failure of one ends all. CERTIFICATE is what clients are to trust."""
    async with asyncio.TaskGroup() as tasks:
        for work in (
            ClaimController(api).run(),
            EvictionController(api).run(),
            GarbageCollector(api).run(),
            run_namespaces(api),
            run_departures(api),
            run_furnishings(api, certificate),
            run_budgets(api),
        ):
            tasks.create_task(work)
