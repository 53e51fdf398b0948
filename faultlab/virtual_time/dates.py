"""`datetime.now` and `utcnow` on the clock; `today` asks `time.time` by itself.

The class stays the one that it is, since annotations, databases and serializers know it by identity. Its type is
written in C and takes no new attributes, so the entries of its dictionary are exchanged.
"""

from __future__ import annotations

import ctypes
import gc
from datetime import UTC, datetime, tzinfo
from sys import _getframe as frame_above
from typing import Any

from faultlab.errors import HarnessError
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.readings import asked
from faultlab.virtual_time.reality import asks_for_real

__all__ = ["give_back", "take_over"]

_REAL: dict[str, Any] = {name: vars(datetime)[name] for name in ("now", "utcnow")}


def _now(cls: type[datetime], tz: tzinfo | None = None) -> datetime:
    flow = GOVERNOR.flow()
    if flow is None or asks_for_real(frame_above(1)):
        real: datetime = _REAL["now"].__get__(None, cls)(tz)
        return real
    asked(flow)
    return cls.fromtimestamp(GOVERNOR.clock.time(), tz)


def _utcnow(cls: type[datetime]) -> datetime:
    flow = GOVERNOR.flow()
    if flow is None or asks_for_real(frame_above(1)):
        real: datetime = _REAL["utcnow"].__get__(None, cls)()
        return real
    asked(flow)
    return cls.fromtimestamp(GOVERNOR.clock.time(), UTC).replace(tzinfo=None)


def take_over() -> None:
    """From now on a flow is told its clock's date. Raises HarnessError where this Python does not allow it."""
    _exchange({"now": classmethod(_now), "utcnow": classmethod(_utcnow)})
    if not isinstance(vars(datetime)["now"], classmethod):
        raise HarnessError("the date of this Python cannot be made virtual: use Lab(virtual_time=False)")


def give_back() -> None:
    """From now on everybody is told the machine's date."""
    _exchange(_REAL)


def _exchange(methods: dict[str, Any]) -> None:
    entries = next(each for each in gc.get_referents(datetime.__dict__) if isinstance(each, dict))
    entries.update(methods)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
