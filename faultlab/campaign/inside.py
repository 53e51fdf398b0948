"""The inside of a process that plays: it takes a call, makes it, and hands back what came of it, until nobody asks.

It is bounded in memory, says nothing, and ends itself when nobody is left who could end it.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Event
from typing import Any, Final

from faultlab.campaign.child import GaveUp
from faultlab.errors import HarnessError

__all__ = ["MOST_BYTES", "main"]

MOST_BYTES: Final = 2 << 30
"""Of memory that a process may write to: far more than a run needs, and less than a machine has. What is only reserved
does not count, of which Node and Java take many times as much."""

_AFRESH: Final = 75
"""How it ends when its memory does and it has played something before, which may have left that behind."""

_ALONE_S: Final = 30.0
"""Beyond the time of a call: whoever would have ended it by then is gone."""


def main(descriptor: int) -> None:
    """Answer over this connection until it is closed, or this process is told to end."""
    signal.signal(signal.SIGTERM, _end)
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    _bound_memory()
    connection.send_bytes(b"")
    _fall_silent()
    with suppress(EOFError, OSError, KeyboardInterrupt), open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123
        for played in range(sys.maxsize):
            call, most_s = pickle.loads(connection.recv_bytes())  # noqa: S301  # our own parent's
            faulthandler.dump_traceback_later(most_s + _ALONE_S, exit=True, file=nowhere)
            connection.send_bytes(_made(call, is_fresh=not played))
            faulthandler.cancel_dump_traceback_later()
    os._exit(0)  # whatever threads somebody's code has left behind


_told_to_end = Event()


def _end(*_: Any) -> None:
    """By the one who has started this process; a Ctrl-C that a scenario plans is something else."""
    _told_to_end.set()
    raise KeyboardInterrupt


def _bound_memory() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    bound = MOST_BYTES if most == resource.RLIM_INFINITY else min(MOST_BYTES, most)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, most))


def _fall_silent() -> None:
    """What is under test may print as much as it likes: nobody reads it, and no pipe or disk is filled."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stderr.fileno())


def _made(call: Callable[[], Any], *, is_fresh: bool) -> bytes:
    """What came of a call, to be sent."""
    try:
        return pickle.dumps((True, call()))
    except MemoryError:
        if not is_fresh:
            os._exit(_AFRESH)
        error: Exception = GaveUp(
            f"it took more than {MOST_BYTES >> 30} GiB of memory, which is all that there is for it"
        )
    except Exception as raised:  # noqa: BLE001  # whatever it is, the one who asked is to know
        error = _sendable(raised)
    except BaseException as raised:
        if _told_to_end.is_set():
            raise
        error = GaveUp(f"it raised {type(raised).__name__}, which is meant for whoever runs it")
    return pickle.dumps((False, error))


def _sendable(error: Exception) -> Exception:
    """Itself, if it arrives whole on the other side."""
    with suppress(Exception):
        if isinstance(pickle.loads(pickle.dumps(error)), type(error)):  # noqa: S301
            return error
    return HarnessError(f"{type(error).__name__}: {error}")
