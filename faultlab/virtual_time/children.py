"""Child processes live by the machine's own time: whoever waits for one does so too, and virtual time waits for him."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import wraps
from typing import Any

from faultlab.virtual_time.reality import in_real_time
from faultlab.virtual_time.replacing import Replaced

__all__ = ["replace"]


def replace(replaced: Replaced) -> None:
    """From now on a wait for a child takes the time that it takes."""
    for name in ("wait", "communicate"):
        replaced.put(subprocess.Popen, name, _in_real_time(getattr(subprocess.Popen, name)))
    replaced.put(os, "waitpid", _in_real_time(os.waitpid))


def _in_real_time(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def call(*arguments: Any, **options: Any) -> Any:
        with in_real_time():
            return real(*arguments, **options)

    return call
