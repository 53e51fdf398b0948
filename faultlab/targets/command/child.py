"""One run of a program: bounded in time and in what it says, and gone with all that it started."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Final

from faultlab.clock import SystemClock
from faultlab.errors import TargetError
from faultlab.targets.command.mark import end_marked, marked

__all__ = ["MOST_BYTES", "Ended", "run"]

MOST_BYTES: Final = 1_000_000
"""Of each of its two streams: an answer is far below, a program that fills a disk far above."""

_LOOK_S: Final = 0.01
"""How often it is looked whether it has ended."""

_LEFT_OPEN_S: Final = 1.0
"""How long its streams may stay open after it: what got away from us holds them for as long as it likes."""

_PIECE: Final = 65_536
_BY_SIGNAL: Final = 128


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended; by a signal: with 128 and its number, as in a shell. `why` tells what it did not keep to.

    `stopped` is that, or the signal that it ended by without us.
    """

    exit_code: int
    stdout: str
    stderr: str
    why: str | None = None
    stopped: str | None = None


def run(
    argv: Sequence[str],
    environ: Mapping[str, str],
    said: str,
    timeout_s: float,
    is_runaway: Callable[[], bool],
) -> Ended:
    """Run it to its end, `said` on its standard input. Raises TargetError if it cannot be started."""
    environ = marked(environ)
    with TemporaryFile() as stdin:
        stdin.write(said.encode())
        stdin.seek(0)
        process = _started(argv, environ, stdin)
    try:
        heard = (_Heard(process.stdout), _Heard(process.stderr))
        why = _why_it_ends(process, timeout_s, is_runaway, heard)
    finally:
        # Its group is there for as long as it was not waited for: no other can have got its number.
        os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        end_marked(environ)
    stdout, stderr = (stream.text() for stream in heard)
    # It may have said all that and ended before anybody looked: what it said is known when it was read to its end.
    why = why or _too_much(heard)
    by_signal = f"it crashed: {_named(-code)}" if code < 0 else None
    return Ended(code if code >= 0 else _BY_SIGNAL - code, stdout, stderr, why, why or by_signal)


def _named(number: int) -> str:
    """A signal; those of real time have no names."""
    return f"signal {next((each.name for each in signal.Signals if each == number), number)}"


def _started(argv: Sequence[str], environ: Mapping[str, str], stdin: IO[bytes]) -> Popen[bytes]:
    try:
        return Popen(  # noqa: S603  # what it is, the scenario's author says; no shell reads it
            argv, bufsize=0, env=environ, stdin=stdin, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise TargetError(f"command {argv[0]!r:.200} cannot be started: {told}") from None


class _Heard:
    """What comes out of one of its streams, read as it comes."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self.is_too_much = False
        self._kept = bytearray()
        self._thread = Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while piece := pipe.read(_PIECE):
                room = MOST_BYTES - len(self._kept)
                self._kept += piece[:room]
                self.is_too_much |= len(piece) > room

    def text(self) -> str:
        """All of it, once it has ended."""
        self._thread.join(_LEFT_OPEN_S)
        return self._kept.decode("utf-8", "replace")


def _why_it_ends(
    process: Popen[bytes], timeout_s: float, is_runaway: Callable[[], bool], heard: Sequence[_Heard]
) -> str | None:
    """Look until it has ended, and leave it its number; None when it has ended by itself."""
    clock = SystemClock()  # whatever time its models live in, a process takes the machine's own
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if clock.now_s >= timeout_s:
            return f"it was ended after {timeout_s:g} s, which is all the time that it has"
        if is_runaway():
            return "it was ended because it never stops asking"
        if why := _too_much(heard):
            return why
        clock.advance(_LOOK_S)
    return None


def _too_much(heard: Sequence[_Heard]) -> str | None:
    """The same words whether it was ended for it or was quicker than that."""
    if any(stream.is_too_much for stream in heard):
        return f"it said more than {MOST_BYTES:,} bytes, which is all that is read"
    return None
