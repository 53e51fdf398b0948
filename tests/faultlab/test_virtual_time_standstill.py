"""Nothing hangs silently: a standstill is told to all who wait, with every thread and where it stands."""

import queue
import threading
import time

import pytest

from faultlab.clock import VirtualClock
from faultlab.errors import HarnessError, NothingMoves
from faultlab.virtual_time import PATIENCE_S, virtual_time


@pytest.fixture
def impatient():
    clock = VirtualClock()
    with virtual_time(clock, patience_s=0.1):
        yield clock


def test_patience_lasts_ten_seconds():
    assert PATIENCE_S == 10


def wait_in_vain(found):
    found.get()


def test_a_deadlock_of_the_program_is_told_with_every_thread_and_its_stack(impatient):
    first, second, errors = queue.Queue(), queue.Queue(), []

    def other():
        try:
            wait_in_vain(second)
        except NothingMoves as error:
            errors.append(error)

    thread = threading.Thread(target=other, name="the other")
    thread.start()
    with pytest.raises(NothingMoves) as told:
        wait_in_vain(first)
    thread.join()
    (error,) = errors
    assert str(error) == str(told.value)
    assert isinstance(error, HarnessError)
    for each in ("thread 'MainThread' waits without a deadline", "thread 'the other' waits without", "found.get()"):
        assert each in str(error)
    assert "uvloop" in str(error)


def test_what_is_held_up_by_something_that_is_not_virtual_is_named(impatient):
    lock, done = threading.Lock(), threading.Event()

    def held_up():
        with lock:
            done.set()

    thread = threading.Thread(target=held_up, name="held up")
    with lock:
        thread.start()
        with pytest.raises(NothingMoves, match="thread 'held up' is held up by something that is not virtual"):
            done.wait()
    thread.join()


def test_long_work_is_no_standstill(impatient):
    done, end = threading.Event(), time.process_time() + 0.4

    def work():
        while time.process_time() < end:
            pass
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert done.wait(60)
    thread.join()
    assert impatient.now_s == 0


def test_who_waits_busily_for_a_sleeper_comes_through(impatient):
    done = threading.Event()
    thread = threading.Thread(target=lambda: (time.sleep(0.1), done.set()))
    thread.start()
    while not done.is_set():
        pass
    thread.join()
    assert impatient.waits == (0.1,)
