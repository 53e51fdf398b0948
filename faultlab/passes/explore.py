"""Every schedule of failures up to a depth, breadth first, through the real client: no state is walked from twice.

A state is what the agent tells of itself before a request; that its key is complete is for tests to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final

from faultlab.passes.alphabet import ALPHABETS, ANSWER, TOOL, Alphabet
from faultlab.passes.base import Rounds
from faultlab.policy import FALLBACK, PRIMARY, UPSTREAMS
from faultlab.scenario import HermesTarget, HistoryMessage, Scenario, ScriptedTool, Side, ToolOutput
from faultlab.schedule import OK
from faultlab.subject import Subject
from faultlab.trial import Record, Stride, Trial

__all__ = ["DEPTH", "Explore", "Path", "Walks", "spelled"]

DEPTH: Final = 8
"""How many requests long the schedules are."""

Path = tuple[tuple[str, str], ...]
"""What happened, request by request: the upstream that was asked, and the symbol that it answered with."""

_WORDS: Final = (2, 2, 2, 2700, 1350, 680, 340, 170, 30, 2, 2, 2)
"""Of each message: the middle ones are twice as long as all behind them, so that one at a time is left out."""

_PAST: Final = tuple(
    HistoryMessage("assistant" if number % 2 else "user", "abc " * words) for number, words in enumerate(_WORDS)
)
"""So that all compressions of a turn find something to leave out, on either provider, in so few messages as can be."""

_MOST_TOKENS: Final = 4
"""What a symbol brings to the conversation at most: a call of the tool with its result, or an answer."""

_TOOLS: Final = (ScriptedTool(TOOL, (ToolOutput("found"),)),)


@dataclass(frozen=True, slots=True)
class Walks:
    """Walks along these paths, numbered from `first`: each shows what its last symbol does to the agent."""

    alphabet: str
    first: int
    paths: tuple[Path, ...]
    depth: int
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
            labels = (("by", path[-1][1]), ("depth", str(len(path))), ("path", spelling))
            scenario = spelled(subject.healthy, ALPHABETS[self.alphabet], path)
            left = max(0, self.depth - len(path))
            stride = Stride(len(path), path[-1][1], left, ALPHABETS[self.alphabet].longest_s, _MOST_TOKENS)
            yield Trial(self.of, number, scenario, labels, stride)


@dataclass(frozen=True, slots=True)
class Explore:
    """All schedules of `depth` requests, spelled with an alphabet of `ALPHABETS`.

    Each trial's record has the edge that it showed: the edges of all records are the graph.
    """

    depth: int = DEPTH
    alphabet: str = "classes"
    name: str = field(default="explore", init=False)

    def expected(self, _subject: Subject) -> int | None:
        """Nobody knows how many states there are."""
        return None

    def rounds(self, subject: Subject) -> Rounds:
        """One round for each length of schedules, after one that shows who is asked first."""
        if not isinstance(subject.healthy.target, HermesTarget):
            return "nothing: only the agent tells its states"
        graph = _Graph(subject, ALPHABETS[self.alphabet])
        paths: tuple[Path, ...] = (((PRIMARY, ANSWER),),)
        for length in range(1, self.depth + 2):
            walks = Walks(self.alphabet, graph.walked, paths, self.depth)
            graph.learn(walks, (yield (walks,)))
            paths = tuple(graph.onwards(length))
            if not paths and not graph.has_more:
                return f"all schedules, however long: {graph}"
        return f"schedules of {self.depth}: {graph}"


class _Graph:
    """The states that were met so far, and those from which nobody has walked on yet."""

    def __init__(self, subject: Subject, alphabet: Alphabet) -> None:
        backends = {name: subject.healthy.policy.backend(name) for name in UPSTREAMS}
        names = {name: alphabet.names(backend) for name, backend in backends.items() if backend is not None}
        # Each walk ends with healthy answers: one more, in a turn that nothing follows, would be walked twice.
        left_out = {ANSWER} if len(subject.healthy.turns) == 1 else set()
        self._names = {name: [each for each in found if each not in left_out] for name, found in names.items()}
        self._edges: set[tuple[str, str]] = set()
        self._met: set[str] = set()
        self._ahead: dict[int, list[tuple[str, str, Path]]] = {}
        self.walked = 0

    def __str__(self) -> str:
        lost = self.walked - len(self._edges)
        told = f"{len(self._met):,} states, {len(self._edges):,} edges"
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
            self._meet(edge.before, edge.asked, path[:-1])
            if edge.after is not None:
                self._meet(edge.after, edge.asked_next, path)

    def _meet(self, key: str, asked: str, path: Path) -> None:
        if key not in self._met:
            self._met.add(key)
            self._ahead.setdefault(len(path), []).append((key, asked, path))

    def onwards(self, length: int) -> Iterator[Path]:
        """The paths of this length that go on from a state by a symbol that nobody has tried there."""
        for key, asked, path in self._ahead.pop(length - 1, ()):
            names = (name for name in self._names[asked] if (key, name) not in self._edges)
            yield from ((*path, (asked, name)) for name in names)


def spelled(healthy: Scenario, alphabet: Alphabet, path: Path) -> Scenario:
    """The scenario in which all this happens in turn, and all is well afterwards."""
    symbols = [alphabet.symbols[name] for _, name in path]
    said = tuple(symbol.says for symbol in symbols if symbol.says is not None)
    last = alphabet.symbols[ANSWER].says
    ends = (last,) * len(healthy.turns) if last is not None else ()
    has_past = healthy.history or healthy.target == HermesTarget("cron")
    return replace(
        healthy,
        says=said + ends,
        cassette=None,
        tools=_TOOLS,
        history=healthy.history if has_past else _PAST,
        primary=_side(healthy, alphabet, path, PRIMARY),
        fallback=_side(healthy, alphabet, path, FALLBACK),
    )


def _side(healthy: Scenario, alphabet: Alphabet, path: Path, name: str) -> Side:
    """What goes wrong with one of the two; its credential can be renewed if it is one of that sort."""
    backend = healthy.policy.backend(name)
    if backend is None:
        return Side()
    found = (alphabet.symbols[symbol].entry(backend) or OK for asked, symbol in path if asked == name)
    entries = [replace(entry, times=len(list(same))) for entry, same in groupby(found)]
    while entries and not entries[-1].faults:
        entries.pop()
    return Side(tuple(entries), refresh=("ok",) if backend.token_url is not None else None)
