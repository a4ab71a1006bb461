"""The controllers of kube-controller-manager that drivers and their pods meet.

``claims``, ``evictions``, ``garbage``, ``departures`` (namespaces and nodes that go), ``budgets`` and ``accounts``; each works change
by change (``feed``).
"""

import asyncio

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.controllers.accounts import run_accounts
from dra_clusters.embedded.controllers.budgets import run_budgets
from dra_clusters.embedded.controllers.claims import ClaimController
from dra_clusters.embedded.controllers.departures import run_departures
from dra_clusters.embedded.controllers.evictions import EvictionController
from dra_clusters.embedded.controllers.garbage import GarbageCollector

__all__ = ["run_controllers"]


async def run_controllers(api: Api) -> None:
    """Control until cancelled; the first failure of one ends all."""
    async with asyncio.TaskGroup() as tasks:
        for work in (
            ClaimController(api).run(),
            EvictionController(api).run(),
            GarbageCollector(api).run(),
            run_departures(api),
            run_accounts(api),
            run_budgets(api),
        ):
            tasks.create_task(work)
