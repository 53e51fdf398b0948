"""Every schedule of failures up to a depth, breadth first, through the real client: no state is walked from twice.

A state is what the agent tells of itself before a request; that its key is complete is for tests to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from faultlab.passes.alphabet import ALPHABETS, ANSWER, Alphabet
from faultlab.passes.base import Rounds
from faultlab.passes.outline import MOST_TOKENS, outline
from faultlab.passes.schedules import Schedules
from faultlab.passes.spelling import Path, entered, spelled
from faultlab.policy import PRIMARY, UPSTREAMS
from faultlab.scenario import HermesTarget, Scenario
from faultlab.subject import Subject
from faultlab.trial import Record, Stride, Trial

__all__ = ["DEPTH", "MOST_WALKS", "Explore", "Walks"]

DEPTH: Final = 8
"""How many requests long the schedules are."""

MOST_WALKS: Final = 20_000
"""Three times what every failure kind takes where states merge as they should; else it is told how far it came."""


@dataclass(frozen=True, slots=True)
class Walks:
    """Walks along these paths, numbered from `first`: each shows what its last symbol does to the agent."""

    alphabet: str
    first: int
    paths: tuple[Path, ...]
    depth: int
    entry: str | None = None
    of: str = "explore"

    @property
    def numbers(self) -> range:
        """One for each path."""
        return range(self.first, self.first + len(self.paths))

    def cut(self, numbers: range) -> Walks:
        """Those with these numbers."""
        start, stop = numbers.start - self.first, numbers.stop - self.first
        return replace(self, first=numbers.start, paths=self.paths[start:stop])

    def trials(self, subject: Subject) -> Iterator[Trial]:
        """A scenario for each path, healthy from its end on."""
        for number, path in zip(self.numbers, self.paths, strict=True):
            spelling = " ".join(symbol for _, symbol in path)
            healthy = entered(subject.healthy, self.entry)
            labels = (("by", path[-1][1]), ("depth", str(len(path))), ("path", spelling), *_entry_of(healthy))
            scenario = spelled(healthy, ALPHABETS[self.alphabet], path)
            left = max(0, self.depth - len(path))
            stride = Stride(len(path), path[-1][1], left, ALPHABETS[self.alphabet].longest_s, MOST_TOKENS)
            yield Trial(self.of, number, scenario, labels, stride)


@dataclass(frozen=True, slots=True)
class Explore:
    """All schedules of `depth` requests, spelled with an alphabet of `ALPHABETS`.

    Each trial's record has the edge that it showed: the edges of all records are the graph. `entry` None: by the
    subject's own way into the agent.
    """

    depth: int = DEPTH
    alphabet: str = "classes"
    entry: str | None = None
    most_walks: int = MOST_WALKS
    name: str = field(default="explore", init=False)

    def expected(self, subject: Subject) -> int | None:
        """As many steps as the agent's decisions alone come to, if there is one turn; a conversation may make more."""
        alphabet, is_agent = ALPHABETS[self.alphabet], isinstance(subject.healthy.target, HermesTarget)
        if not is_agent or not alphabet.is_of_kinds or len(subject.healthy.turns) > 1:
            return None
        steps = len(outline(subject.healthy, alphabet, self.depth, self.most_walks).edges)
        return min(steps + 1, self.most_walks)

    def rounds(self, subject: Subject) -> Rounds:
        """One round for each length of schedules, after one that shows who is asked first."""
        if not isinstance(subject.healthy.target, HermesTarget):
            return "nothing: only the agent tells its states"
        graph = _Graph(subject, ALPHABETS[self.alphabet])
        paths: tuple[Path, ...] = (((PRIMARY, ANSWER),),)
        for length in range(1, self.depth + 2):
            walks = Walks(self.alphabet, graph.walked, paths, self.depth, self.entry)
            graph.learn(walks, (yield (walks,)))
            paths = tuple(graph.onwards(length))
            if not paths and not graph.has_more:
                return f"all schedules, however long: {graph.told(self.depth)}"
            if graph.walked + len(paths) > self.most_walks and length <= self.depth:
                only = f"schedules of {length - 1} only, as longer ones would take more than {self.most_walks:,} walks"
                return f"{only}: {graph.told(length - 1)}"
        return f"schedules of {self.depth}: {graph.told(self.depth)}"


class _Graph:
    """The states that were met so far, and those from which nobody has walked on yet."""

    def __init__(self, subject: Subject, alphabet: Alphabet) -> None:
        backends = {name: subject.healthy.policy.backend(name) for name in UPSTREAMS}
        names = {name: alphabet.names(backend) for name, backend in backends.items() if backend is not None}
        # Each walk ends with healthy answers: one more, in a turn that nothing follows, would be walked twice.
        left_out = {ANSWER} if len(subject.healthy.turns) == 1 else set()
        self._names = {name: [each for each in found if each not in left_out] for name, found in names.items()}
        self._edges: set[tuple[str, str]] = set()
        self._schedules: Schedules[str] = Schedules()
        self._met: dict[str, None] = {}
        self._ahead: dict[int, list[tuple[str, str, Path]]] = {}
        self.walked = 0

    def told(self, depth: int) -> str:
        """How large it is, and how many schedules of at most this length it stands for."""
        lost = self.walked - len(self._edges)
        schedules = sum(self._schedules.count(first, depth) for first in islice(self._met, 1))
        told = f"{len(self._met):,} states, {len(self._edges):,} edges, for {schedules:,} schedules"
        return f"{told}, and {lost:,} steps that nobody came to" if lost else told

    @property
    def has_more(self) -> bool:
        """Whether there are states from which nobody has walked on."""
        return bool(self._ahead)

    def learn(self, walks: Walks, records: Sequence[Record]) -> None:
        """What these walks have shown."""
        self.walked += len(walks.paths)
        for path, edge in zip(walks.paths, (record.edge for record in records), strict=True):
            if edge is None:
                continue
            self._edges.add((edge.before, edge.by))
            self._schedules.add(edge.before, edge.by, edge.after)
            self._meet(edge.before, edge.asked, path[:-1])
            if edge.after is not None:
                self._meet(edge.after, edge.asked_next, path)

    def _meet(self, key: str, asked: str, path: Path) -> None:
        if key not in self._met:
            self._met[key] = None
            self._ahead.setdefault(len(path), []).append((key, asked, path))

    def onwards(self, length: int) -> Iterator[Path]:
        """The paths of this length that go on from a state by a symbol that nobody has tried there."""
        for key, asked, path in self._ahead.pop(length - 1, ()):
            names = (name for name in self._names[asked] if (key, name) not in self._edges)
            yield from ((*path, (asked, name)) for name in names)


def _entry_of(healthy: Scenario) -> tuple[tuple[str, str], ...]:
    return (("entry", healthy.target.entry),) if isinstance(healthy.target, HermesTarget) else ()
