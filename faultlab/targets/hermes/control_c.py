"""Ctrl-C: the one that a scenario plans, and the one of whoever drives us, which the agent takes for its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["ControlC"]


class ControlC:
    """The interrupts of one scenario."""

    def __init__(self) -> None:
        self._planned = 0
        self._pressed = False

    def press(self) -> None:
        """What Ctrl-C does to a process: the exception in the main thread, whichever thread has moved the clock."""
        main = threading.main_thread()
        if threading.current_thread() is main:
            raise KeyboardInterrupt
        self._planned += 1
        signal.pthread_kill(main.ident or 0, signal.SIGINT)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Meanwhile a Ctrl-C that nobody planned ends the turn, and afterwards the run."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are the main thread's
            return
        before = signal.signal(signal.SIGINT, self._arrived)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        if self._pressed:
            raise KeyboardInterrupt

    def _arrived(self, *_: Any) -> None:
        if self._planned:
            self._planned -= 1
        else:
            self._pressed = True
        raise KeyboardInterrupt
