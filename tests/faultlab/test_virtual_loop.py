import asyncio
import time

import anyio
import pytest

from faultlab.clock import VirtualClock, sleeping_on
from faultlab.virtual_loop import VirtualLoop


def _run(clock, main):
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main)


@pytest.mark.parametrize("sleep", [asyncio.sleep, anyio.sleep])
def test_a_coroutine_that_sleeps_moves_the_clock_and_costs_nothing(sleep):
    clock = VirtualClock()
    _run(clock, sleep(3600))
    assert clock.now_s == pytest.approx(3600)


def test_several_sleepers_wake_in_the_order_of_their_time():
    clock, woken = VirtualClock(), []

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        woken.append(round(clock.now_s))

    async def main():
        await asyncio.gather(sleeper(30), sleeper(10), sleeper(20))

    _run(clock, main())
    assert woken == [10, 20, 30]


def test_a_time_out_runs_out_in_virtual_time():
    clock = VirtualClock()

    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 60)

    _run(clock, main())
    assert clock.now_s == pytest.approx(60)


def test_a_thread_is_waited_for_as_it_takes():
    async def main():
        return await asyncio.to_thread(lambda: 7)

    assert _run(VirtualClock(), main()) == 7


def test_time_sleep_moves_the_clock_only_meanwhile():
    clock, real = VirtualClock(), time.sleep
    with sleeping_on(clock):
        time.sleep(5)
    assert clock.waits == (5.0,)
    assert time.sleep is real
