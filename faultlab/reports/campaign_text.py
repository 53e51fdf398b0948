"""A campaign as people read it at a terminal: what users would see, what broke, what is left to do about it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from faultlab.reports.base import printable
from faultlab.reports.covered import Covered, covered_of
from faultlab.reports.tally import ENDINGS, Group, Tally, tallied, title
from faultlab.results import About, Found, Results
from faultlab.timetable import Style
from faultlab.trial import Ending, Standing
from faultlab.weak_spots import WeakSpot

__all__ = ["closing", "render"]

_PAINTS: Final = {
    Standing.HELD: "good",
    Standing.BROKEN: "bad",
    Standing.NOT_REACHED: "odd",
    Standing.TROUBLE: "odd",
}
_MOST_REASONS: Final = 10
"""Reasons of one kind that are told; the page and the JSON document have them all."""


def render(results: Results, style: Style, tally: Tally | None = None) -> str:
    """All that there is to say, in one column of the style's width. `tally`: what was counted already."""
    tally = tally or tallied(results.records(), results.about.findings)
    sections = [
        _heading(results.about, style),
        _passes(results, tally, style),
        _families(tally, style),
        _covered(covered_of(results.about, tally.covered), style),
        _weak(tally.weak_spots, style),
        _broken(results.found(), tally, style),
        _reasons("not reached, which is no success", tally.not_reached, style),
        _reasons("trouble: no verdict on these", tally.trouble, style),
    ]
    told = ["\n".join(lines) for lines in map(list, sections) if lines]
    return "\n\n".join([*told, closing(tally, style)])


def closing(tally: Tally, style: Style) -> str:
    """How many stood how, in one line."""
    counts = tally.all.standings
    told = [style.paint(title({each: counts[each]}), _PAINTS[each]) for each in Standing if counts[each]]
    return ", ".join(told) or "nothing was run"


def _heading(about: About, style: Style) -> Iterator[str]:
    yield style.paint(style.cut(f"chaos of {about.shown}"), "strong")
    rules = f"the policy {about.rules}" if about.rules else "the invariants alone"
    yield from _wrapped(f"seed {about.seed}, held to {rules}, faultlab {about.version}", style)


def _passes(results: Results, tally: Tally, style: Style) -> Iterator[str]:
    ended = results.ended()
    names = [name for name, _ in results.about.passes]
    for name in dict.fromkeys([*names, *tally.passes]):
        runs = tally.passes.get(name, Group()).runs
        why = ended.get(name, "stopped before its end")
        yield from _wrapped(f"{name}: {why} ({runs:,} run{'' if runs == 1 else 's'})", style)


