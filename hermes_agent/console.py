"""The user's end of the command line: the answer on standard output, all else on standard error.

On a terminal an answer may be shown as it comes, and nothing of it steers the terminal. Where the output goes elsewhere
it holds whole answers only, byte for byte.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import Final, TextIO

from hermes_agent.errors import OutputLost
from hermes_agent.outlet import write_out
from hermes_agent.redaction import printable

__all__ = ["WITHDRAWN", "Console"]

WITHDRAWN: Final = "[withdrawn: this answer was not completed]"
"""Stands on a line of its own below a text that broke off."""


class Console:
    """Where the user is. What goes to standard output raises OutputLost, a notice never does."""

    def __init__(self, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        self.is_terminal = stdout.isatty()
        self.stdin, self.stdout, self._stderr = stdin, stdout, stderr
        self._printing = Lock()
        self._is_amid_a_line = False
        self._is_below_a_mark = False
        self._lost: OutputLost | None = None

    def answer(self, text: str) -> None:
        """Show what was asked for."""
        if text:
            self._print(f"{text}\n")

    def delta(self, text: str) -> None:
        """Show a piece of the answer as it comes; below a mark or a notice it stands on a new line already."""
        self._print(text.removeprefix("\n") if self._is_below_a_mark else text)
        self._is_amid_a_line, self._is_below_a_mark = not text.endswith("\n"), False

    def withdrawn(self, _text: str) -> None:
        """Mark what was shown last as no answer: what was printed stays there."""
        self._print(f"\n{WITHDRAWN}\n" if self._is_amid_a_line else f"{WITHDRAWN}\n")
        self._is_amid_a_line, self._is_below_a_mark = False, True

    def end_line(self) -> None:
        """Let what comes next begin on a new line.

        Where somebody is still printing, since a turn that was interrupted, nobody reads: there is no line to end.
        """
        if self._lost:
            raise self._lost
        if self._is_amid_a_line and not self._printing.locked():
            self._print("\n")
            self._is_amid_a_line = False

    def notice(self, text: str) -> None:
        """Tell what else the user should know. Who cannot be told so can be told nothing of that either."""
        with suppress(OutputLost):
            self.end_line()
        if text:
            with suppress(OutputLost):
                self._write(self._stderr, f"{text}\n")
        self._is_below_a_mark = True

    def line(self) -> str:
        """What the user says next; empty at the end."""
        if self.stdin.isatty():
            with suppress(OutputLost):
                self._write(self._stderr, "> ")
        return self.stdin.readline()

    def _print(self, text: str) -> None:
        with self._printing:
            try:
                self._write(self.stdout, text)
            except OutputLost as lost:
                self._lost = lost
                raise

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        write_out(stream, printable(text) if stream.isatty() else text)
