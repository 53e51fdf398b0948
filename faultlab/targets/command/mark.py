"""A mark in the environment of a program: whatever it starts carries it too, in whichever process group or session.

Linux shows the environment of every process; elsewhere nothing is found, and only the group ends.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

__all__ = ["end_marked", "marked"]

_MARK: Final = "FAULTLAB_RUN"

_PROCESSES: Final = Path("/proc")

_MOST_LOOKS: Final = 100
"""Whoever starts others faster than they are ended is left at some time, rather than nobody ever coming back."""


def marked(environ: Mapping[str, str]) -> dict[str, str]:
    """The same environment with a mark that no other has."""
    return {**environ, _MARK: uuid4().hex}


def end_marked(environ: Mapping[str, str]) -> None:
    """End every process that was started in this environment, and whatever they start meanwhile."""
    mark = f"{_MARK}={environ[_MARK]}".encode()
    for _ in range(_MOST_LOOKS):
        # All of one look are ended, and the next finds what they have started before.
        if not [True for pid in _processes() if _is_ended(pid, mark)]:
            return


def _processes() -> Iterator[int]:
    return (int(path.name) for path in _PROCESSES.glob("[0-9]*"))


def _is_ended(pid: int, mark: bytes) -> bool:
    """Whether it has the mark, and was ended for it; the environment of one that is dead already is empty."""
    # Somebody else's may not be looked at, and any may be gone by now.
    with suppress(OSError):
        # Whoever gets its number afterwards is not meant by this.
        handle = os.pidfd_open(pid)
        try:
            if mark in (_PROCESSES / str(pid) / "environ").read_bytes().split(b"\0"):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False
