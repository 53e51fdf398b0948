"""How often a fault is met in one turn of an agent that keeps to the rules, until its provider is left.

The turn is foretold with the fault at every request, and counted. It stands in a conversation that has what the fault
needs: something to leave out, or a tool call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from faultlab.faults import Fault
from faultlab.foretelling.clock import RunClock
from faultlab.foretelling.course import Course, Plan
from faultlab.foretelling.provider import Going
from faultlab.foretelling.setting import Setting, Unforeseen, setting_of
from faultlab.made_up import text
from faultlab.policies import Rules
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import DrawnHistory, HermesTarget, Scenario, ScriptedTool, Side, ToolOutput, TurnPlan
from faultlab.schedule import Entry, Schedule, Unreached
from faultlab.script import Reply, Script, ToolCall

__all__ = ["MOST", "Met", "Rehearsal", "Scene", "answers", "staged"]

MOST: Final = 20
"""More than any budget comes to in the time of a model call: what is met so often has no end of its own."""

_CHARACTERS: Final = 90
"""Of an answer: enough pieces for a stream to break in its middle."""
_HISTORY: Final = DrawnHistory(80, 8000)
_TOOL: Final = ScriptedTool("read_file", (ToolOutput("Nothing of note."),))
_CALL: Final = Reply(tool_calls=(ToolCall("read_file", '{"path": "notes.txt"}'),))
_USERS: Final = ("What is in my notes?", "And what else?")


class Scene(NamedTuple):
    """What a turn takes place in: an entrance, a long conversation or none, an answer that calls a tool or none."""

    entry: str
    is_long: bool = False
    has_tool: bool = False


def staged(healthy: Scenario, scene: Scene) -> Scenario:
    """The healthy scenario, going on with two such turns. Renewals work, so that a 401 is told from one that stays."""
    return replace(
        healthy,
        expectations=(),
        cassette=None,
        target=HermesTarget(scene.entry),
        turns=tuple(TurnPlan(user, resume=index > 0) for index, user in enumerate(_USERS)),
        says=(*((_CALL,) if scene.has_tool else ()), *answers(4)),
        tools=(_TOOL,) if scene.has_tool else (),
        history=_HISTORY if scene.is_long else () if scene.entry == "cron" else healthy.history,
        primary=_renewing(healthy, PRIMARY),
        fallback=_renewing(healthy, FALLBACK),
    )


def answers(count: int) -> tuple[Reply, ...]:
    """So many of them."""
    return tuple(Reply(text(_CHARACTERS, "matrix", number)) for number in range(count))


def _renewing(healthy: Scenario, upstream: str) -> Side:
    backend = healthy.policy.backend(upstream)
    return Side(refresh=("ok",) if backend is not None and backend.renewable else None)


class Met(NamedTuple):
    """How often it was met, whether the fallback was asked then, and whether all that could be said for sure."""

    times: int
    switched: bool
    is_foreseen: bool


class Rehearsal:
    """Turns of a healthy scenario, foretold by these rules with nothing but one fault."""

    def __init__(self, healthy: Scenario, rules: Rules) -> None:
        self._healthy, self._rules = healthy, rules
        self._scenes: dict[Scene, tuple[Scenario, Setting]] = {}
        self._known: dict[tuple[Scene, _Entries, _Entries, Fault], Met] = {}

    def met(self, scene: Scene, away: _Entries, before: _Entries, fault: Fault) -> Met:
        """How often it comes after these entries of the same provider: the fallback, where `away` leads there."""
        key = scene, away, before, fault
        if key not in self._known:
            self._known[key] = self._met(*key)
        return self._known[key]

    def _met(self, scene: Scene, away: _Entries, before: _Entries, fault: Fault) -> Met:
        bare, setting = self._staged(scene)
        there = _Endless(before, fault)
        going: dict[str, Going] = {PRIMARY: Schedule(away), FALLBACK: Schedule()}
        going[FALLBACK if away else PRIMARY] = there
        course = Course(bare, setting, Plan(going, Script(bare.says), RunClock()))
        try:
            switched = course.turn(bare.turns[0]).switch is not None
        except (Unforeseen, _EnoughError) as end:
            return Met(there.count, course.account.switch is not None, isinstance(end, _EnoughError))
        return Met(there.count, switched, True)

    def _staged(self, scene: Scene) -> tuple[Scenario, Setting]:
        if scene not in self._scenes:
            bare = staged(self._healthy, scene)
            self._scenes[scene] = bare, setting_of(bare, self._rules)
        return self._scenes[scene]


_Entries = tuple[Entry, ...]


class _EnoughError(Exception):
    """It goes on and on."""


class _Endless:
    """Entries, and one fault without end behind them: counted."""

    def __init__(self, before: Sequence[Entry], fault: Fault) -> None:
        self.count = 0
        self._schedule = Schedule((*before, Entry((fault,), None)))
        self._left = sum(entry.times or 0 for entry in before)

    def peek(self) -> tuple[Fault, ...]:
        """What comes next."""
        return self._schedule.peek()

    def take(self) -> tuple[Fault, ...]:
        """It comes. Raises _EnoughError."""
        if self._left:
            self._left -= 1
        elif self.count == MOST:
            raise _EnoughError
        else:
            self.count += 1
        return self._schedule.take()

    def unreached(self) -> Sequence[Unreached]:
        """Nothing: whether it is met is the question."""
        return ()
