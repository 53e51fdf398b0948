"""Which files are scenarios by name and place; a module of its own, since who only asks shall not pay for a reader."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["CASSETTES", "SUFFIXES", "is_scenario_below"]

SUFFIXES: Final = (".yaml", ".yml")
"""Of files that may be scenarios; only those with the first are looked for."""

CASSETTES: Final = "cassettes"
"""A folder of this name holds recorded traffic, and no scenario."""


def is_scenario_below(folder: Path, path: Path) -> bool:
    """Whether a path below the folder is a scenario's without being named."""
    is_below = path.suffix == SUFFIXES[0] and path.is_relative_to(folder)
    return is_below and CASSETTES not in path.relative_to(folder).parts[:-1]
