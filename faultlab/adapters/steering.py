"""The other end of a control path: asks a lab that is served elsewhere what happened there, and moves its clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from faultlab.clock import VirtualClock
from faultlab.errors import HarnessError

__all__ = ["SteeringClock", "asked"]

_PATIENCE_S: Final = 30.0
"""How long an answer may take: it comes at once, on a machine that is not dying."""

_OK: Final = 200


def asked(control: str, what: str, told: Mapping[str, Any] | None = None) -> Any:
    """What the control path at this URL says of `what`; with `told`, after being told so. Raises HarnessError."""
    _, _, host, path = control.split("/", 3)
    method, body = ("GET", None) if told is None else ("POST", json.dumps(told))
    try:
        # A connection of its own each time: several threads may ask.
        with closing(HTTPConnection(host, timeout=_PATIENCE_S)) as connection:
            connection.request(method, f"/{path}/{what}", body, {"connection": "close"})
            answer = connection.getresponse()
            read = json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        raise HarnessError(f"{control}/{what} cannot be asked: {type(error).__name__}: {error}") from None
    if answer.status != _OK:
        raise HarnessError(f"{control}/{what} refuses: {read['error']['message']}")
    return read


class SteeringClock(VirtualClock):
    """Virtual time of two processes: the served lab's clock makes every move of this one."""

    def __init__(self, control: str) -> None:
        super().__init__()
        self._control = control

    def step(self, end: float) -> Any:
        """As every clock's, and so much in the other process."""
        with self._lock:
            before = self._now
            action = super().step(end)
            if self._now > before:
                asked(self._control, "clock", {"advance_s": self._now - before})
            return action
