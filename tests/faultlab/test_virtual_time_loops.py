"""Event loops: asyncio's own, also one that runs already, anyio's and trio's; what cannot be virtual says so."""

import asyncio
import math
import threading
import time

import anyio
import openai
import pytest
import trio
import uvloop

from faultlab import Lab, faults
from faultlab.clock import VirtualClock
from faultlab.errors import HarnessError, NothingMoves, WaitsForEver
from faultlab.virtual_time import trio_clock, virtual_time

SYSTEM_CLOCK = trio._core._run.SystemClock


def anyhow(main, clock):
    """The same coroutine with asyncio and with trio."""
    anyio.run(main)
    anyio.run(main, backend="trio", backend_options={"clock": trio_clock(clock)})


@pytest.mark.parametrize("sleep", [asyncio.sleep, anyio.sleep])
def test_a_coroutine_s_sleep_moves_the_clock_and_is_counted(clock, sleep):
    async def main():
        await asyncio.sleep(3600)
        await anyio.sleep(0.5)
        await sleep(0)

    asyncio.run(main())
    assert (clock.now_s, clock.waits) == (3600.5, (3600, 0.5))


def test_tasks_wake_in_the_order_of_their_times(clock):
    woken = []

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        woken.append((seconds, clock.now_s))

    async def main():
        await asyncio.gather(*map(sleeper, (30, 10, 20)))

    asyncio.run(main())
    assert woken == [(10, 10), (20, 20), (30, 30)]
    assert clock.waits == (10, 20, 30)


def test_time_outs_run_out_in_virtual_time(clock):
    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.sleep(3600)
        with anyio.move_on_after(60):
            await anyio.sleep_forever()
        with pytest.raises(TimeoutError), anyio.fail_after(60):
            await anyio.sleep(math.inf)

    asyncio.run(main())
    assert clock.now_s == 240


def test_a_loop_s_own_time_goes_on_when_a_lab_is_entered_inside_it_and_when_it_is_left():
    async def main():
        loop, clock = asyncio.get_running_loop(), VirtualClock()
        due = []
        loop.call_later(3600, due.append, "early")
        before = loop.time()
        with virtual_time(clock):
            assert loop.time() == pytest.approx(before, abs=1)
            loop.call_later(7200, due.append, "late")
            await asyncio.sleep(3601)
            assert due == ["early"]
            assert loop.time() - before == pytest.approx(3601, abs=1)
            timer = loop.call_later(5, due.append, "never")
        assert loop.time() == pytest.approx(before, abs=5)
        assert timer.when() - loop.time() == pytest.approx(5, abs=1)
        await asyncio.sleep(0.01)
        assert due == ["early"]

    asyncio.run(main())


def test_labs_stack_inside_a_loop_too():
    async def main():
        outer, inner = VirtualClock(), VirtualClock()
        loop = asyncio.get_running_loop()
        with virtual_time(outer):
            await asyncio.sleep(5)
            began = loop.time()
            with virtual_time(inner):
                await asyncio.sleep(7)
            await asyncio.sleep(1)
            assert loop.time() - began == pytest.approx(8)
        assert (outer.waits, inner.waits) == (pytest.approx((5, 1)), pytest.approx((7,)))

    asyncio.run(main())


def test_a_thread_is_waited_for_and_its_sleep_is_virtual_too(clock):
    async def main():
        return await asyncio.wait_for(asyncio.to_thread(lambda: (time.sleep(5), clock.now_s)[1]), 60)

    assert asyncio.run(main()) == 5


def test_a_thread_that_is_too_slow_times_out(clock):
    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(time.sleep, 50), 10)
        assert clock.now_s == 10

    asyncio.run(main())
    assert clock.now_s == 50


def test_a_loop_in_a_thread_of_its_own_and_its_caller_live_by_one_clock(clock):
    async def work():
        await asyncio.sleep(5)
        return clock.now_s

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    assert asyncio.run_coroutine_threadsafe(work(), loop).result(timeout=60) == 5
    with pytest.raises(TimeoutError):
        asyncio.run_coroutine_threadsafe(work(), loop).result(timeout=2)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert clock.now_s == 7


def test_who_yields_again_and_again_until_something_is_done_comes_through(clock):
    async def main():
        task = asyncio.create_task(asyncio.sleep(1))
        while not task.done():  # noqa: ASYNC110  # somebody does it
            await asyncio.sleep(0)

    asyncio.run(main())
    assert clock.now_s == pytest.approx(1)


def test_trio_s_sleeps_and_time_outs_are_virtual(clock):
    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 20)
            nursery.start_soon(trio.sleep, 10)
        with trio.move_on_after(5):
            await trio.sleep_forever()
        await trio.testing.wait_all_tasks_blocked(0.001)

    trio.run(main, clock=trio_clock(clock))
    assert (clock.now_s, clock.waits) == (25, (10, 20))


