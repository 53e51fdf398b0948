"""Schedules of failures through the agent's decisions alone: each by itself, and by a graph of merged states."""

from __future__ import annotations

from typing import NamedTuple

from faultlab.passes.outline import MOST_TOKENS

SIZES = {"overflow", "output", "payload_too_large", "context_overflow", "output_too_large"}


class Seen(NamedTuple):
    """What is seen of one step from outside: who was asked for how much, by what, and what was done then."""

    asked: str
    max_tokens: int | None
    by: str
    what: str
    wait_s: float
    outcome: str
    failure: str | None
    reason: str | None


class Merged:
    """States by their keys, each met once. `key_of` makes something else of a key, to see whether that is noticed."""

    def __init__(self, stepping, alphabet, depth, key_of=lambda key: key):
        self._stepping = stepping
        self.steps = {}
        first = stepping.model.begin()
        self.first = key_of(self._key(first, alphabet, depth))
        ahead, met = {self.first: first}, {self.first}
        for left in reversed(range(depth)):
            further = {}
            for key, place in ahead.items():
                for name in stepping.symbols(place):
                    seen, after = step(stepping, place, name)
                    next_key = None if after is None else key_of(self._key(after, alphabet, left))
                    self.steps[key, name] = seen, next_key
                    if next_key is not None and next_key not in met:
                        met.add(next_key)
                        further[next_key] = after
            ahead = further

    def _key(self, place, alphabet, left):
        return self._stepping.model.key_within(place, left, alphabet.longest_s, MOST_TOKENS)

    def told(self, schedule):
        """What the graph says of a schedule; it may have ended before its last symbol."""
        key, seen = self.first, []
        for name in schedule:
            if key is None:
                break
            found, key = self.steps[key, name]
            seen.append(found)
        return tuple(seen)


def step(stepping, place, name):
    """One step, as it is seen, and the place after it."""
    model, done = stepping.model, stepping.step(place, name)
    asked = model.asked(place), model.max_tokens(place)
    return Seen(*asked, name, done.what, done.wait_s, done.outcome, done.failure, done.reason), done.place


def walked_alone(stepping, schedule):
    """What a schedule comes to when it is walked by itself."""
    place, seen = stepping.model.begin(), []
    for name in schedule:
        if place is None:
            break
        found, place = step(stepping, place, name)
        seen.append(found)
    return tuple(seen)


def breaches(seen, budget=6):
    """The invariants of the contract that break by what is seen of a schedule."""
    calls = _calls(seen)
    kept = {
        "I1": sum(each.what == "switch" for each in seen) <= 1,
        "I2": all(_never_primary(seen[n:]) for n, each in enumerate(seen, 1) if each.what == "switch"),
        "I3": not any(each.what == "switch" and _of_size(seen[:n]) for n, each in enumerate(seen, 1)),
        "I5": all(len(call) <= _most_requests(call, budget) for call in calls),
        "I6": all(_waits_as_it_should(call) for call in calls),
    }
    return {name for name, holds in kept.items() if not holds}


def _never_primary(seen):
    return all(each.asked != "primary" for each in seen)


def _of_size(seen):
    return all(each.by in SIZES for each in seen)


def _most_requests(call, budget):
    compressions = sum(each.what == "compress" for each in call)
    return budget * (1 + compressions) + compressions + 2


def _waits_as_it_should(call):
    failed = 0
    for each in call:
        failed = 0 if each.what == "compress" else failed + (each.what == "wait")
        if each.wait_s != {"wait": min(2.0**failed, 60.0), "compress": 2.0}.get(each.what, 0.0):
            return False
    return True


def _calls(seen):
    """The steps of each model call on each provider."""
    calls = [[]]
    for each in seen:
        if calls[-1] and (calls[-1][-1].what == "tools" or calls[-1][-1].asked != each.asked):
            calls.append([])
        calls[-1].append(each)
    return calls
