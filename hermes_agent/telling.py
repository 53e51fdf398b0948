"""Telling somebody who may never listen: in a thread of its own, so that whoever is stopped need not wait for him."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Event, Lock, Thread

__all__ = ["GRACE_S", "Teller"]

GRACE_S = 0.1
"""How long a listener may still take once nobody wants to wait for him: an interrupt may take twice as long."""

_POLL_S = 0.02
"""How soon somebody who waits for a listener sees that he is stopped."""

_SPELL_S = 0.01
"""A listener is waited for in spells: where the whole process has to wait for a core, that is one of them, not all."""


class Teller:
    """Tells what it is given, one text after the other, whichever thread they come from.

    A listener may never return: behind him is a pipe that nobody reads. Once `stopped` is set, he is waited for no
    longer than `grace_s`; whoever has not returned by then is left behind, and nothing more is told to anybody.
    """

    def __init__(self, stopped: Event, grace_s: float = GRACE_S) -> None:
        self._stopped = stopped
        self._grace_s = grace_s
        self._lock = Lock()
        self._untold: deque[Callable[[], object]] = deque()
        self._idle = Event()
        self._idle.set()
        self._is_over = False
        self._raised: BaseException | None = None

    def put(self, listener: Callable[[str], object], text: str) -> None:
        """Tell him after all that was put before. Waits for nobody."""
        try:
            with self._lock:
                if self._is_over:
                    return
                self._untold.append(partial(listener, text))
                if self._idle.is_set():
                    self._idle.clear()
                    Thread(target=self._work, daemon=True).start()
        except KeyboardInterrupt:
            self._stopped.set()
            raise

    def settle(self) -> bool:
        """Return when all is told; False if it is not, and never will be. Raises what a listener raised, once.

        Ctrl-C here sets `stopped`: what follows does not wait for the listener either.
        """
        try:
            while not self._idle.wait(_POLL_S):
                if self._stopped.is_set():
                    self._wait_a_little()
                    break
        except KeyboardInterrupt:
            self._stopped.set()
            raise
        with self._lock:
            raised, self._raised = self._raised, None
        if raised is not None:
            raise raised
        return not self._is_over

    def _work(self) -> None:
        """Tell until there is nothing left: the next text begins a new thread."""
        while (tell := self._next()) is not None:
            try:
                tell()
            except BaseException as error:  # noqa: BLE001  # raised again where somebody waits for it
                with self._lock:
                    self._raised = error
                    self._untold.clear()

    def _next(self) -> Callable[[], object] | None:
        with self._lock:
            if self._untold:
                return self._untold.popleft()
            self._idle.set()
            return None

    def _wait_a_little(self) -> None:
        """Give the listener his grace; who has not returned by then is left behind."""
        if any(self._idle.wait(_SPELL_S) for _ in range(round(self._grace_s / _SPELL_S))):
            return
        with self._lock:
            # Whoever else waited may have found him still at work, and said so: that stays true.
            self._is_over = self._is_over or not self._idle.is_set()
            self._untold.clear()
            self._idle.set()  # whoever else waits need not
