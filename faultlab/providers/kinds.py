"""Which failure of the contract each entry is, judged entry by entry: the table `kinds.json` beside the catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Judged", "judged"]


class Judged(NamedTuple):
    """A failure kind (None: a usable answer), and why where the status alone does not say.

    `asked` is what the verdict depends on in the request (`max_tokens`, `estimate`, the known `window`). `for_money`:
    it is about the size of the output, since money is short. With the numbers that were seen: `retry_after_s` is the
    wait that it states, `fits_max_tokens` the output that it says would do, `limit_tokens` the window that it names.
    """

    kind: str | None
    why: str = ""
    asked: Mapping[str, Any] = {}
    for_money: bool = False
    retry_after_s: float | None = None
    fits_max_tokens: int | None = None
    limit_tokens: int | None = None


def judged(entry_id: str) -> tuple[Judged, ...]:
    """What an entry was judged to be, for each request that makes a difference; nothing where nobody has judged."""
    row = _table().get(entry_id)
    return () if row is None else tuple(_judged(each) for each in (row, *row.get("also", ())))


def _judged(row: Mapping[str, Any]) -> Judged:
    return Judged(**{name: row[name] for name in Judged._fields if name in row})


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_bytes())
    return table
