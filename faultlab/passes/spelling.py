"""What happened request by request, as the scenario in which it happens: what `explore` walks through."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Final

from faultlab.passes.alphabet import ANSWER, TOOL, Alphabet
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import HermesTarget, HistoryMessage, Scenario, ScriptedTool, Side, ToolOutput
from faultlab.schedule import OK

__all__ = ["Path", "entered", "spelled"]

Path = tuple[tuple[str, str], ...]
"""What happened, request by request: the upstream that was asked, and the symbol that it answered with."""

_WORDS: Final = (2, 2, 2, 2700, 1350, 680, 340, 170, 30, 2, 2, 2)
"""Of each message: the middle ones are twice as long as all behind them, so that one at a time is left out."""

_PAST: Final = tuple(
    HistoryMessage("assistant" if number % 2 else "user", "abc " * words) for number, words in enumerate(_WORDS)
)
"""So that all compressions of a turn find something to leave out, on either provider, in so few messages as can be."""

_TOOLS: Final = (ScriptedTool(TOOL, (ToolOutput("found"),)),)


def entered(healthy: Scenario, entry: str | None) -> Scenario:
    """By this way into the agent."""
    return healthy if entry is None else replace(healthy, target=HermesTarget(entry))


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
