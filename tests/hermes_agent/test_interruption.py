"""An interrupt ends what is under way at once, and nothing else."""

from __future__ import annotations

import signal
from threading import Event, Thread, main_thread

import pytest

from hermes_agent.errors import Interrupted
from hermes_agent.interruption import Interruption


@pytest.fixture
def interruption():
    return Interruption()


def interrupts_when(begun, interruption):
    """Another thread that interrupts once the work has begun."""
    Thread(target=lambda: begun.wait(5) and interruption.set()).start()


def waits(begun, over):
    """Work that tells when it has begun, and ends when it may."""
    return lambda: begun.set() or over.wait(5)


def test_work_that_nobody_stops_returns_what_it_made(interruption):
    assert interruption.run(lambda: "done", cancel=pytest.fail) == "done"


def test_what_the_work_raises_is_raised_where_it_was_asked_for(interruption):
    with pytest.raises(ZeroDivisionError):
        interruption.run(lambda: 1 / 0, cancel=pytest.fail)


def test_an_interrupt_from_another_thread_ends_work_that_does_not_look(interruption):
    begun, never, cancelled = Event(), Event(), Event()
    interrupts_when(begun, interruption)
    with pytest.raises(Interrupted):
        interruption.run(waits(begun, never), cancel=cancelled.set)
    assert cancelled.is_set()
    never.set()


def test_an_interrupt_from_within_the_work_ends_it(interruption):
    with pytest.raises(Interrupted):
        interruption.run(interruption.set, cancel=lambda: None)


def test_work_that_ends_when_it_is_cancelled_has_ended_before_the_caller_goes_on(interruption):
    begun, stopped, ended = Event(), Event(), Event()

    def work() -> None:
        waits(begun, stopped)()
        ended.set()

    interrupts_when(begun, interruption)
    with pytest.raises(Interrupted):
        interruption.run(work, cancel=stopped.set)
    assert ended.is_set()


def test_after_an_interrupt_nothing_starts_until_the_next_turn(interruption):
    interruption.set()
    with pytest.raises(Interrupted):
        interruption.run(lambda: pytest.fail("must not run"), cancel=lambda: None)
    interruption.clear()
    assert interruption.run(lambda: "next turn", cancel=pytest.fail) == "next turn"


def test_an_interrupt_with_nothing_under_way_cancels_nothing(interruption):
    interruption.run(lambda: None, cancel=pytest.fail)
    interruption.set()
    assert interruption.event.is_set()


def test_many_threads_may_interrupt_at_once(interruption):
    begun, never = Event(), Event()
    threads = [Thread(target=lambda: begun.wait(5) and interruption.set()) for _ in range(8)]
    for thread in threads:
        thread.start()
    with pytest.raises(Interrupted):
        interruption.run(waits(begun, never), cancel=lambda: None)
    never.set()
    for thread in threads:
        thread.join()


def test_what_cancelled_work_makes_of_it_does_not_matter(interruption):
    begun, cut = Event(), Event()

    def work() -> None:
        waits(begun, cut)()
        raise OSError("cut off")

    def cancel() -> None:
        cut.set()
        Event().wait(0.02)  # the work fails first, if it may

    interrupts_when(begun, interruption)
    with pytest.raises(Interrupted):
        interruption.run(work, cancel=cancel)


def test_nothing_new_begins_until_all_is_cancelled(interruption):
    begun, never, cancelled = Event(), Event(), Event()

    def cancel() -> None:
        Event().wait(0.02)
        cancelled.set()

    interrupts_when(begun, interruption)
    with pytest.raises(Interrupted):
        interruption.run(waits(begun, never), cancel=cancel)
    assert cancelled.is_set()
    never.set()


def test_what_an_earlier_turn_left_behind_stays_interrupted(interruption):
    earlier = interruption.event
    interruption.set()
    interruption.clear()
    assert (earlier.is_set(), interruption.event.is_set()) == (True, False)


def test_ctrl_c_ends_the_work_as_an_interrupt(interruption):
    cancelled = Event()

    def work() -> None:
        signal.pthread_kill(main_thread().ident, signal.SIGINT)
        cancelled.wait(5)

    with pytest.raises(Interrupted):
        interruption.run(work, cancel=cancelled.set)
    assert interruption.event.is_set()
