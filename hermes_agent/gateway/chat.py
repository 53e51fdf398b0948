"""Chats on JSON lines: what a line means, how one is sent, and the queue that keeps a chat's messages in order.

Nothing here knows an agent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import Any, TextIO

from hermes_agent.errors import OutputLost
from hermes_agent.outlet import write_out
from hermes_agent.telling import Teller

__all__ = ["Chat", "Incoming", "Output", "Waiting", "read_line"]

_LAST_WORDS_S = 1.0
"""How long who reads the answers may take for what is said to him after Ctrl-C."""

_AGAIN_S = 0.05
"""How often a turn is told to stop: one that is only just beginning may not have heard it."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of one chat."""

    chat_id: str
    text: str


def read_line(line: str) -> Incoming:
    """The message in a line. Raises ValueError, which says what is wrong."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("no JSON") from None
    fields = said if isinstance(said, dict) else {}
    for name in ("chat_id", "text"):
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise ValueError(f"{name} is missing, empty, or no text")
    return Incoming(fields["chat_id"], fields["text"])


class Output:
    """Lines out, whole ones, whichever thread they come from; `lost` is why nothing more is said, once that is so."""

    def __init__(self, stream: TextIO) -> None:
        self.lost: OutputLost | None = None
        self._write = partial(write_out, stream)
        self._hurry = Event()
        self._teller = Teller(self._hurry, _LAST_WORDS_S)

    def send(self, kind: str, **fields: Any) -> None:
        """One JSON object on a line of its own."""
        if self.lost:
            return
        self._teller.put(self._write, json.dumps({"kind": kind, **fields}) + "\n")
        try:
            self._teller.settle()
        except OutputLost as lost:
            self.lost = lost

    def hurry(self) -> None:
        """From now on nobody waits long for a reader: he may be the one who does not read."""
        self._hurry.set()


@dataclass(eq=False, slots=True)
class Waiting:
    """A message that is waiting for its answer; `stopped` is the user's word, `done` its end."""

    text: str
    stopped: Event = field(default_factory=Event)
    done: Event = field(default_factory=Event)


class Chat:
    """One chat. `answer` is called for its messages one after the other, in a thread of the chat's own."""

    def __init__(self, answer: Callable[[Waiting], None], interrupt: Callable[[], None]) -> None:
        self._answer = answer
        self._interrupt = interrupt
        self._waiting: list[Waiting] = []
        self._lock = Lock()
        # One thread keeps the order; a second one only ever stops what the first is at.
        self._answering, self._stopping = ThreadPoolExecutor(1), ThreadPoolExecutor(1)

    def take(self, text: str) -> None:
        """Answer this after all that came before it."""
        waiting = Waiting(text)
        with self._lock:
            self._waiting.append(waiting)
        self._answering.submit(self._work, waiting)

    def stop(self) -> bool:
        """Stop all that is waiting or under way; False if nothing is."""
        with self._lock:
            stopped = list(self._waiting)
        for waiting in stopped:
            waiting.stopped.set()
            self._stopping.submit(self._insist, waiting)
        return bool(stopped)

    def close(self) -> None:
        """Return when everything is answered."""
        self._answering.shutdown()
        self._stopping.shutdown()

    def _work(self, waiting: Waiting) -> None:
        try:
            self._answer(waiting)
        finally:
            with self._lock:
                self._waiting.remove(waiting)
            waiting.done.set()

    def _insist(self, waiting: Waiting) -> None:
        while not waiting.done.is_set():
            self._interrupt()
            waiting.done.wait(_AGAIN_S)
