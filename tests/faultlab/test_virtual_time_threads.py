"""Several threads: time jumps only when all of them wait, and what one does to another comes first."""

import concurrent.futures
import queue
import threading
import time

import pytest

from faultlab.clock import VirtualClock
from faultlab.virtual_time import virtual_time


def started(*targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def join(threads):
    for thread in threads:
        thread.join()


def test_sleepers_wake_in_the_order_of_their_times(clock):
    woken = []

    def sleeper(seconds):
        time.sleep(seconds)
        woken.append((seconds, clock.now_s))

    join(started(*(lambda seconds=seconds: sleeper(seconds) for seconds in (30, 10, 20))))
    assert woken == [(10, 10), (20, 20), (30, 30)]
    assert clock.waits == (10, 20, 30)


def test_who_wakes_at_one_moment_goes_on_in_the_order_of_the_starts(clock):
    woken = []

    def sleeper(n):
        for _ in range(5):
            time.sleep(1)
            woken.append(n)

    join(started(*(lambda n=n: sleeper(n) for n in range(8))))
    assert woken == list(range(8)) * 5
    assert clock.now_s == 5


@pytest.mark.parametrize(
    "wait",
    [
        lambda: threading.Event().wait(60),
        lambda: threading.Semaphore(0).acquire(timeout=60),
        lambda: _condition().wait(60),
        lambda: _condition().wait_for(lambda: False, 60),
        lambda: _raises(queue.Empty, lambda: queue.Queue().get(timeout=60)),
        lambda: _raises(queue.Empty, lambda: queue.SimpleQueue().get(timeout=60)),
        lambda: _raises(queue.Full, lambda: _full().put(2, timeout=60)),
        lambda: _raises(TimeoutError, lambda: concurrent.futures.Future().result(timeout=60)),
        lambda: concurrent.futures.wait([concurrent.futures.Future()], timeout=60),
        lambda: _raises(threading.BrokenBarrierError, lambda: threading.Barrier(2).wait(60)),
    ],
    ids=["Event", "Semaphore", "Condition", "wait_for", "get", "SimpleQueue", "put", "result", "futures", "Barrier"],
)
def test_a_time_out_of_a_wait_runs_out_in_virtual_time_and_is_no_sleep(clock, wait):
    wait()
    assert clock.now_s == pytest.approx(60)
    assert clock.waits == ()


def _condition():
    condition = threading.Condition()
    condition.acquire()
    return condition


def _full():
    full = queue.Queue(1)
    full.put(1)
    return full


def _raises(error, call):
    with pytest.raises(error):
        call()


def test_a_wait_ends_when_another_thread_ends_it(clock):
    event, found = threading.Event(), queue.Queue()

    def other():
        time.sleep(3)
        event.set()
        time.sleep(3)
        found.put("it")

    thread = threading.Thread(target=other)
    thread.start()
    assert event.wait(60)
    assert clock.now_s == 3
    assert found.get(timeout=60) == "it"
    thread.join()
    assert clock.now_s == 6


def test_what_is_given_at_the_last_moment_is_there_before_the_time_out_of_who_came_later(clock):
    handed_over = queue.Queue()
    thread = threading.Thread(target=lambda: (time.sleep(5), handed_over.put(1)))
    thread.start()
    time.sleep(1)
    assert handed_over.get(timeout=4.5) == 1
    thread.join()


@pytest.mark.parametrize(("seconds", "is_alive"), [(1, True), (9, False)])
def test_joining_has_a_virtual_time_out(clock, seconds, is_alive):
    thread = threading.Thread(target=lambda: time.sleep(5))
    thread.start()
    thread.join(timeout=seconds)
    assert thread.is_alive() is is_alive
    assert clock.now_s == min(seconds, 5)
    thread.join()
    assert (thread.is_alive(), clock.now_s) == (False, 5)


def test_a_thread_that_is_not_there_yet_cannot_be_joined(clock):
    with pytest.raises(RuntimeError):
        threading.Thread().join()
    with pytest.raises(RuntimeError):
        threading.current_thread().join()


def test_a_timer_goes_off_in_virtual_time(clock):
    seen = []
    timer = threading.Timer(30, lambda: seen.append(clock.now_s))
    timer.start()
    timer.join()
    assert seen == [30]


def test_a_pool_of_threads_works_side_by_side(clock):
    def work(seconds):
        time.sleep(seconds)
        return clock.now_s

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(work, [10, 20, 30]))
        with pytest.raises(TimeoutError):
            pool.submit(work, 100).result(timeout=5)
    assert results == [10, 20, 40]
    assert clock.now_s == 140


def test_work_that_is_given_to_a_pool_of_before_is_virtual_too():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        clock = VirtualClock()
        with virtual_time(clock):
            assert pool.submit(sum, [1, 2]).result(timeout=1) == 3
            assert clock.now_s == 0
            slow = pool.submit(time.sleep, 60)
            with pytest.raises(TimeoutError):
                slow.result(timeout=5)
            slow.result(timeout=100)
        assert (clock.now_s, clock.waits) == (60, (60,))


def test_time_waits_for_a_thread_at_work(clock):
    def work():
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=1)
    assert (thread.is_alive(), clock.now_s) == (False, 0)


def test_a_thread_that_a_plain_lock_holds_up_holds_up_nobody(clock):
    lock = threading.Lock()

    def sleeper():
        with lock:
            time.sleep(5)

    thread = threading.Thread(target=sleeper)
    with lock:
        thread.start()
        time.sleep(1)
    thread.join()
    assert clock.now_s == 6


def test_who_polls_the_time_lets_others_have_theirs(clock):
    woken = []
    thread = threading.Thread(target=lambda: (time.sleep(1), woken.append(clock.now_s)))
    thread.start()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        pass
    thread.join()
    assert woken == [1]
    assert clock.now_s == 2


def test_a_thread_that_was_there_before_lives_by_the_machine_s_time():
    ask, told = queue.Queue(), queue.Queue()

    def outside():
        ask.get()
        began = time.monotonic()
        told.put((began, threading.Event().wait(0.02), time.monotonic() - began))

    thread = threading.Thread(target=outside)
    thread.start()
    clock = VirtualClock()
    with virtual_time(clock):
        ask.put(1)
        began, is_set, passed = told.get()
        assert clock.now_s == 0
    thread.join()
    assert began > 1
    assert not is_set
    assert passed >= 0.02


def test_who_still_waits_when_virtual_time_is_over_waits_on_really():
    event, ended = threading.Event(), []

    def waiting():
        ended.append(event.wait(3600))

    def sleeping():
        time.sleep(0.03)
        ended.append("slept")

    with virtual_time(VirtualClock()):
        late = threading.Event()
        threads = started(waiting, lambda: (late.wait(), sleeping()))
        late.set()
        threads[1].join()
        assert ended == ["slept"]
    event.set()
    threads[0].join()
    assert ended == ["slept", True]


def test_a_clock_may_be_moved_by_a_thread_of_the_machine_s_time_and_sleepers_wake():
    clock, go = VirtualClock(), threading.Event()
    outside = threading.Thread(target=lambda: (go.wait(), clock.advance(30)))
    outside.start()
    with virtual_time(clock):
        sleeper = threading.Thread(target=lambda: time.sleep(20))
        sleeper.start()
        time.sleep(1)
        go.set()
        outside.join()
        sleeper.join()
    assert clock.waits == (1, 31)
