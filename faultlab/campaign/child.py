"""One process that plays what it is handed, a thing at a time: whatever is under test can take no other with it.

The parent's side. It ends a child that hangs, by real time, and tells of one that has ended by itself.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from subprocess import DEVNULL, PIPE, Popen
from threading import Event
from typing import Any, Final

from faultlab.clock import SystemClock
from faultlab.environment import kept
from faultlab.errors import HarnessError

__all__ = ["Child", "GaveUp"]

_LOOK_S: Final = 0.1
"""How often it is looked whether a child is still there: one whose own child holds its connection closes none."""

_GRACE_S: Final = 2.0
"""What a child gets to end the programs that it has started."""

_POLL_S: Final = 0.01

_READY_S: Final = 60.0
"""Until a process has imported what it needs, on a machine that is busy."""

_BEGIN: Final = (
    "import sys; sys.path[:] = sys.argv[2:]; from faultlab.campaign.inside import main; main(int(sys.argv[1]))"
)


class GaveUp(HarnessError):
    """No result can be had of what a process was handed: it hangs, or whoever plays it ends."""


class _Died(Exception):  # what became of it, not a mistake
    """It has ended by itself, in which way."""


class Child:
    """A process, started when something is asked of it first, and anew after each end. Belongs to one thread.

    `over`, once set by anybody, ends it soon.
    """

    def __init__(self, over: Event) -> None:
        self._over = over
        self._process: Popen[bytes] | None = None
        self._connection: Connection | None = None

    def ask(self, call: Callable[[], Any], most_s: float) -> Any:
        """What the call returns there, within so much real time. Raises what it raises there, or GaveUp.

        A child that ends amid it may have been ended by anybody, or by what it played before: a fresh one decides.
        """
        sent = pickle.dumps((call, most_s))
        with suppress(_Died):
            return self._asked(sent, most_s)
        try:
            return self._asked(sent, most_s)
        except _Died as how:
            raise GaveUp(f"it ended the process that played it, and the one after that: {how}") from None

    def end(self) -> None:
        """End it, and what it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        # It has this number, and its group, until it was waited for.
        os.killpg(process.pid, signal.SIGTERM)
        clock = SystemClock()
        while not _has_ended(process) and clock.now_s < _GRACE_S:
            clock.advance(_POLL_S)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for each in (self._connection, process.stderr):
            if each is not None:
                each.close()

    def _asked(self, sent: bytes, most_s: float) -> Any:
        try:
            connection = self._running()
            connection.send_bytes(sent)
            self._wait_for(connection, most_s)
            is_answer, answer = pickle.loads(connection.recv_bytes())  # noqa: S301  # our own child's
        except (OSError, EOFError):
            raise _Died(self._how_it_ended()) from None
        if is_answer:
            return answer
        if isinstance(answer, GaveUp):  # it has seen the end of its memory
            self.end()
        raise answer

    def _running(self) -> Connection:
        if self._process is not None and self._connection is not None and not _has_ended(self._process):
            return self._connection
        self.end()
        self._process, self._connection = _started()
        self._wait_for(self._connection, _READY_S)
        try:
            self._connection.recv_bytes()
        except (OSError, EOFError):
            self._tell_why_it_is_not_ready()
        return self._connection

    def _wait_for(self, connection: Connection, most_s: float) -> None:
        """Until there is something to be read, or nothing will ever be. Raises GaveUp when it takes too long."""
        clock = SystemClock()
        while not connection.poll(_LOOK_S):
            why = self._why_it_is_ended(clock.now_s, most_s)
            if why is not None:
                self.end()
                raise GaveUp(why)
            if self._process is None or (_has_ended(self._process) and not connection.poll()):
                raise EOFError

    def _why_it_is_ended(self, taken_s: float, most_s: float) -> str | None:
        if self._over.is_set():
            return "the campaign is over"
        return f"it hangs: it was ended after {most_s:g} s of real time without a result" if taken_s > most_s else None

    def _tell_why_it_is_not_ready(self) -> None:
        """Raises HarnessError if it said why; who was ended by somebody may be started again."""
        said = self._process.stderr.read().decode("utf-8", "replace") if self._process and self._process.stderr else ""
        if said.strip():
            raise HarnessError(f"no process to play in can be started: {said.strip().splitlines()[-1]}")
        raise EOFError

    def _how_it_ended(self) -> str:
        process = self._process
        self.end()
        if process is None:
            return "it could not be started"
        code = process.returncode
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _has_ended(process: Popen[bytes]) -> bool:
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _started() -> tuple[Popen[bytes], Connection]:
    ours, theirs = Pipe()
    with theirs:
        process = Popen(  # noqa: S603  # this Python, with our own words
            [sys.executable, "-P", "-c", _BEGIN, str(theirs.fileno()), *sys.path],
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
            env=kept(),  # what is under test gets no credential of whoever runs this
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # a Ctrl-C at the terminal is for us, who then end what we have started
        )
    return process, ours
