"""Which files are scenarios by their name; a module of its own, since who only asks this shall not pay for a reader."""

from __future__ import annotations

from typing import Final

__all__ = ["SUFFIXES"]

SUFFIXES: Final = (".yaml", ".yml")
"""Of files that may be scenarios; only those with the first are looked for."""
