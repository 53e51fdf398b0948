"""A wrong agent is hunted without a scenario: the passes of a campaign over a few configurations, to the first breach.

Agents are hunted each for itself: nothing of one hunt is known in the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from faultlab.passes.matrix import Matrix
from faultlab.playing import play
from faultlab.policies import hermes_rules
from faultlab.runner import load, loader, run
from faultlab.shrink import Shrunk, entries_of, shrink
from faultlab.subject import Subject
from faultlab.trial import Record, Standing, Trial
from faultlab.verdict import Outcome
from faultlab.written import document

MOST_RUNS = 4_000
"""Of one wrong agent; the agent that keeps the contract takes about as many minutes for them."""

MOST_ENTRIES = 3

STOCK = {
    "openai": {
        "model": {"provider": "openai", "default": "gpt-5.1"},
        "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
    },
    "codex": {
        "model": {"provider": "openai-codex", "default": "gpt-5.1-codex"},
        "fallback_model": {"provider": "anthropic", "model": "claude-sonnet-4-5"},
        "display": {"streaming": True},
    },
    "custom": {
        "model": {
            "provider": "custom",
            "default": "llama",
            "base_url": "http://localhost:8080/v1",
            "max_tokens": 4000,
            "context_length": 16000,
        },
        "fallback_model": {"provider": "nous", "model": "hermes-4-405b"},
        "display": {"streaming": True},
    },
}


@dataclass(frozen=True, slots=True)
class Caught:
    """Where a wrong agent was caught, after how much, and what is left of it."""

    stock: str
    of: str
    runs: int
    calls: int
    shrunk: Shrunk

    @property
    def entries(self) -> int:
        return entries_of(document(self.shrunk.scenario))

    def __str__(self) -> str:
        return (
            f"{self.of} of {self.stock}, run {self.runs:,} ({self.calls:,} calls): {self.shrunk.breach.what}, "
            f"{self.entries} entries after {self.shrunk.tries} tries, {self.shrunk.stopped}"
        )


@cache
def subject(name: str) -> Subject:
    text = json.dumps({"name": name, "config": STOCK[name], "says": ["Good morning."], "turns": [{"user": "hello"}]})
    (healthy,) = loader().read(text, f"{name}.yaml")
    return Subject(name, healthy, rules=hermes_rules())


def trials() -> Iterator[tuple[str, Trial]]:
    """All that is tried, in order."""
    for name in STOCK:
        yield from ((name, trial) for trial in matrix(name))


@cache
def matrix(name: str) -> tuple[Trial, ...]:
    """The cheap ones first: most of what is wrong shows at the first request already."""
    found = [trial for part in next(Matrix().rounds(subject(name))) for trial in part.trials(subject(name))]
    return tuple(sorted(found, key=cost))


def cost(trial: Trial) -> int:
    sides = (trial.scenario.primary, trial.scenario.fallback)
    return sum(entry.times or 6 for side in sides for entry in side.faults)


def hunt() -> Caught | None:
    """The agent of the moment; None: it got away."""
    calls = 0
    for runs, (name, trial) in enumerate(islice(trials(), MOST_RUNS), 1):
        record = play(subject(name), trial)
        calls += sum(record.calls)
        if record.standing is Standing.BROKEN:
            return Caught(name, trial.of, runs, calls, shrink(subject(name), trial, record.breaches[0].what))
    return None
