"""What the user is shown of an answer while it comes, and what of it is taken back. Knows neither model nor terminal.

Of all that was shown in a turn there stays, in the end, what was kept, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

from hermes_agent.errors import DisplayError, Interrupted
from hermes_agent.telling import Teller

__all__ = ["Display", "Listener"]

Listener = Callable[[str], None]
"""Is told a text."""


class Display:
    """One turn's texts as they come: `show` is told each piece, `take_back` what holds no longer, as one text.

    What is taken back is the end of what was shown. Without `show` nobody watches, and nothing is told. Pieces may
    come from any thread. A listener that raises is told no more, and the turn hears of it as a DisplayError. Once
    `stopped` is set nothing more is shown, what stands there is taken back, and a listener that does not return holds
    up nobody: Interrupted.
    """

    def __init__(
        self, show: Listener | None = None, take_back: Listener | None = None, stopped: Event | None = None
    ) -> None:
        self._show = show
        self._take_back = take_back if show else None
        self._stopped = stopped or Event()
        self._teller = Teller(self._stopped)
        self._lock = Lock()  # never held while somebody is told
        self._attempt = 0
        self._shown: list[str] = []  # since the last text that was kept
        self._held = ""
        self._opening = ""  # of the next text, so that it begins on a line of its own
        self._fault: Exception | None = None

    def attempt(self) -> Listener:
        """Where the pieces of a new attempt go; those of an attempt before it are not shown any more."""
        with self._lock:
            self._attempt += 1
            mine = self._attempt

        def show(piece: str) -> None:
            with self._lock:
                if mine == self._attempt and not self._stopped.is_set():
                    self._add(piece)
            self._is_told()

        return show

    def hold(self, text: str) -> None:
        """What the attempt said is a beginning, to be gone on with: it holds until the answer is kept or lost."""
        with self._lock:
            self._attempt += 1
            self._held += text
        self._check()

    def withdraw(self) -> None:
        """The attempt has failed: if anything was shown of it, that is taken back. What holds is then shown again."""
        with self._lock:
            self._attempt += 1
            if "".join(self._shown) not in ("", self._opening + self._held):
                self._undo()
        self._check()

    def leave(self) -> None:
        """Whoever was asked is left: what holds is taken back as well, and shown again with what the next one says."""
        with self._lock:
            self._attempt += 1
            self._undo()
        self._check()

    def keep(self, text: str) -> None:
        """This is what came of it: it stays, and what of it was not shown by now is."""
        with self._lock:
            self._attempt += 1
            whole, shown = self._opening + text if text else "", "".join(self._shown)
            if not whole.startswith(shown):
                self._undo()
                shown = ""
            self._tell(self._show, whole[len(shown) :])
            self._opening = self._opening if not text else "" if text.endswith("\n") else "\n"
            self._shown, self._held = [], ""
        self._check()

    def end(self) -> None:
        """The turn is over: what was not kept is taken back."""
        with self._lock:
            self._attempt += 1
            self._held = ""
            self._undo()
        self._check()

    def _add(self, piece: str) -> None:
        if piece and not self._shown:
            piece = self._opening + self._held + piece
        self._shown.append(piece)
        self._tell(self._show, piece)

    def _undo(self) -> None:
        shown, self._shown = "".join(self._shown), []
        self._tell(self._take_back, shown)

    def _tell(self, listener: Listener | None, text: str) -> None:
        if listener is not None and text and not self._fault:
            self._teller.put(listener, text)

    def _is_told(self) -> bool:
        """Whether all is told, once it is. Raises nothing of a listener's: this may be in the provider's call."""
        try:
            return self._teller.settle()
        except Exception as fault:  # noqa: BLE001  # whatever it raises, `_check` raises it where the turn can hear it
            self._fault = fault
            return True

    def _check(self) -> None:
        is_told, fault = self._is_told(), self._fault
        if fault is not None:
            self._show = self._take_back = self._fault = None
            raise DisplayError(f"the answer could not be shown: {type(fault).__name__}: {fault}") from fault
        if not is_told:
            raise Interrupted
