import asyncio
import math
import time
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.clock import START, SystemClock, VirtualClock
from faultlab.errors import WaitsForEver


def test_virtual_time_begins_with_2026_and_stands_still():
    clock = VirtualClock()
    assert (clock.time(), clock.monotonic(), clock.now_s) == (START, 0.0, 0.0)
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START)) == "2026-01-01T00:00:00Z"


@given(st.lists(st.integers(0, 10**8).map(lambda ms: ms / 1000), max_size=20))
def test_each_sleep_moves_every_reading_of_the_clock_and_is_counted(waits):
    clock = VirtualClock()
    for wait in waits:
        clock.sleep(wait)
    assert clock.now_s == pytest.approx(sum(waits))
    assert clock.time() - START == pytest.approx(clock.monotonic(), abs=1e-6)
    assert clock.waits == pytest.approx(tuple(wait for wait in waits if wait))
    assert clock.slept_s == pytest.approx(sum(waits))


def test_time_that_only_passes_is_nobody_s_wait():
    clock = VirtualClock()
    clock.advance(30)
    assert (clock.now_s, clock.slept_s, clock.waits) == (30, 0, ())


@pytest.mark.parametrize("seconds", [0, -1])
def test_time_never_goes_back(seconds):
    clock = VirtualClock()
    clock.sleep(seconds)
    assert (clock.now_s, clock.waits) == (0, ())


def test_an_action_runs_at_its_time_in_the_middle_of_a_sleep():
    clock, seen = VirtualClock(), []
    clock.at(3, lambda: seen.append(clock.now_s))
    clock.sleep(2)
    assert seen == []
    clock.sleep(2)
    assert (seen, clock.now_s) == ([3], 4)


def test_actions_run_in_the_order_of_their_times():
    clock, seen = VirtualClock(), []
    for t_s in (5, 1, 3):
        clock.at(t_s, lambda t_s=t_s: seen.append(t_s))
    clock.advance(10)
    assert seen == [1, 3, 5]


def test_an_action_that_is_due_already_runs_with_the_next_move():
    clock, seen = VirtualClock(), []
    clock.advance(10)
    clock.at(5, lambda: seen.append(clock.now_s))
    assert seen == []
    clock.sleep(1)
    assert (seen, clock.now_s) == ([10], 11)


def test_a_cancelled_action_does_not_run():
    clock, seen = VirtualClock(), []
    cancel = clock.at(1, lambda: seen.append("ran"))
    cancel()
    cancel()
    clock.sleep(2)
    assert seen == []


def test_a_sleep_ends_at_the_action_that_interrupts_it():
    clock, interrupted = VirtualClock(), Event()
    clock.at(3, interrupted.set)
    clock.sleep(10, interrupted)
    assert (clock.now_s, clock.waits) == (3, (3,))


def test_a_sleep_that_was_interrupted_before_does_not_begin():
    clock, interrupted = VirtualClock(), Event()
    interrupted.set()
    clock.sleep(10, interrupted)
    assert clock.now_s == 0


def test_a_sleep_ends_when_the_action_wakes_another_thread_that_interrupts_it():
    clock, woken, interrupted = VirtualClock(), Event(), Event()

    def other():
        woken.wait(5)
        interrupted.set()

    thread = Thread(target=other)
    thread.start()
    clock.at(3, woken.set)
    clock.sleep(10, interrupted)
    thread.join()
    assert clock.now_s == 3


def test_an_action_may_ask_the_clock_for_the_time_from_another_thread():
    clock, seen = VirtualClock(), []

    def ask_elsewhere():
        thread = Thread(target=lambda: seen.append(clock.time() - START))
        thread.start()
        thread.join(5)

    clock.at(1, ask_elsewhere)
    clock.sleep(2)
    assert seen == [1]


def test_a_wait_that_nothing_ends_is_the_harness_s_error():
    with pytest.raises(WaitsForEver):
        VirtualClock().sleep(math.inf)


def test_a_wait_for_ever_can_be_interrupted():
    clock, interrupted = VirtualClock(), Event()
    clock.at(7, interrupted.set)
    clock.advance(math.inf, interrupted)
    assert clock.now_s == 7


def test_threads_that_sleep_together_lose_no_wait():
    clock = VirtualClock()
    threads = [Thread(target=lambda: [clock.sleep(1) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clock.waits) <= 400
    assert 50 <= clock.now_s <= 400


def test_virtual_time_passes_without_holding_up_an_event_loop():
    clock = VirtualClock()
    asyncio.run(clock.advance_async(3600))
    assert clock.now_s == 3600


def test_the_system_s_time_passes_by_itself_and_its_waits_are_counted():
    clock = SystemClock()
    clock.sleep(0.01)
    assert clock.now_s >= 0.01
    assert clock.slept_s >= 0.01
    assert abs(clock.time() - time.time()) < 5
    assert clock.monotonic() <= time.monotonic()


def test_a_real_wait_ends_when_it_is_interrupted():
    clock, interrupted = SystemClock(), Event()
    interrupted.set()
    clock.sleep(60, interrupted)
    clock.advance(math.inf, interrupted)
    asyncio.run(clock.advance_async(60, interrupted))
    assert clock.now_s < 5


def test_a_real_wait_can_be_awaited():
    clock = SystemClock()
    asyncio.run(clock.advance_async(0.03))
    assert clock.now_s >= 0.03
