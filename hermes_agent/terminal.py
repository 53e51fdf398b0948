"""One shell command, from its start to the end of all that it started. Knows nothing of tools or models.

A process that leaves the command's group on purpose (setsid) goes on; it holds no stream of ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer

from hermes_agent.errors import Interrupted

__all__ = ["run_command"]

_POLL_S = 0.01
"""How soon the end of a command, or of its time, is seen; an interrupt is seen at once."""

_CHUNK_BYTES, _CHUNKS = 65_536, 16
"""What is read at a stretch: no pipe holds more, and a command that never falls silent can still be stopped."""

_HALF_BYTES = 25_000
"""Of a long output the beginning and the end are kept: a conversation has to have room for a few."""


def run_command(
    command: str, cwd: Path, environ: Mapping[str, str] | None, timeout_s: float, interrupted: Event
) -> str:
    """Its output, standard error included, and how it ended. Raises Interrupted within 0.2 s of the event."""
    with _shell(command, cwd, environ) as process, _alarm(timeout_s) as expired:
        output = _Output(process)
        while process.poll() is None and not expired.is_set() and not interrupted.wait(_POLL_S):
            output.take()
        ended = f"killed after {timeout_s:g} s" if process.returncode is None else f"exit code {process.returncode}"
        _kill_group(process)
        process.wait()
        output.take()
    if interrupted.is_set():
        raise Interrupted("interrupted")
    return f"{output.text()}\n[{ended}]".lstrip("\n")


@contextmanager
def _shell(command: str, cwd: Path, environ: Mapping[str, str] | None) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process group of its own, which does not outlive this context."""
    with subprocess.Popen(  # noqa: S603  # running what the model asks for is the tool's purpose
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=environ,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of it has ended; macOS says so in the second way
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _alarm(seconds: float) -> Iterator[Event]:
    """An event that is set after so long."""
    expired = Event()
    timer = Timer(seconds, expired.set)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


class _Output:
    """What a process has said so far, read without waiting for more."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            raise TypeError("the output is read through a pipe")
        self._pipe = process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        self._head, self._tail, self._left_out = bytearray(), bytearray(), 0

    def take(self) -> None:
        """Read what is there."""
        for _ in range(_CHUNKS):
            chunk = self._read()
            if not chunk:
                break
            self._keep(chunk)

    def _read(self) -> bytes:
        try:
            return os.read(self._pipe, _CHUNK_BYTES)
        except BlockingIOError:  # the process is silent just now
            return b""

    def _keep(self, chunk: bytes) -> None:
        room = _HALF_BYTES - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        surplus = max(0, len(self._tail) - _HALF_BYTES)
        self._left_out += surplus
        del self._tail[:surplus]

    def text(self) -> str:
        """All of it, or its beginning and its end around a note of what is left out."""
        note = f"\n[{self._left_out} bytes left out]\n".encode() if self._left_out else b""
        return (self._head + note + self._tail).decode("utf-8", errors="replace").rstrip("\n")
