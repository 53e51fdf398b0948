"""A trial, played and judged: what a worker does, in whichever process or machine it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from faultlab.coverage import covered
from faultlab.families import family_of
from faultlab.faults import FAULTS
from faultlab.foretelling import foretold
from faultlab.policies import Rules
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.providers import find
from faultlab.runner import Run, run_fully
from faultlab.scenario import CommandTarget, Scenario
from faultlab.subject import Subject
from faultlab.targets.base import Situated
from faultlab.timeline import timeline
from faultlab.trace import Turn, TurnEnd
from faultlab.trial import Breach, Edge, Ending, Record, Standing, Step, Stride, Trial
from faultlab.verdict import Outcome, Violation

__all__ = ["breaches_of", "play", "recorded"]

_OWN_WORK_S: Final = 0.3
"""What a program may take between two requests without having waited: the shortest back-off of a client is longer."""


def play(subject: Subject, trial: Trial) -> Record:
    """Play it in a fresh lab and judge it. Never raises for what is under test."""
    return recorded(subject, trial, run_fully(_held(subject, trial)))


def _held(subject: Subject, trial: Trial) -> Scenario:
    """Its scenario, held to what it must come to."""
    if trial.expected is None:
        return foretold(trial.scenario, subject.rules)
    return replace(trial.scenario, expectations=trial.expected)


def recorded(subject: Subject, trial: Trial, run: Run) -> Record:
    """What is kept of a run."""
    verdict, trace = run.verdict, run.trace
    waits = [_waits(run, turn) for turn in trace.turns]
    asked = [each.upstream for each in trace.exchanges if not each.side]
    last = trace.turns[-1].end if trace.turns else None
    steps = tuple(_steps(run))
    return Record(
        trial.of,
        trial.number,
        _standing(run),
        trial.labels,
        family=_family(run, trial),
        ending=_ending(run, steps, is_waited=bool(waits and waits[-1])),
        failure=last.failure if last else None,
        switch=next((turn.end.switch_reason for turn in trace.turns if turn.end.switch_reason), None),
        waits=sum(map(len, waits)),
        waited_s=round(sum(map(sum, waits)), 3),
        took_s=round(sum(turn.ended_s - turn.started_s for turn in trace.turns), 3),
        calls=(asked.count(PRIMARY), asked.count(FALLBACK)),
        breaches=breaches_of(run, subject.rules),
        reasons=(*verdict.signs, *_stops(run), *((verdict.trouble,) if verdict.trouble else ())),
        covered=covered(run.scenario, trace),
        steps=steps,
        edge=_edge(run, trial.stride),
    )


def _waits(run: Run, turn: Turn) -> list[float]:
    """The waits of a turn; of a program, whose time is the machine's own, those that its own work does not explain."""
    waits = run.trace.waits_of(turn)
    if isinstance(run.scenario.target, CommandTarget):
        return [wait for wait, n in waits if wait > _OWN_WORK_S and n < turn.last]
    return [wait for wait, _ in waits]


def breaches_of(run: Run, rules: Rules | None) -> tuple[Breach, ...]:
    """What did not hold, by the names that a campaign gives it."""
    return tuple(_breach(violation, rules) for violation in run.verdict.violations)


def _breach(violation: Violation, rules: Rules | None) -> Breach:
    """What was foretold is named by the line of the policy that it comes of."""
    row = rules.row_at(violation.place) if rules else None
    what = violation.what if row is None else f"{row.name}.{violation.what}"
    return Breach(what, violation.expected, violation.found, violation.turn, violation.step)


def _standing(run: Run) -> Standing:
    if run.verdict.trouble is not None:
        return Standing.TROUBLE
    if run.verdict.violations:
        return Standing.BROKEN
    if _stops(run):
        return Standing.TROUBLE
    return Standing.HELD if run.verdict.outcome is Outcome.HELD else Standing.NOT_REACHED


def _stops(run: Run) -> tuple[str, ...]:
    """Why turns did not end by themselves, each reason once; what such a one has come to is no verdict."""
    return tuple(dict.fromkeys(turn.end.stopped for turn in run.trace.turns if turn.end.stopped))


def _family(run: Run, trial: Trial) -> str:
    """That of the fault that the trial is about, else of the first one that came about."""
    tried = dict(trial.labels).get("fault", "").partition(" ")[0]  # behind its name may stand more: `of 120 s`
    if tried in FAULTS:
        return family_of(tried)
    if find(tried) is not None:
        return family_of("wire", tried)
    first = next((each for each in run.trace.exchanges if each.faults), None)
    return family_of(first.faults[0], first.shape) if first else ""


def _ending(run: Run, steps: tuple[Step, ...], *, is_waited: bool) -> Ending:
    if not run.trace.turns:
        return Ending.NONE
    last = run.trace.turns[-1]
    if last.end.outcome != "completed":
        return Ending(last.end.outcome) if last.end.outcome in set(Ending) else Ending.NONE
    exchanges = [each for each in run.trace.exchanges if not each.side]
    if exchanges and exchanges[-1].upstream == FALLBACK:
        return Ending.FALLBACK
    if any(step.compressed for step in steps if step.turn == len(run.trace.turns)):
        return Ending.COMPRESSED
    return Ending.WAITED if is_waited else Ending.PRIMARY


def _edge(run: Run, stride: Stride | None) -> Edge | None:
    """What came of the request that the trial is about; None when no such request was sent."""
    exchanges = run.trace.exchanges
    sent = [each for each in run.situations if each.n <= len(exchanges)]
    if stride is None or stride.step > len(sent):
        return None
    before, *following = sent[stride.step - 1 : stride.step + 1]
    key, asked_next, label, until_s = None, "", _end(run.trace.turns[-1].end), run.trace.turns[-1].ended_s
    for after in following:
        key, asked_next, label = _key(after, stride, stride.left), after.asked, after.label
        until_s = exchanges[after.n - 1].started_s
    waited_s = exchanges[before.n - 1].pause_s(until_s)
    key_before = _key(before, stride, stride.left + 1)
    return Edge(key_before, stride.by, key, before.asked, asked_next, before.label, label, waited_s)


def _key(situated: Situated, stride: Stride, left: int) -> str:
    return situated.key_within(left, stride.seconds, stride.tokens)


def _end(end: TurnEnd) -> str:
    return "answered" if end.outcome == "completed" else ": ".join(filter(None, (end.outcome, end.failure)))


def _steps(run: Run) -> list[Step]:
    ends = {each.n: each.ended_s for each in run.trace.exchanges}
    return [
        Step(step.upstream, step.at_s, ends[step.n], step.sent, step.seen, step.then, turn.number)
        for turn in timeline(run.trace, run.before, run.attempts)
        for step in turn.steps
    ]