def _families(tally: Tally, style: Style) -> Iterator[str]:
    """A table where there is room for one; else each family in sentences."""
    families = {name: group for name, group in tally.families.items() if group.endings}
    if not families:
        return
    shown = [ending for ending in ENDINGS if any(group.endings[ending] for group in families.values())]
    heads = ("what goes wrong", *(ENDINGS[ending] for ending in shown), "median", "worst")
    rows = [heads, *(_cells(name, group, shown) for name, group in families.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    yield style.paint("what a user sees, and waits", "strong")
    if sum(widths) + 2 * len(widths) > style.width:
        for name, group in families.items():
            yield from _in_sentences(name, group, style)
        return
    first, *others = [_row(row, widths) for row in rows]
    yield style.paint(first, "dim")
    yield from others


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = cells
    padded = [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *padded])


def _cells(name: str, group: Group, shown: Sequence[Ending]) -> tuple[str, ...]:
    counts = (_count(group, ending) if group.endings[ending] else "-" for ending in shown)
    return printable(name), *counts, _seconds(group.median_s), _seconds(group.worst_s)


def _count(group: Group, ending: Ending) -> str:
    """How many ended so; of those after waits also how many waits it took."""
    told = f"{group.endings[ending]:,}"
    return f"{told} ({_span(group.waits)})" if ending is Ending.WAITED else told


def _span(counts: Mapping[int, int]) -> str:
    least, most = min(counts), max(counts)
    return str(least) if least == most else f"{least}-{most}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:,g} s" if seconds < 10_000 else f"{seconds:,.0f} s"  # noqa: PLR2004


def _in_sentences(name: str, group: Group, style: Style) -> Iterator[str]:
    yield style.cut(name)
    told = [f"{ENDINGS[ending]} {_count(group, ending)}" for ending in ENDINGS if group.endings[ending]]
    yield from _wrapped(", ".join(told), style, "  ", 4)
    median, worst = _seconds(group.median_s), _seconds(group.worst_s)
    yield from _wrapped(f"waits {median} at the median, {worst} at the worst", style, "  ", 4)


def _covered(covered: Covered, style: Style) -> Iterator[str]:
    met = len(covered.cells) - len(covered.missing)
    if covered.unknown or not met:
        yield from _wrapped(covered.unknown, style)
        return
    yield style.paint(f"covered: {met:,} of {len(covered.cells):,} cells", "strong")
    for name, words in covered.dimensions.items():
        told = ", ".join(f"{word.replace('_', ' ')} {hit}/{total}" for word, (hit, total) in words.items())
        yield from _wrapped(f"{name}: {told}", style, "  ", 4)


def _weak(spots: Sequence[WeakSpot], style: Style) -> Iterator[str]:
    if spots:
        yield style.paint("weak spots, and what would mend them", "strong")
    for number, spot in enumerate(spots, 1):
        place = f" ({spot.place})" if spot.place else ""
        yield from _wrapped(f"{number:>3}  {spot.text}{place}", style, "", 5)
        yield from (printable(f"       {line}") for line in spot.mend.splitlines())


def _broken(found: Sequence[Found], tally: Tally, style: Style) -> Iterator[str]:
    if not tally.broken:
        return
    written = {each.breach: each for each in found}
    shown: set[str] = set()
    yield style.paint("what broke", "strong")
    for what, broken in tally.broken.items():
        runs = f"in {broken.runs:,} run{'' if broken.runs == 1 else 's'}"
        yield style.paint(style.cut(f"{what}  {runs}, first in {broken.of} {broken.number}"), "bad")
        yield from _wrapped(f"expected  {broken.first.expected}", style, "  ")
        yield from _wrapped(f"found     {broken.first.found}", style, "  ")
        yield from _said(written.get(what))
        yield from _smallest(written.get(what), shown, style)


def _said(found: Found | None) -> Iterator[str]:
    """By which line of the policy."""
    if found is not None and found.place:
        yield printable(f"  said by   {found.place}")


def _smallest(found: Found | None, shown: set[str], style: Style) -> Iterator[str]:
    """The file that shows it; one that was told of already shows more than one thing."""
    if found is None:
        yield "  not made smaller"
    elif found.file and found.file in shown:
        yield printable(f"  file      {found.file}, as above")
    else:
        shown.add(found.file)
        yield from _made_small(found, style)


def _made_small(found: Found, style: Style) -> Iterator[str]:
    entries = f"{found.entries} fault entr{'y' if found.entries == 1 else 'ies'}"
    yield from _wrapped(f"smallest  {found.name} ({entries}; {found.stopped})", style, "  ")
    yield printable(f"  file      {found.file}")
    yield printable(f"  again     {found.command}")


def _reasons(heading: str, counts: Counter[str], style: Style) -> Iterator[str]:
    if not counts:
        return
    yield style.paint(heading, "strong")
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    for reason, count in islice(ranked, _MOST_REASONS):
        yield from _wrapped(f"{count:>5,}  {reason}", style, "  ", 9)
    if len(ranked) > _MOST_REASONS:
        yield f"       and {len(ranked) - _MOST_REASONS:,} more reasons"


def _wrapped(text: str, style: Style, indent: str = "", further_columns: int = 0) -> list[str]:
    further = " " * further_columns or (f"{indent}          " if indent else "  ")
    return textwrap.wrap(
        printable(text), style.width, initial_indent=indent, subsequent_indent=further, break_long_words=False
    )
