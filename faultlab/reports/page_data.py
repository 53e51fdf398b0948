"""The runs of a page as one compact JSON value: each text, step and state once, and rows that point at them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from faultlab.reports.base import printable
from faultlab.trial import Breach, Edge, Record, Step

__all__ = ["EDGE_FIELDS", "RUN_FIELDS", "STEP_FIELDS", "Shown", "packed"]

RUN_FIELDS: Final = (
    *("of", "number", "name", "standing", "ending", "family", "failure", "switch", "waits", "waited", "took"),
    *("primary", "fallback", "labels", "breaches", "reasons", "steps", "turns", "again", "edge"),
)
STEP_FIELDS: Final = ("upstream", "started", "ended", "sent", "seen", "then", "turn")
EDGE_FIELDS: Final = ("before", "by", "after", "asked", "shown", "then", "waited")
"""What stands where in a row; all that is no number is the place of a text, of a step, of a state."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A run as the page has it: its record, and what else is known of a scenario.

    `turns` are what the user said, how it ended, and what its error says; `again` is the command that repeats the run.
    """

    record: Record
    name: str = ""
    turns: tuple[tuple[str, str, str], ...] = ()
    again: str = ""


@dataclass(slots=True)
class _Packing:
    """What is shared by many runs: each thing gets a number, and is written once."""

    texts: dict[Hashable, int] = field(default_factory=dict)
    steps: dict[Hashable, int] = field(default_factory=dict)
    states: dict[Hashable, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    def text(self, text: str | None) -> int:
        return _place(self.texts, printable(text or ""))

    def state(self, key: str | None) -> int:
        return -1 if key is None else _place(self.states, key)

    def step(self, step: Step) -> int:
        told = (*map(self.text, (step.sent, step.seen, step.then)), step.turn)
        return _place(self.steps, (self.text(step.upstream), _short(step.started_s), _short(step.ended_s), *told))

    def label(self, labels: Sequence[tuple[str, str]]) -> list[int]:
        """The texts of a run's labels, by the places of their names."""
        told = {self.labels.setdefault(name, len(self.labels)): self.text(text) for name, text in labels}
        return [told.get(place, -1) for place in range(max(told, default=-1) + 1)]

    def breach(self, breach: Breach) -> list[Any]:
        return [*map(self.text, (breach.what, breach.expected, breach.found)), breach.turn, breach.step]

    def edge(self, edge: Edge | None) -> list[Any] | int:
        if edge is None:
            return 0
        states = self.state(edge.before), self.text(edge.by), self.state(edge.after)
        return [*states, *map(self.text, (edge.asked, edge.shown, edge.then)), _short(edge.waited_s)]

    def run(self, shown: Shown) -> list[Any]:
        record = shown.record
        return [
            self.text(record.of),
            record.number,
            self.text(shown.name),
            self.text(record.standing.value),
            self.text(record.ending.value),
            *map(self.text, (record.family, record.failure, record.switch)),
            record.waits,
            _short(record.waited_s),
            _short(record.took_s),
            *record.calls,
            self.label(record.labels),
            [self.breach(each) for each in record.breaches],
            [self.text(each) for each in record.reasons],
            [self.step(each) for each in record.steps],
            [[self.text(each) for each in turn] for turn in shown.turns],
            self.text(shown.again),
            self.edge(record.edge),
        ]


def _place(places: dict[Hashable, int], thing: Hashable) -> int:
    return places.setdefault(thing, len(places))


def _short(seconds: float) -> float | int:
    """To the millisecond, without a `.0` that nobody needs."""
    told = round(seconds, 3)
    return int(told) if told == int(told) else told


def packed(runs: Iterable[Shown]) -> dict[str, Any]:
    """All runs, and what they share. The keys of states stay out: they are long, and numbers tell them apart."""
    packing = _Packing()
    rows = [packing.run(shown) for shown in runs]
    return {
        "fields": {"run": RUN_FIELDS, "step": STEP_FIELDS, "edge": EDGE_FIELDS},
        "labels": list(packing.labels),
        "texts": list(packing.texts),
        "steps": list(packing.steps),
        "states": len(packing.states),
        "runs": rows,
    }
