"""Ctrl-C: the one that a scenario plans, and the one of whoever drives us, which the agent takes for its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["ControlC"]

_AGAIN_S: Final = 0.05
_TIMES: Final = 20
"""How often it is pressed until the main thread heeds it, and after how many real seconds once more.

A signal that comes just before a thread begins to wait is not looked at while it waits; the next one wakes it for both.
"""


class ControlC:
    """The interrupts of one scenario."""

    def __init__(self) -> None:
        self._planned = self._again = 0
        self._pressed = self._is_heeded = False
        self._heard = threading.Event()

    def press(self) -> None:
        """What Ctrl-C does to a process: the exception in the main thread, whichever thread has moved the clock."""
        main = threading.main_thread()
        if threading.current_thread() is main:
            raise KeyboardInterrupt
        self._planned += 1
        self._heard.clear()
        signal.pthread_kill(main.ident or 0, signal.SIGINT)
        for _ in range(_TIMES if self._is_heeded else 0):
            if self._heard.wait(_AGAIN_S):
                break
            self._again += 1
            signal.pthread_kill(main.ident or 0, signal.SIGINT)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Meanwhile a Ctrl-C that nobody planned ends the turn, and afterwards the run."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are the main thread's
            return
        before, self._is_heeded = signal.signal(signal.SIGINT, self._arrived), True
        try:
            yield
        finally:
            self._is_heeded, self._again = False, 0
            signal.signal(signal.SIGINT, before)
        if self._pressed:
            raise KeyboardInterrupt

    def _arrived(self, *_: Any) -> None:
        self._heard.set()
        if self._planned:
            self._planned -= 1
        elif self._again:
            self._again = 0
            return
        else:
            self._pressed = True
        raise KeyboardInterrupt
