"""The clock that tests turn."""

import asyncio

import pytest

from kube_emulator.clock import Clock


async def test_advancing_wakes_sleepers_in_the_order_of_their_times() -> None:
    clock, finished = Clock(), []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        finished.append(seconds)

    async with asyncio.TaskGroup() as group:
        for seconds in (300, 100, 200):
            group.create_task(sleep(seconds))
        await asyncio.sleep(0)
        clock.advance(400)
    assert finished == [100, 200, 300]


async def test_a_sleeper_beyond_the_new_time_sleeps_on() -> None:
    clock = Clock()
    sleeper = asyncio.ensure_future(clock.sleep(100))
    await asyncio.sleep(0)
    clock.advance(99)
    await asyncio.sleep(0)
    assert not sleeper.done()
    clock.advance(1)
    await sleeper


async def test_wait_for_gives_the_result_or_ends_the_work() -> None:
    clock = Clock()
    assert await clock.wait_for(asyncio.sleep(0, "done"), 5) == "done"
    stuck = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(clock.wait_for(stuck, 45))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.advance(45)
    with pytest.raises(TimeoutError, match="not done within 45 s"):
        await waiting
    assert stuck.cancelled()


@pytest.mark.parametrize("ticks", range(8))
async def test_whoever_cancels_a_waiter_is_heard_at_any_moment(ticks: int) -> None:
    work = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(Clock().wait_for(work, 45))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.set_result("done")
    for _ in range(ticks):
        await asyncio.sleep(0)
    ended = waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled() is not ended


async def test_a_short_sleep_needs_no_help() -> None:
    await Clock().sleep(0.001)


def test_stamps_follow_the_clock() -> None:
    assert Clock().stamp(3600) > Clock().stamp()
