"""What each generation of the openai client shows of each entry of the catalogue, as it was recorded. Knows no client.

A table for each generation stands beside this module, and names the version that it was recorded with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["GENERATIONS", "Row", "Table", "file_of", "observed", "table"]

GENERATIONS: Final = (1, 2, 3)
"""Major versions of openai: 1 and 2 use httpx, 3 uses httpx2."""

_FOLDER: Final = Path(__file__).parent / "observations"

Row = Mapping[str, Any]
"""What is shown: `raises` an exception or `returns` an answer, or the events of a stream; under `streamed` the same for
a request that wanted a stream, where that differs."""


@dataclass(frozen=True, slots=True)
class Table:
    """What one version of openai shows, on which library and Python, by the id of the entry."""

    openai: str
    library: str
    python: str
    rows: Mapping[str, Row] = field(repr=False)


@cache
def table(generation: int) -> Table:
    """The table of a generation."""
    told = json.loads(file_of(generation).read_bytes())
    return Table(told["openai"], told["library"], told["python"], told["entries"])


def observed(entry_id: str) -> Mapping[str, Row]:
    """What is shown of an entry, by the version of openai that shows it."""
    tables = map(table, GENERATIONS)
    return {f"openai {each.openai}": each.rows[entry_id] for each in tables if entry_id in each.rows}


def file_of(generation: int) -> Path:
    """Where the table of a generation is."""
    return _FOLDER / f"openai-{generation}.json"
