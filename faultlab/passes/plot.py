"""One drawn scenario: sessions and turns, what is said in them, and what goes wrong with which attempt.

It goes along with the course that a right agent takes, so that whatever is planned is met. From the first thing on that
the contract does not decide, nothing more is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from faultlab.content.draw import Draw
from faultlab.passes.course import Course
from faultlab.passes.effects import Effect
from faultlab.passes.ground import Ground
from faultlab.passes.limiting import limits_of
from faultlab.passes.mishaps import Mishap, mishap, mishap_of
from faultlab.passes.sayings import (
    ANY_TOOL,
    LONG_PAST,
    SHORTEST,
    Past,
    Said,
    answer,
    asking,
    past,
    sour,
    tool_call,
    tools,
)
from faultlab.policies.kinds import UNSAID
from faultlab.policy import FALLBACK, PRIMARY, UPSTREAMS
from faultlab.scenario import HermesTarget, Scenario, Side, TurnPlan
from faultlab.schedule import OK, Entry
from faultlab.script import Reply

__all__ = ["Aim", "plotted"]

_MOST_ATTEMPTS: Final = 40
"""Of a whole scenario: beyond that all is well."""
_MOST_PASSES: Final = 4
_SIZE: Final = frozenset({"context_overflow", "payload_too_large", "output_too_large"})
_SPARE: Final = 6
"""Answers that are left over for whoever asks more than was planned."""
_WORDS: Final = (("ok",), ("ok",), ("refused",), ("hangs",), ("ok", "refused"), ("refused", "ok"))


class Aim(NamedTuple):
    """A cell that this one is to meet: a failure of this kind at this attempt of an upstream."""

    kind: str
    attempt: int
    upstream: str


def plotted(draw: Draw, scenario: Scenario, ground: Ground, entry: str, aim: Aim | None) -> Scenario:
    """A scenario that is drawn on this ground, by this entrance."""
    return _Plot(draw, scenario, ground, entry, aim).drawn()


@dataclass(slots=True)
class _Plot:
    draw: Draw
    scenario: Scenario
    ground: Ground
    entry: str
    aim: Aim | None
    says: list[Reply] = field(default_factory=list)
    planned: dict[str, list[Entry]] = field(default_factory=lambda: {name: [] for name in UPSTREAMS})
    stuck: dict[str, Mishap] = field(default_factory=dict)
    standing: Said | None = None
    is_blind: bool = False
    attempts: int = 0
    bad_used: bool = False
    passes: int = 0
    loops: bool = False
    may_be_full: bool = False
    burst: tuple[Mishap, int, str] | None = None

    def drawn(self) -> Scenario:
        """All of it."""
        before = Past() if self.entry == "cron" else past(self.draw.fork("past"), self.ground.windows)
        if self.draw.happens(1, 9) and self.aim is None:
            return self._with_limits(before)
        self.ground = replace(self.ground, renewals=self._renewals())
        self.may_be_full = before.fills_a_window
        turns = self._turns(before)
        return self._scenario(before, turns, {name: self._side(name) for name in UPSTREAMS})

    def _renewals(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((name, self.draw.choice(_WORDS)) for name, _ in self.ground.renewals)

    def _side(self, upstream: str) -> Side:
        backend = self.scenario.policy.backend(upstream)
        words = dict(self.ground.renewals).get(upstream)
        return Side(
            _merged(self.planned[upstream]), refresh=words if backend is not None and backend.token_url else None
        )

    def _scenario(self, before: Past, turns: tuple[TurnPlan, ...], sides: Mapping[str, Side]) -> Scenario:
        spare = tuple(answer(self.draw.fork("spare", n)) for n in range(_SPARE))
        return replace(
            self.scenario,
            expectations=(),
            turns=turns,
            target=HermesTarget(self.entry),
            says=(*self.says, *((self.standing.reply,) if self.standing else ()), *spare),
            tools=tools(self.draw.fork("tools")),
            history=before.history,
            primary=sides[PRIMARY],
            fallback=sides[FALLBACK],
            seed=self.draw.below(1000),
        )

    def _turns(self, before: Past) -> tuple[TurnPlan, ...]:
        count = 1 if self.entry == "cron" else 1 + min(self.draw.below(4), self.draw.below(4))
        names = ["main", "other"] if count > 1 and not self.ground.renewals and self.draw.happens(1, 4) else ["main"]
        courses: dict[str, Course] = {}
        renewals: dict[str, int] = {}
        turns = []
        for number in range(count):
            session = self.draw.choice(names)
            is_new = session not in courses
            course = courses.setdefault(session, Course(self.ground.setting(before.shorter), renewals=renewals))
            user, is_huge = asking(self.draw.fork("user", number))
            if is_huge:
                course.setting = replace(course.setting, shorter=min(course.setting.shorter, 1))
                self.may_be_full = self.may_be_full or self.ground.windows != (None, None)
            course.begin_turn()
            stopped_s = self._turn(course)
            resume = not is_new and self.entry != "cron" and self.draw.happens(1, 2)
            turns.append(TurnPlan(user, session, resume, stopped_s))
        return tuple(turns)

    def _turn(self, course: Course) -> float | None:
        """One turn to its end; when it is interrupted, if it is."""
        self.bad_used, self.passes, self.burst, self.loops = False, 0, None, self.draw.happens(1, 3)
        may_stop = self.aim is None and self.draw.happens(1, 8)
        while course.upstream is not None and not self.is_blind:
            self.attempts += 1
            self._attempt(course, course.upstream)
            if may_stop and course.pause_s >= 1 and self.draw.happens(1, 2):
                course.interrupted()
                return course.clock_s - course.pause_s / 2
        return None

    def _attempt(self, course: Course, upstream: str) -> None:
        made = self.stuck.get(upstream) or self._chosen(course, upstream)
        if made is None:
            self._healthy(course, upstream)
            return
        if upstream not in self.stuck:
            self.planned[upstream].append(Entry(made.faults))
            self._maybe_stuck(upstream, made)
        if made.spoils and self.standing is None:
            self.standing = self._plain(made)
        self._meet(course, made)

    def _plain(self, made: Mishap) -> Said:
        """An answer that can be spoiled in this way."""
        fork = self.draw.fork("said", self.attempts)
        if made.counts_events:
            return Said(SHORTEST)
        return Said(ANY_TOOL) if made.needs_a_tool or fork.happens(1, 4) else Said(answer(fork))

    def _meet(self, course: Course, made: Mishap) -> None:
        effect, standing = made.effect, self.standing
        if effect.whole and standing is not None:
            course.clock_s += effect.took_s
            self._said(course, standing)
            return
        if effect.kind == UNSAID or self._may_mean_full(effect):
            self.is_blind = True
            return
        self.may_be_full = self.may_be_full or effect.kind in _SIZE
        if made.uses_up and standing is not None:
            self.says.append(standing.reply)
            self.standing = None
        calls = bool(standing and standing.reply.tool_calls) and effect.kind is None and not effect.cut
        course.meet(effect, calls_a_tool=calls)
        self.is_blind = self.is_blind or course.uncertain or (calls and not effect.calls_a_tool)
        self._count_pass(course, calls=effect.calls_a_tool)

    def _may_mean_full(self, effect: Effect) -> bool:
        """Whether an answer of nothing may be a full window instead."""
        return self.may_be_full and effect.kind == "invalid_response"

    def _maybe_stuck(self, upstream: str, made: Mishap) -> None:
        """For ever, from time to time, if that has an end: what calls tools for ever has none soon."""
        if made.effect.kind is not None and made.effect.kind != UNSAID and self.draw.happens(1, 25):
            self.planned[upstream][-1] = Entry(made.faults, None)
            self.stuck[upstream] = made

    def _chosen(self, course: Course, upstream: str) -> Mishap | None:
        """What goes wrong with this attempt; None: nothing."""
        if self.attempts > _MOST_ATTEMPTS:
            return None
        if self.aim is not None:
            aimed = self._aimed(course, upstream, self.aim)
            return None if aimed is None else self._fitting(aimed)
        if self.burst is not None and self.burst[1] > 0 and self.burst[2] == upstream:
            again, left, _ = self.burst
            self.burst = (again, left - 1, upstream)
            return self._fitting(again)
        if self.draw.happens(2, 5):
            return None
        made = self._fitting(mishap(self.draw, self.ground, upstream))
        if self.draw.happens(1, 3) and made is not None:
            self.burst = (made, self.draw.choice((1, 1, 2, 4, 5, 7)), upstream)
        return made

    def _fitting(self, made: Mishap) -> Mishap | None:
        """Without what has nothing to work on in the answer that stands there."""
        if made.needs_a_tool and self.standing is not None and not self.standing.reply.tool_calls:
            return None
        return made

    def _aimed(self, course: Course, upstream: str, aim: Aim) -> Mishap | None:
        """On the way to a cell; behind it the rest is drawn as ever."""
        is_there = upstream == aim.upstream and course.attempt >= aim.attempt
        if is_there or (aim.upstream == PRIMARY and upstream == FALLBACK):
            self.aim = None
            return mishap_of(self.draw, self.ground, upstream, aim.kind) if is_there else None
        if upstream == aim.upstream:
            kind = self.draw.choice(("rate_limited", "overloaded", "server_error", "unreachable"))
        else:
            kind = self.draw.choice(("forbidden", "billing", "not_found", "bad_request"))
        return mishap_of(self.draw, self.ground, upstream, kind)

    def _healthy(self, course: Course, upstream: str) -> None:
        """A whole answer, or one that the model itself has spoiled."""
        self.planned[upstream].append(OK)
        said, self.standing = self.standing or self._next_said(upstream), None
        self.says.append(said.reply)
        if said.worth is not None:
            course.meet(said.worth)
            self.is_blind = self.is_blind or course.uncertain or self._may_mean_full(said.worth)
            return
        self._heard(course, said)

    def _said(self, course: Course, said: Said) -> None:
        """An answer came whole in spite of what went wrong."""
        self.says.append(said.reply)
        self.standing = None
        self._heard(course, said)

    def _heard(self, course: Course, said: Said) -> None:
        calls = bool(said.reply.tool_calls)
        self.bad_used = self.bad_used or said.is_bad
        course.answered(calls_a_tool=calls)
        self._count_pass(course, calls=calls)

    def _count_pass(self, course: Course, *, calls: bool) -> None:
        """The tool loop has an end (C19)."""
        self.passes += calls
        if self.passes == self.ground.passes:
            course.upstream = None

    def _next_said(self, upstream: str) -> Said:
        fork = self.draw.fork("said", self.attempts)
        if self.passes < _MOST_PASSES and self.draw.happens(2 if self.passes and self.loops else 1, 3):
            made = tool_call(fork)
            return Said(ANY_TOOL) if made.is_bad and self.bad_used else made
        if self.draw.happens(1, 6) and self.attempts <= _MOST_ATTEMPTS:
            return sour(fork, self.ground.asking(upstream).dialect)
        return Said(answer(fork))

    def _with_limits(self, before: Past) -> Scenario:
        """Limits that behave like real ones; what they refuse depends on all that is asked: nothing else is planned."""
        fork = self.draw.fork("limits")
        count = 1 if self.entry == "cron" else 1 + fork.below(4)
        for number in range(count):
            self.says += [tool_call(fork.fork(number, n)).reply for n in range(fork.below(4))]
            self.says += [answer(fork.fork(number, "answer"))]
        turns = tuple(TurnPlan(asking(fork.fork("user", number))[0]) for number in range(count))
        is_left = self.ground.fallback is not None and fork.happens(1, 2)
        away = mishap_of(fork, self.ground, PRIMARY, "billing") if is_left else None
        limited = FALLBACK if away else PRIMARY
        sides = {name: self._side(name) for name in UPSTREAMS}
        sides[limited] = replace(sides[limited], limits=(limits := limits_of(fork)))
        if limits.context_tokens is not None and self.entry != "cron":
            before = LONG_PAST
        if away is not None:
            sides[PRIMARY] = replace(sides[PRIMARY], faults=(Entry(away.faults),))
        return self._scenario(before, turns, sides)


def _merged(entries: list[Entry]) -> tuple[Entry, ...]:
    """Equal ones in a row as one; behind the last fault nothing has to be said."""
    merged: list[Entry] = []
    for each in entries:
        last = merged[-1] if merged else None
        if last is not None and last.faults == each.faults and last.times is not None and each.times is not None:
            merged[-1] = Entry(each.faults, last.times + each.times)
        else:
            merged.append(each)
    while merged and not merged[-1].faults:
        merged.pop()
    return tuple(merged)
