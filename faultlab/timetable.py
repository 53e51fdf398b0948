"""Steps as a table of plain text, as wide as its reader's terminal. Knows nothing of what is expected of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from faultlab.shown import printable
from faultlab.timeline import Step

__all__ = ["NARROWEST", "Style", "table"]

NARROWEST: Final = 60
"""Columns below which a table of steps would tell nothing: a narrower terminal wraps."""

_COLOURS: Final = {"bad": "31", "good": "32", "odd": "33", "dim": "2", "strong": "1"}
_SHOWN: Final = 40
"""Steps of one turn that a report shows; of a longer turn the beginning, the end, and what is around the mark."""
_AROUND: Final = 5


@dataclass(frozen=True, slots=True)
class Style:
    """What the reader's terminal can do."""

    width: int = 100
    colour: bool = False

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, if there are any."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colour else text

    def cut(self, text: str) -> str:
        """The text on one line of this width, with nothing in it that a terminal would obey."""
        text = printable(text)
        return text if len(text) <= self.width else text[: self.width - 3] + "..."


_TITLES: Final = ("step", "at", "asked", "try", "sent", "seen", "then")


def table(steps: Sequence[Step], marks: Collection[int | None] = (), style: Style | None = None) -> Iterator[str]:
    """The lines of a table of steps; `marks` are the numbers of those that stand out."""
    style = style or Style()
    if not steps:
        yield "      nobody was asked"
        return
    shown = list(_shown(steps, marks))
    rows = [_TITLES, *(_cells(step) for step in shown if step is not None)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    yield style.paint(style.cut(f"    {_row(_TITLES, widths)}"), "dim")
    for step in shown:
        if step is None:
            yield "    ..."
        elif step.n in marks:
            yield style.paint(style.cut(f"  > {_row(_cells(step), widths)}"), "bad")
        else:
            yield style.cut(f"    {_row(_cells(step), widths)}")


def _shown(steps: Sequence[Step], marks: Collection[int | None]) -> Iterator[Step | None]:
    """The steps worth showing; None stands for those left out."""
    if len(steps) <= _SHOWN:
        yield from steps
        return
    marked = [place for place, step in enumerate(steps) if step.n in marks]
    left_out = False
    for place, step in enumerate(steps):
        edge = place < _SHOWN // 2 or place >= len(steps) - _SHOWN // 4
        if edge or any(abs(place - mark) <= _AROUND for mark in marked):
            left_out = False
            yield step
        elif not left_out:
            left_out = True
            yield None


def _cells(step: Step) -> tuple[str, ...]:
    return (str(step.n), f"{round(step.at_s, 3):g}s", step.upstream, step.attempt, step.sent, step.seen, step.then)


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
