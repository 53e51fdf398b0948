"""This project's own agent as the thing under test, through its one seam: no part of it is patched.

The only place that knows `hermes_agent`. What of it needs openai is imported when a turn is played.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from faultlab.clock import VirtualClock
from faultlab.environment import surroundings
from faultlab.errors import FaultlabError, HarnessError
from faultlab.invariants import INVARIANTS
from faultlab.lab import Lab
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import HermesTarget, Scenario, TurnPlan
from faultlab.targets.base import Played, Situated, Telling, played
from faultlab.targets.hermes.entrances import ENTRANCES, Entrance, Outside
from faultlab.targets.hermes.home import fresh_home, leftovers
from faultlab.targets.hermes.past import as_dialogue, past_of
from faultlab.targets.hermes.scripted import ScriptedTools
from faultlab.trace import TurnEnd
from hermes_agent.messages import Message, TurnResult
from hermes_agent.runtime import Runtime
from hermes_agent.situation import Reach, Situation

__all__ = ["play"]


def play(scenario: Scenario, lab: Lab) -> Played:
    """Every turn through the scenario's entrance, in a home of its own."""
    if not isinstance(scenario.target, HermesTarget):
        raise HarnessError(f"target hermes was handed a scenario for {scenario.target}")
    with surroundings(dict(scenario.env)), fresh_home(scenario, lab) as home:
        play = _Play(scenario, lab, home)
        play.through(ENTRANCES[scenario.target.entry], past_of(scenario))
        return Played(lab, tuple(INVARIANTS), as_dialogue(scenario), leftovers(home), tuple(play.situations))


class _Play:
    """One scenario under way: what the agent hands out, and the tools that it is given."""

    def __init__(self, scenario: Scenario, lab: Lab, home: Path) -> None:
        self._scenario = scenario
        self._lab = lab
        if not isinstance(lab.clock, VirtualClock):
            raise HarnessError("a scenario runs in virtual time only")
        self._clock = lab.clock
        self._results: list[TurnResult] = []
        self._tools = ScriptedTools(lab.trace)
        self.situations: list[Situated] = []
        self._runtime = Runtime(
            clock=self._clock,
            new_http_client=lab.http_client,
            environ=dict(scenario.policy.environ),
            home=home,
            cwd=home,
            tools=self._tools.table(scenario.tools),
            random=lambda: 0.0,
            on_result=self._results.append,
            on_attempt=self._attempt,
        )

    def through(self, entrance: Callable[[Outside], Entrance], past: tuple[Message, ...]) -> None:
        """All turns, by this way in."""
        outside = Outside(self._runtime, self._clock, past)
        with closing(entrance(outside)) as way_in:
            for plan in self._scenario.turns:
                self._turn(plan, way_in, outside)

    def _turn(self, plan: TurnPlan, way_in: Entrance, outside: Outside) -> None:
        self._results.clear()
        self._tools.begin(plan.session)
        with outside.control_c.heeded(), played(self._lab, plan) as told:
            told.end = _raised_by(way_in, plan, told) or self._end()
        if self._results:
            outside.session_ids[plan.session] = self._results[-1].session_id

    def _attempt(self, found: Situation) -> None:
        """Where it stands; the turn tells what the scenario still has before it."""
        asked, n = FALLBACK if found.switched else PRIMARY, len(self._lab.trace.exchanges) + 1
        turn = self._tools.turn
        turns = self._scenario.turns[turn - 1 :]
        # What users say from here on comes to the conversation too.
        said = sum(len(each.user) for each in turns[1:])

        def within(requests: int, seconds: float, tokens: float) -> str:
            return found.key_within(Reach(requests, requests * seconds, requests * tokens + said, len(turns)))

        self.situations.append(Situated(found, turn, asked, n, within))

    def _end(self) -> TurnEnd:
        """What the agent handed out, which is one result for each turn (C16)."""
        if len(self._results) != 1:
            return TurnEnd(f"handed out {len(self._results)} results")
        result = self._results[0]
        return TurnEnd(
            result.outcome.value,
            result.failure.value if result.failure else None,
            result.refused,
            result.reply,
            result.model,
            result.switch.reason if result.switch else None,
            dict(self._tools.runs),
            result.error,
        )


def _raised_by(way_in: Entrance, plan: TurnPlan, told: Telling) -> TurnEnd | None:
    """An agent raises nothing (C16): what it raises all the same is how its turn ended."""
    try:
        way_in.turn(plan, told)
    except FaultlabError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # an agent under test may raise anything
        return _raised(error)
    except KeyboardInterrupt as error:
        if plan.interrupt_after_s is None:
            raise
        return _raised(error)
    return None


def _raised(error: BaseException) -> TurnEnd:
    return TurnEnd(f"raised {type(error).__name__}", error=str(error))
