"""The one way to vcrpy: it is loaded with the first cassette, and loads every HTTP library that is there.

Garbage is not collected meanwhile. What is closed as it is collected may look for such a library, as a stream of openai
does, and would find one of which only half is there.
"""

from __future__ import annotations

import gc
from typing import Any

__all__ = ["vcrpy"]


def vcrpy() -> Any:
    """The package `vcr`, with what it serializes by."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        import vcr.persisters.filesystem
        import vcr.serialize
    finally:
        if was_on:
            gc.enable()
    return vcr
