"""Ctrl-C for one turn: work runs in a thread of its own, so that an interrupt ends it at once (contract C17)."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, RLock, Thread
from typing import Any, TypeVar

from hermes_agent.errors import Interrupted

__all__ = ["Interruption"]

_GRACE_S = 0.1
"""How long cancelled work may take to come to its own end before it is left behind."""

_T = TypeVar("_T")


class Interruption:
    """A flag that also ends what is under way. `event` is for those who can watch it themselves."""

    def __init__(self) -> None:
        self.event = Event()
        self._lock = RLock()  # a signal's handler may come while its own thread holds it
        self._under_way: Callable[[], None] | None = None

    def clear(self) -> None:
        """Begin a turn: an interrupt that met nothing is forgotten."""
        self.event.clear()

    def set(self) -> None:
        """End the wait, call or tool that is under way; safe from any thread and from a signal's handler."""
        self.event.set()
        with self._lock:
            under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way()

    def check(self) -> None:
        """Raise Interrupted if the user has stopped the turn."""
        if self.event.is_set():
            raise Interrupted

    def run(self, work: Callable[[], _T], cancel: Callable[[], object]) -> _T:
        """What `work` returns or raises; Interrupted as soon as the flag is set, `cancel` called on the way."""
        ends: SimpleQueue[tuple[str, Any]] = SimpleQueue()

        def stop() -> None:
            cancel()
            ends.put(("interrupted", None))

        with self._lock:
            self._under_way = stop
        worker = Thread(target=_work, args=(work, ends), daemon=True)
        try:
            self.check()
            worker.start()
            how, value = ends.get()
        except KeyboardInterrupt:
            self.set()
            raise Interrupted from None
        finally:
            with self._lock:
                self._under_way = None
        if how == "interrupted":
            worker.join(_GRACE_S)
            raise Interrupted
        if how == "raised":
            raise value
        return value  # type: ignore[no-any-return]  # what _work put there is what `work` returned


def _work(work: Callable[[], object], ends: SimpleQueue[tuple[str, Any]]) -> None:
    try:
        ends.put(("returned", work()))
    except BaseException as error:  # noqa: BLE001  # raised again in the thread that asked
        ends.put(("raised", error))
