"""How long the end of a stream is waited for when nothing of the answer can be missing any more.

Real time, and none of the agent's waits: whoever reads from a socket is woken by cutting it, and from nothing else can
he be woken.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer

from hermes_agent.api_modes.base import field

__all__ = ["PATIENCE_S", "patience"]

PATIENCE_S = 3.0
"""What follows a finish reason follows at once: usage, `[DONE]`, or an error that came up at the very end."""


@contextmanager
def patience(stream: object) -> Iterator[Callable[[], None]]:
    """Hands out what is called when the answer is complete: the connection is cut so long after the first call."""
    connection = _socket(stream)
    timer = Timer(PATIENCE_S, _cut, (connection,))
    timer.daemon = True

    def begin() -> None:
        if connection is not None and timer.ident is None:
            timer.start()

    try:
        yield begin
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()  # afterwards the connection may be another request's


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


def _socket(stream: object) -> socket.socket | None:
    """What a response is read from; None where that is no socket: a transport within the process."""
    network_stream = field(field(field(stream, "response"), "extensions"), "network_stream")
    found = network_stream and network_stream.get_extra_info("socket")
    return found if isinstance(found, socket.socket) else None
