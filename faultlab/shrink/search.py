"""The search for the smallest trial: what is simpler is played, and kept if it breaks the same thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from faultlab.errors import HarnessError, ScenarioError
from faultlab.foretelling import foretold
from faultlab.playing import breaches_of
from faultlab.runner import Run, loader, run_fully
from faultlab.scenario import Scenario
from faultlab.shrink.fairness import comes_about
from faultlab.shrink.reductions import joined, reductions
from faultlab.subject import Subject
from faultlab.trial import Breach, Trial
from faultlab.written import document, laid_out

__all__ = ["MOST_TRIES", "Shrunk", "behaviour", "shrink"]

MOST_TRIES: Final = 1_000
"""Runs that one breach is worth: some ten seconds."""

_SMALLEST: Final = "1-minimal"


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left, how it breaks, after how many runs, and why that was the end; `also` is what else breaks in it.

    `stopped` is `1-minimal` (without any one thing that is left it breaks no more) or `stopped after N tries`.
    """

    scenario: Scenario
    breach: Breach
    tries: int
    stopped: str
    also: tuple[Breach, ...] = ()


def shrink(subject: Subject, trial: Trial, what: str, *, most_tries: int = MOST_TRIES) -> Shrunk:
    """The trial with as little as breaks the same: `what` is an invariant or a line of the policy.

    The same trial always comes to the same. Raises HarnessError if the trial itself does not break it.
    """
    return _Search(subject, trial, what, most_tries).result()


class _Search:
    """One search under way: the smallest that breaks so far, and what was tried."""

    def __init__(self, subject: Subject, trial: Trial, what: str, most_tries: int) -> None:
        self._subject = subject
        self._trial = trial
        self._what = what
        self._most_tries = most_tries
        self._reader = loader()
        self._known: set[str] = set()
        self._tries = 0
        self._is_spent = False
        self._goes_unanswered = self._is_beside_the_point = False

    def result(self) -> Shrunk:
        """The smallest one, and why it is."""
        told = behaviour(self._trial.scenario)
        self._is_beside_the_point = not comes_about(self._foretold(self._trial.scenario), self._subject.rules)
        found = self._broken(told)
        if found is None:
            raise HarnessError(f"number {self._trial.number} of {self._trial.of} does not break {self._what}")
        smallest = self._to_the_breach(told, found)
        while (smaller := self._through(smallest)) is not smallest:
            smallest = smaller
        _, (scenario, (breach, *also)) = smallest
        stopped = f"stopped after {self._tries} tries" if self._is_spent else _SMALLEST
        return Shrunk(scenario, breach, self._tries, stopped, tuple(also))

    def _to_the_breach(self, told: _Told, found: _Breaking) -> _Broken:
        """Without the turns behind the one in which it breaks, where it breaks so, too: each try is cheaper then."""
        turns, turn = told["turns"], found[1][0].turn
        shorter = {**told, "turns": turns[:turn]}
        less = self._broken(shorter) if turn is not None and turn < len(turns) else None
        return (told, found) if less is None else (shorter, less)

    def _through(self, smallest: _Broken) -> _Broken:
        """Once through all that could be simpler; what is simpler and breaks too is gone on with from there."""
        passed = 0
        left: Iterator[_Told] = chain([joined(smallest[0])], reductions(smallest[0]))
        while not self._is_spent and (simpler := next(left, None)) is not None:
            found = self._broken(simpler)
            if found is None:
                passed += 1
                continue
            smallest = simpler, found
            left = islice(chain([simpler], reductions(simpler)), passed, None)
        return smallest

    def _broken(self, told: _Told) -> _Breaking | None:
        """The scenario and how it breaks, the same first, if it is one, is new, and breaks the same."""
        text = laid_out(told)
        if text in self._known:
            return None
        self._known.add(text)
        scenario = self._read(text)
        if scenario is None or not (self._is_beside_the_point or self._comes_about(scenario)):
            return None
        if self._tries == self._most_tries:
            self._is_spent = True
            return None
        self._tries += 1
        run = run_fully(scenario)
        breaches = sorted(breaches_of(run, self._subject.rules), key=lambda each: each.what != self._what)
        if not breaches or breaches[0].what != self._what:
            return None
        if self._tries == 1:
            self._goes_unanswered = _is_unanswered(run)
        return (scenario, breaches) if self._goes_unanswered or not _is_unanswered(run) else None

    def _comes_about(self, scenario: Scenario) -> bool:
        """Whether an agent that is mended meets all of it, and has its answers, as far as there were any."""
        is_said = len(scenario.says) >= min(len(scenario.turns), len(self._trial.scenario.says))
        return is_said and comes_about(scenario, self._subject.rules)

    def _foretold(self, scenario: Scenario) -> Scenario:
        """What was expected of something larger is no word on this."""
        return foretold(replace(scenario, expectations=()), self._subject.rules)

    def _read(self, text: str) -> Scenario | None:
        """The scenario that a text holds; None if no file may hold it."""
        file = self._trial.scenario.place.file
        try:
            (scenario,) = self._reader.read(text, file, Path(file).absolute().parent)
        except ScenarioError:
            return None
        return self._foretold(scenario)


def _is_unanswered(run: Run) -> bool:
    """Whether somebody asked and there was no answer left: what comes of that is nobody's fault."""
    return any(exchange.unexpected for exchange in run.trace.exchanges)


_Told = dict[str, Any]
_Breaking = tuple[Scenario, list[Breach]]
_Broken = tuple[_Told, _Breaking]


def behaviour(scenario: Scenario) -> _Told:
    """The keys of its file that something comes of: no clauses, no reasons, no expectations."""
    told = document(replace(scenario, clauses=(), why="", expectations=()))
    turns = [{name: value for name, value in turn.items() if name != "expect"} for turn in told["turns"]]
    return {**told, "turns": turns}
