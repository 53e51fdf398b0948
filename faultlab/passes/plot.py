"""One drawn scenario: sessions and turns, with limits or none, foretold turn by turn while it is drawn.

What goes wrong, what is said and when the user stops it is chosen when it is asked for. From the first request on of
which nobody can say what comes next, nothing more is planned.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from faultlab.content.draw import Draw
from faultlab.expectations import Expectation
from faultlab.foretelling.account import Account
from faultlab.foretelling.course import Course
from faultlab.foretelling.setting import Setting, Unforeseen, setting_of
from faultlab.foretelling.telling import told
from faultlab.passes.ground import Ground
from faultlab.passes.improvised import Aim, Improvised
from faultlab.passes.limiting import limits_of
from faultlab.passes.sayings import LONG_PAST, Past, answer, asking, past, tool_call, tools
from faultlab.policies import Rules
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import HermesTarget, Scenario, Side, TurnPlan
from faultlab.script import Reply

__all__ = ["Plotted", "plotted"]

_SPARE: Final = 6
"""Answers that are left over for whoever asks more than was planned."""
_WORDS: Final = (("ok",), ("ok",), ("refused",), ("hangs",), ("ok", "refused"), ("refused", "ok"))


class Plotted(NamedTuple):
    """A drawn scenario, and what each of its turns must come to, as far as that can be said."""

    scenario: Scenario
    expected: tuple[Expectation, ...]


def plotted(draw: Draw, healthy: Scenario, ground: Ground, entry: str, aim: Aim | None, rules: Rules) -> Plotted:
    """A scenario that is drawn on this ground, by this entrance."""
    bare = _bare(draw, healthy, ground, entry, may_have_limits=aim is None)
    return _Plot(draw, bare, ground, aim, setting_of(bare, rules)).drawn()


def _bare(draw: Draw, healthy: Scenario, ground: Ground, entry: str, *, may_have_limits: bool) -> Scenario:
    """All of it but what happens."""
    before: Past = () if entry == "cron" else past(draw.fork("past"), ground.windows)
    sides = {name: Side(refresh=_words(draw, healthy, name)) for name in (PRIMARY, FALLBACK)}
    if may_have_limits and draw.happens(1, 9):
        limited = FALLBACK if ground.fallback is not None and draw.happens(1, 2) else PRIMARY
        limits = limits_of(draw.fork("limits"))
        sides[limited] = replace(sides[limited], limits=limits)
        if limits.context_tokens is not None and entry != "cron":
            before = LONG_PAST
    return replace(
        healthy,
        expectations=(),
        cassette=None,
        target=HermesTarget(entry),
        tools=tools(draw.fork("tools")),
        history=before,
        primary=sides[PRIMARY],
        fallback=sides[FALLBACK],
        seed=draw.below(1000),
    )


def _words(draw: Draw, healthy: Scenario, upstream: str) -> tuple[str, ...] | None:
    """What renewing does there, where there is a token."""
    backend = healthy.policy.backend(upstream)
    return draw.choice(_WORDS) if backend is not None and backend.renewable else None


class _Plot:
    def __init__(self, draw: Draw, bare: Scenario, ground: Ground, aim: Aim | None, setting: Setting) -> None:
        self._draw, self._bare, self._setting = draw, bare, setting
        self._made = Improvised(draw, ground, aim)
        self._accounts: list[Account] = []
        self._course = self._begun()

    def _begun(self) -> Course | None:
        try:
            return Course(self._bare, self._setting, self._made.plan)
        except Unforeseen:
            return None

    def drawn(self) -> Plotted:
        """All of it."""
        turns = tuple(self._turns())
        standing = () if self._made.standing is None else (self._made.standing,)
        spare = tuple(answer(self._draw.fork("spare", n)) for n in range(_SPARE))
        bare, made = self._bare, self._made
        scenario = replace(
            bare,
            turns=turns,
            says=(*made.says, *standing, *spare),
            primary=replace(bare.primary, faults=made.entries(PRIMARY)),
            fallback=replace(bare.fallback, faults=made.entries(FALLBACK)),
        )
        accounts = enumerate(self._accounts, 1)
        return Plotted(scenario, tuple(e for n, each in accounts for e in told(each, n, scenario, self._setting)))

    def _turns(self) -> list[TurnPlan]:
        draw, is_job = self._draw, self._bare.target == HermesTarget("cron")
        count = 1 if is_job else 1 + min(draw.below(4), draw.below(4))
        names = ("main", "other") if count > 1 and draw.happens(1, 4) else ("main",)
        turns: list[TurnPlan] = []
        for number in range(count):
            session = draw.choice(names)
            resume = any(turn.session == session for turn in turns) and draw.happens(1, 2)
            turns.append(self._played(TurnPlan(asking(draw.fork("user", number)), session, resume), number))
        return turns

    def _played(self, plan: TurnPlan, number: int) -> TurnPlan:
        """The turn, with the interrupt that fell into it."""
        course, made = self._course, self._made
        if course is not None:
            made.begin_turn(course.clock.now_s)
            try:
                self._accounts.append(course.turn(plan))
            except Unforeseen:
                self._course = None
            else:
                return replace(plan, interrupt_after_s=made.stopped_s)
        made.says += self._unheard(self._draw.fork("unheard", number))
        return plan

    @staticmethod
    def _unheard(draw: Draw) -> list[Reply]:
        """What is said where nobody knows any more to which request."""
        return [*(tool_call(draw.fork(n)) for n in range(draw.below(3))), answer(draw)]
