"""Ctrl-C for one turn: work runs in a thread of its own, so that an interrupt ends it at once (contract C17)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Event, RLock, Thread
from typing import NoReturn, TypeVar

from hermes_agent.errors import Interrupted

__all__ = ["Interruption"]

_GRACE_S = 0.1
"""How long cancelled work may take to come to its own end before it is left behind."""

_T = TypeVar("_T")


class Interruption:
    """A flag that also ends what is under way. `event` is this turn's, for those who can watch it themselves."""

    def __init__(self) -> None:
        self.event = Event()
        self._lock = RLock()  # a signal's handler may come while its own thread holds it
        self._under_way: Callable[[], None] | None = None

    def clear(self) -> None:
        """Begin a turn: an interrupt that met nothing is forgotten, and what was left behind stays interrupted."""
        self.event = Event()

    def set(self) -> None:
        """End the wait, call or tool that is under way; safe from any thread and from a signal's handler."""
        self.event.set()
        with self._lock:  # held until all is cancelled: it must not meet what begins after it
            under_way, self._under_way = self._under_way, None
            if under_way is not None:
                under_way()

    def check(self) -> None:
        """Raise Interrupted if the user has stopped the turn."""
        if self.event.is_set():
            raise Interrupted

    def run(self, work: Callable[[], _T], cancel: Callable[[], object]) -> _T:
        """What `work` returns or raises; Interrupted as soon as the flag is set, `cancel` called on the way."""
        ends: SimpleQueue[Callable[[], _T]] = SimpleQueue()

        def stop() -> None:
            ends.put(_interrupted)  # before what cancelled work makes of it: to be cut off is no failure
            cancel()

        with self._lock:
            self._under_way = stop
        worker = Thread(target=lambda: ends.put(_end_of(work)), daemon=True)
        try:
            self.check()
            worker.start()
            end = ends.get()
        except KeyboardInterrupt:
            self.set()
            end = _interrupted
        finally:
            with self._lock:
                self._under_way = None
        if end is _interrupted and worker.is_alive():
            worker.join(_GRACE_S)
        return end()


def _end_of(work: Callable[[], _T]) -> Callable[[], _T]:
    """How the work ended, for the thread that asked: a call that returns or raises what the work did."""
    try:
        value = work()
    except BaseException as error:  # noqa: BLE001  # raised again in the thread that asked
        return partial(_raise, error)
    return lambda: value


def _raise(error: BaseException) -> NoReturn:
    raise error


def _interrupted() -> NoReturn:
    raise Interrupted
