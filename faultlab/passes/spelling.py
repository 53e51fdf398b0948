"""What happened request by request, as the scenario in which it happens: what `explore` walks through."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from faultlab.passes.alphabet import ANSWER, TOOL, Alphabet
from faultlab.policies.rules import Compression
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import HermesTarget, HistoryMessage, Scenario, ScriptedTool, Side, ToolOutput
from faultlab.schedule import OK, merged

__all__ = ["Path", "entered", "spelled"]

Path = tuple[tuple[str, str], ...]
"""What happened, request by request: the upstream that was asked, and the symbol that it answered with."""

_COMPRESSIONS: Final = 2 * Compression().most
"""On either provider as many as it may be (contract C15)."""

_LAST_TOKENS: Final = 30

_BESIDE_TOKENS: Final = 80
"""The messages at both ends that stay whole, a compression's marker, and what the symbols bring, with room to spare."""

_PROMPT_TOKENS: Final = 60
"""The agent's own system prompt, about."""

_MOST_BESIDE: Final = 700
"""With a system prompt of more tokens the conversation would have to be so long that it costs more than it saves."""

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
        history=healthy.history if has_past else _past(healthy),
        primary=_side(healthy, alphabet, path, PRIMARY),
        fallback=_side(healthy, alphabet, path, FALLBACK),
    )


def _past(healthy: Scenario) -> tuple[HistoryMessage, ...]:
    """So that all compressions of a turn find something to leave out, on either provider, in so few messages as can be.

    Each of the middle ones is as long as all that stays beside it, so that half is left without it; the last is short.
    """
    prompt = (json.loads(healthy.config).get("agent") or {}).get("system_prompt")
    own = _PROMPT_TOKENS if prompt is None else len(str(prompt)) // 4
    beside = own + sum(len(turn.user) for turn in healthy.turns) // 4 + _BESIDE_TOKENS
    beside = beside if beside <= _MOST_BESIDE else _PROMPT_TOKENS + _BESIDE_TOKENS
    middle = [_LAST_TOKENS]
    for _ in range(_COMPRESSIONS - 1):
        middle.insert(0, beside + sum(middle))
    tokens = (2, 2, 2, *middle, 2, 2, 2)
    return tuple(HistoryMessage("assistant" if n % 2 else "user", "abc " * each) for n, each in enumerate(tokens))


def _side(healthy: Scenario, alphabet: Alphabet, path: Path, name: str) -> Side:
    """What goes wrong with one of the two; its credential can be renewed if it is one of that sort."""
    backend = healthy.policy.backend(name)
    if backend is None:
        return Side()
    found = (alphabet.symbols[symbol].entry(backend) or OK for asked, symbol in path if asked == name)
    return Side(merged(found), refresh=("ok",) if backend.renewable else None)