def test_trio_lives_by_the_clock_that_rules_if_it_is_given_none(clock):
    trio.run(trio.sleep, 3600)
    anyio.run(anyio.sleep, 3600, backend="trio")
    assert (clock.now_s, clock.waits) == (7200, (3600, 3600))


def test_a_trio_that_was_loaded_meanwhile_takes_the_machine_s_own_time(clock, monkeypatch):
    monkeypatch.setattr(trio._core._run, "SystemClock", SYSTEM_CLOCK)
    trio.run(trio.sleep, 0.01)
    assert clock.now_s == 0


def test_trio_s_threads_are_waited_for_and_virtual_too(clock):
    async def main():
        for _ in range(3):
            with trio.fail_after(60):
                await trio.to_thread.run_sync(time.sleep, 5)

    trio.run(main, clock=trio_clock(clock))
    assert clock.now_s == 15


def test_anyio_is_virtual_whatever_is_beneath(clock):
    async def main():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 20)
            tasks.start_soon(anyio.sleep, 10)
        with anyio.move_on_after(5):
            await anyio.sleep_forever()
        await anyio.to_thread.run_sync(time.sleep, 5)

    anyhow(main, clock)
    assert clock.now_s == 60


def test_a_lab_s_trio_clock_needs_no_lab_that_is_entered():
    lab = Lab()
    trio.run(trio.sleep, 3600, clock=lab.trio_clock())
    assert lab.clock.now_s == 3600
    assert isinstance(lab.trio_clock(), trio.abc.Clock)


def test_a_lab_of_real_time_has_no_clock_for_trio():
    with pytest.raises(HarnessError):
        Lab(virtual_time=False).trio_clock()


def test_a_slow_answer_is_nobody_s_sleep_and_lets_an_earlier_time_out_of_another_task_come_first():
    async def main(lab, client):
        async def ask():
            await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            return lab.clock.now_s

        seen = []
        asking = asyncio.create_task(ask())
        with anyio.move_on_after(2):
            await asyncio.Event().wait()
        seen.append(lab.clock.now_s)
        return [*seen, await asking]

    with Lab() as lab:
        slow = lab.upstream("openai", says=["late"], faults=[faults.slow(first_s=9)])
        early, late = asyncio.run(main(lab, slow.async_client()))
    assert (early, late, lab.clock.waits) == (2, 9, ())


async def ask_in_vain(lab, timeout_s):
    silent = lab.upstream("openai", faults=[faults.read_timeout()])
    async with silent.async_client(max_retries=0, timeout=timeout_s) as client:
        await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])


def test_an_answer_that_never_comes_ends_with_the_client_s_time_out():
    with Lab() as lab, pytest.raises(openai.APITimeoutError):
        asyncio.run(ask_in_vain(lab, 5))
    assert lab.clock.now_s == 5


def test_one_that_nothing_ends_is_told_at_once():
    lab = Lab()
    with virtual_time(lab.clock), pytest.raises(WaitsForEver):
        asyncio.run(ask_in_vain(lab, None))


def test_one_that_another_task_s_time_out_ends_is_no_wait_without_end():
    async def main(lab):
        with anyio.move_on_after(60):
            await ask_in_vain(lab, None)

    with Lab() as lab:
        asyncio.run(main(lab))
    assert lab.clock.now_s == 60


def by_runner(coroutine):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(coroutine)


def by_itself(coroutine):
    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(coroutine)
    finally:
        loop.close()
        coroutine.close()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what uvloop was not allowed to run
@pytest.mark.parametrize("run", [by_runner, by_itself])
def test_a_loop_that_cannot_be_virtual_is_named(run):
    coroutine = asyncio.sleep(1)
    with (
        virtual_time(VirtualClock()),
        pytest.raises(HarnessError, match=r"uvloop.Loop cannot be virtualised.*virtual_time=False"),
    ):
        run(coroutine)


def test_inside_a_loop_that_cannot_be_virtual_no_lab_is_entered_and_nothing_is_changed():
    before = time.sleep

    async def main():
        with pytest.raises(HarnessError, match=r"uvloop.Loop cannot be virtualised"), Lab():
            pass
        async with Lab(virtual_time=False):
            await asyncio.sleep(0.001)

    by_runner(main())
    assert time.sleep is before


def test_a_loop_that_nothing_wakes_is_told_of():
    async def main():
        await asyncio.Event().wait()

    with virtual_time(VirtualClock(), patience_s=0.1), pytest.raises(NothingMoves, match="waits without a deadline"):
        asyncio.run(main())
