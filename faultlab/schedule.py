"""What goes wrong, and when: entries that are used up one per request. Knows no request, no clock and no upstream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from faultlab.faults import Fault

__all__ = ["OK", "Entry", "Schedule", "Unreached", "merged"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What goes wrong with so many requests: faults in the order in which they apply, none for `ok`.

    `times` None: with every request from here on. `written` tells where it stands, if it was read from somewhere.
    """

    faults: tuple[Fault, ...] = ()
    times: int | None = 1
    written: str = field(default="", compare=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError(f"times: a whole number from 1, or forever, not {self.times!r}")


OK = Entry()
"""A healthy answer."""


def merged(single: Iterable[Entry]) -> tuple[Entry, ...]:
    """What happened request by request as a schedule: equal entries in a row as one, none behind the last fault."""
    rows = [list(same) for _, same in groupby(single)]
    entries = [Entry(row[0].faults, row[0].times and len(row)) for row in rows]
    while entries and not entries[-1].faults:
        entries.pop()
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class Unreached:
    """An entry whose faults were not all met: where it stands in the list, and how many times are left."""

    index: int
    entry: Entry
    left: int


class Schedule:
    """A place in a list of entries: one is used up per request, and after the last all is well."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._entries = tuple(entries)
        self._index = 0
        self._used = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, used up or not."""
        return self._entries

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that goes wrong, sooner or later."""
        return tuple(fault for entry in self._entries for fault in entry.faults)

    def rewind(self) -> None:
        """From the beginning, as if nothing had been used up."""
        self._index = self._used = 0

    def peek(self) -> tuple[Fault, ...]:
        """What will go wrong with the next request."""
        return () if self._index == len(self._entries) else self._entries[self._index].faults

    def take(self) -> tuple[Fault, ...]:
        """What goes wrong with the next request."""
        if self._index == len(self._entries):
            return ()
        entry = self._entries[self._index]
        self._used += 1
        if self._used == entry.times:
            self._index, self._used = self._index + 1, 0
        return entry.faults

    def unreached(self) -> tuple[Unreached, ...]:
        """Entries with faults still to come; `forever` and `ok` promise nothing."""
        return tuple(
            Unreached(index, entry, entry.times - (self._used if index == self._index else 0))
            for index, entry in enumerate(self._entries)
            if index >= self._index and entry.faults and entry.times is not None
        )
