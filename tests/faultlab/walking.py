"""Subjects to be explored, and a walk through the whole of a pass in this process."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from functools import cache

from faultlab.passes.drawn import Drawn
from faultlab.passes.explore import Explore
from faultlab.playing import play
from faultlab.runner import loader
from faultlab.subject import Subject

TWO = {
    "model": {"provider": "openai", "default": "gpt-5.1"},
    "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
}
CONFIGS = {
    "two that speak chat": TWO,
    "no fallback": {"model": TWO["model"]},
    "the smallest budget, no compression": {
        **TWO,
        "agent": {"api_max_retries": 1},
        "compression": {"enabled": False},
    },
    "a budget of three, outputs that are set": {
        "model": {**TWO["model"], "max_tokens": 4096},
        "fallback_model": {**TWO["fallback_model"], "max_tokens": 8192},
        "agent": {"api_max_retries": 3},
    },
    "a token that can be renewed, streams of Responses": {
        "model": {"provider": "openai-codex", "default": "gpt-5.1"},
        "fallback_model": {"provider": "nous", "model": "hermes"},
        "display": {"streaming": True},
    },
    "a small window": {"model": {**TWO["model"], "context_length": 7000}, "fallback_model": TWO["fallback_model"]},
}


def subject_for(config=None, **more):
    """What a campaign over this configuration is about; of another target there is none."""
    document = {"name": "healthy", "says": ["hello"], "turns": [{"user": "hi"}], **more}
    (scenario,) = loader().read(json.dumps(document | ({"config": config} if config else {})), "config.yaml")
    return Subject("config.yaml", replace(scenario, expectations=()))


def drawn(subject, seed, count, **more):
    """The trials of the pass `random`, aimed at nothing."""
    rounds = Drawn(seed, count, steered=False, **more).rounds(subject)
    parts = next(rounds)
    with suppress(StopIteration):
        while True:
            yield from (trial for part in parts for trial in part.trials(subject))
            parts = rounds.send(())


@cache
def first_steps(name, alphabet):
    """The records of the first steps of one of these configurations."""
    records, _ = walked(subject_for(CONFIGS[name]), Explore(1, alphabet))
    return records


def walked(subject, explore, play_all=None):
    """Every record of the pass, and why it is through."""
    play_all = play_all or (lambda trials: [play(subject, trial) for trial in trials])
    rounds, records = explore.rounds(subject), []
    try:
        ranges = next(rounds)
        while True:
            found = play_all([trial for part in ranges for trial in part.trials(subject)])
            records += found
            ranges = rounds.send(found)
    except StopIteration as end:
        return records, end.value
