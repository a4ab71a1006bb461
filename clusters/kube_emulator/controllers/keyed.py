"""The work queue of a controller: objects are synced by key after changes that concern them, and again when they ask for it.

Upstream's controllers also keep *expectations*: their informers lag behind their own writes, and without them they would
create a pod twice. Here a controller reads the store itself, and ``Dependents`` knows what it created, so it needs none.
"""

import logging
from collections.abc import Callable, Collection, Iterable

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import Changed, feed

log = logging.getLogger(__name__)
Key = tuple[str, str]
"""(namespace, name)."""
RETRY_S, RETRY_DOUBLINGS = 1.0, 6


def key_of(item: ReadOnlyObject) -> Key:
    """(namespace, name)."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


async def run_keyed(
    api: Api,
    plurals: Collection[str],
    keys_of: Callable[[Changed], Iterable[Key]],
    sync: Callable[[Key], float | None],
) -> None:
    """Sync until cancelled.

    Args:
        api: where objects and the clock are.
        plurals: the kinds that are watched.
        keys_of: the keys that a change concerns.
        sync: handles a key; returns after how many seconds to sync it again, None for not before a change.
    """
    due: dict[Key, float] = {}
    failures: dict[Key, int] = {}

    def wait_s() -> float | None:
        return max(0.0, min(due.values()) - api.clock.time()) if due else None

    async for batch in feed(api, plurals, wait_s):
        now = api.clock.time()
        keys = dict.fromkeys(key for key, when in due.items() if when <= now)
        keys.update(dict.fromkeys(key for changed in batch for key in keys_of(changed)))
        for key in keys:
            due.pop(key, None)
            try:
                again = sync(key)
                failures.pop(key, None)
            except ApiError as error:
                log.info("%s/%s: %s", *key, error)
                failures[key] = failures.get(key, 0) + 1
                again = RETRY_S * 2.0 ** min(failures[key] - 1, RETRY_DOUBLINGS)
            if again is not None:
                due[key] = now + again
