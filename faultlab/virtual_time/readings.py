"""What stands in for the functions of `time`: a flow is told its clock's time, everybody else what he would be without.

A loop that asks for the time until enough has passed comes through: past a thousand readings in a row each one more
moves the clock by about a millisecond, if nobody else has anything to do. What happens in between, an answer or a
socket that is used, begins the count anew, and a line of a log is none of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from sys import _getframe as frame_above
from typing import Any

from faultlab.virtual_time import machine
from faultlab.virtual_time.flows import Flow
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.machine import TIME
from faultlab.virtual_time.reality import asks_for_real
from faultlab.virtual_time.replacing import Replaced

__all__ = ["READINGS", "asked", "replace", "sleep"]

_MOST_READS = 1_000
_STEP_S = 2.0**-10  # a binary fraction: thousands of them add up to what they should
_NS = 1_000_000_000
_LOG = "logging"

_under = dict(TIME)
"""What stood there before: another's stand-in, maybe."""


def replace(replaced: Replaced) -> None:
    """From now on the module `time` tells each flow its clock's time."""
    for name in TIME:
        if vars(time)[name] is not READINGS[TIME[name]]:
            _under[name] = vars(time)[name]
    replaced.put_all(time, {name: READINGS[TIME[name]] for name in TIME})


def asked(flow: Flow) -> None:
    """It has asked for the time once more."""
    flow.notice(GOVERNOR.clock.stirred)
    flow.reads += 1
    if flow.reads > _MOST_READS:
        GOVERNOR.creep(flow, _STEP_S)


def sleep(seconds: float, /) -> None:
    """As `time.sleep`."""
    flow = GOVERNOR.known()
    if flow is None:
        _under["sleep"](seconds)
    elif flow.elsewhere or asks_for_real(frame_above(1)):
        machine.sleep(seconds)
    elif seconds < 0:
        raise ValueError("sleep length must be non-negative")
    elif math.isnan(seconds):
        raise ValueError("Invalid value NaN (not a number)")
    elif seconds == 0:
        asked(flow)
        machine.sleep(0)  # others may run
    else:
        GOVERNOR.clock.sleep(float(seconds))


def _reading(name: str, virtual: Callable[[], Any]) -> Callable[[], Any]:
    def read() -> Any:
        flow, frame = GOVERNOR.flow(), frame_above(1)
        if flow is None or asks_for_real(frame):
            return _under[name]()
        if frame.f_globals.get("__name__") != _LOG:
            asked(flow)
        return virtual()

    return read


def _time() -> float:
    return GOVERNOR.clock.time()


def _monotonic() -> float:
    return GOVERNOR.clock.monotonic()


def _monotonic_ns() -> int:
    return round(GOVERNOR.clock.monotonic() * _NS)


def _time_ns() -> int:
    clock = GOVERNOR.clock
    return round((clock.time() - clock.now_s) * _NS) + round(clock.now_s * _NS)


def _told(name: str) -> Callable[..., Any]:
    """For a function that takes the present if it is given none."""

    def tell(seconds: float | None = None, /) -> Any:
        if seconds is None and GOVERNOR.flow() is not None and not asks_for_real(frame_above(1)):
            seconds = GOVERNOR.clock.time()
        return _under[name](seconds)

    return tell


def _strftime(form: str, moment: Any = None, /) -> str:
    if moment is None and GOVERNOR.flow() is not None and not asks_for_real(frame_above(1)):
        moment = TIME["localtime"](GOVERNOR.clock.time())
    written: str = _under["strftime"](form) if moment is None else _under["strftime"](form, moment)
    return written


READINGS: dict[Any, Any] = {
    TIME["sleep"]: sleep,
    TIME["time"]: _reading("time", _time),
    TIME["time_ns"]: _reading("time_ns", _time_ns),
    TIME["monotonic"]: _reading("monotonic", _monotonic),
    TIME["monotonic_ns"]: _reading("monotonic_ns", _monotonic_ns),
    TIME["perf_counter"]: _reading("perf_counter", _monotonic),
    TIME["perf_counter_ns"]: _reading("perf_counter_ns", _monotonic_ns),
    TIME["gmtime"]: _told("gmtime"),
    TIME["localtime"]: _told("localtime"),
    TIME["ctime"]: _told("ctime"),
    TIME["strftime"]: _strftime,
}
"""For each function of `time`, what stands in for it."""
