"""Listeners are told in order, and one who never returns holds up nobody who was stopped."""

from __future__ import annotations

import signal
import time
from threading import Event, Thread, main_thread

import pytest

from hermes_agent.telling import Teller

SOON_S = 2.0
"""A generous bound of what is over in tenths of a second: as many tests may share the machine."""


@pytest.fixture
def never():
    """Set when the test is over: a listener that waits for it never returns within the test."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def stopped():
    return Event()


@pytest.fixture
def teller(stopped):
    return Teller(stopped)


def test_texts_are_told_in_the_order_in_which_they_came(teller):
    told = []
    for n in range(50):
        teller.put(told.append, str(n))
    assert teller.settle()
    assert told == [str(n) for n in range(50)]


def test_nobody_is_told_while_another_is(teller):
    under_way, most = [], []

    def listener(text):
        under_way.append(text)
        most.append(len(under_way))
        under_way.remove(text)

    def tell(n):
        for _ in range(20):
            teller.put(listener, str(n))
            teller.settle()

    threads = [Thread(target=tell, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (160, 1)


def test_who_is_not_stopped_waits_for_a_slow_listener(teller):
    told, go_on = [], Event()
    teller.put(lambda text: go_on.wait(5) and told.append(text), "a")
    Thread(target=lambda: Event().wait(0.3) or go_on.set()).start()
    assert teller.settle()
    assert told == ["a"]


@pytest.mark.parametrize("error", [OSError("no room"), KeyboardInterrupt()], ids=["an error", "an interrupt"])
def test_what_a_listener_raises_is_raised_once_where_it_is_waited_for(teller, error):
    def fail(_):
        raise error

    told = []
    teller.put(fail, "a")
    with pytest.raises(type(error)):
        teller.settle()
    teller.put(told.append, "b")
    assert teller.settle()
    assert told == ["b"]


def test_once_stopped_a_listener_that_does_not_return_is_left_and_nothing_more_is_told(teller, stopped, never):
    told, begun = [], Event()
    teller.put(lambda _: begun.set() or never.wait(5), "a")
    teller.put(told.append, "b")
    assert begun.wait(5)
    stopped.set()
    at = time.monotonic()
    assert not teller.settle()
    assert time.monotonic() - at < SOON_S
    teller.put(told.append, "c")
    assert not teller.settle()
    never.set()
    assert told == []


def test_everybody_who_waits_is_let_go(teller, stopped, never):
    results = []
    teller.put(lambda _: never.wait(5), "a")
    threads = [Thread(target=lambda: results.append(teller.settle())) for _ in range(4)]
    for thread in threads:
        thread.start()
    stopped.set()
    for thread in threads:
        thread.join(SOON_S)
    assert results == [False] * 4


def test_once_stopped_a_listener_who_returns_is_told_all_the_same(teller, stopped):
    told = []
    stopped.set()
    teller.put(told.append, "a")
    assert teller.settle()
    assert told == ["a"]


def test_ctrl_c_ends_the_waiting_and_all_that_would_follow(teller, stopped, never):
    teller.put(lambda _: signal.pthread_kill(main_thread().ident, signal.SIGINT) or never.wait(5), "a")
    with pytest.raises(KeyboardInterrupt):
        teller.settle()
    assert stopped.is_set()
    assert not teller.settle()
