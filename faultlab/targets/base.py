"""What every target is: it plays a scenario's turns against a lab, and hands over what there is to judge.

How a target is told from another is the runner's business; what holds is judged afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from faultlab.adapters.cassette.reading import read_cassette
from faultlab.cassette import Replay
from faultlab.dialogue import Dialogue
from faultlab.errors import HarnessError, Runaway
from faultlab.lab import Lab
from faultlab.limits import Limits
from faultlab.policy import FALLBACK, PRIMARY, Backend
from faultlab.scenario import CommandTarget, FromCassette, Scenario, Side, TurnPlan
from faultlab.schedule import Schedule
from faultlab.script import Script
from faultlab.trace import Turn, TurnEnd
from faultlab.upstream import Upstream

__all__ = ["Played", "Player", "Situated", "Situation", "Telling", "lab_for", "outcome_of", "played"]


class Situation(Protocol):
    """Where a target stands, as it tells itself."""

    @property
    def label(self) -> str:
        """The same for people: "primary, 1 compression, 3 failed"."""

    @property
    def key(self) -> str:
        """From two with the same key it goes on alike; before ` | ` it says nothing of the conversation."""


@dataclass(frozen=True, slots=True)
class Situated:
    """The situation just before a request for an answer, which is the exchange `n`, to the upstream `asked`.

    `within` gives the key for whoever goes on for so many requests at most, each of which takes at most so many
    seconds, waits included, and brings the conversation at most so many tokens.
    """

    situation: Situation
    turn: int
    asked: str
    n: int
    within: Callable[[int, float, float], str]

    @property
    def label(self) -> str:
        """For people."""
        return self._of_turn(self.situation.label)

    @property
    def key(self) -> str:
        """The same for two from which the whole run goes on alike."""
        return self._of_turn(self.situation.key)

    def key_within(self, requests: int, seconds: float, tokens: float) -> str:
        """The same for two from which it goes on alike so far."""
        return self._of_turn(self.within(requests, seconds, tokens))

    def _of_turn(self, text: str) -> str:
        return f"turn {self.turn}, {text}" if self.turn > 1 else text


@dataclass(frozen=True, slots=True)
class Played:
    """What is left after the last turn. `before` is the conversation before the first, `leftovers` texts on the disk.

    `held_to` names the invariants that hold for this target. `situations` are in the order of the requests.
    """

    lab: Lab
    held_to: tuple[str, ...]
    before: Dialogue = field(default_factory=Dialogue)
    leftovers: Mapping[str, str] = field(default_factory=dict, repr=False)
    situations: tuple[Situated, ...] = ()


Player = Callable[[Scenario, Lab], Played]
"""Plays a scenario to its end in the lab that has its upstreams, whatever lab that is.

Raises TargetError if what is under test cannot be had.
"""


def lab_for(scenario: Scenario, lab: Lab | None = None) -> Lab:
    """A lab (None: a fresh one) with the scenario's upstreams; nobody stands where the configuration names nobody."""
    lab = lab or Lab(scenario.seed, virtual_time=not isinstance(scenario.target, CommandTarget))
    script, replay = Script(scenario.says), _replay(scenario.cassette)
    for name, side in ((PRIMARY, scenario.primary), (FALLBACK, scenario.fallback)):
        backend = scenario.policy.backend(name)
        if backend is not None and backend.base_url and not _stands_already(backend, lab):
            lab.add(_upstream(lab, name, backend, side, script, replay))
    return lab


def _stands_already(backend: Backend, lab: Lab) -> bool:
    """Whether an upstream with the same address, model and key is there: nobody could tell the two apart."""
    return any(
        (provider.base_url, provider.model, provider.api_key)
        == (backend.base_url.rstrip("/"), backend.model, backend.key)
        for provider in lab
    )


def _replay(cassette: FromCassette | None) -> Replay | None:
    """One for all upstreams, as a script is."""
    if cassette is None:
        return None
    return Replay(read_cassette(cassette.path, cassette.shown), cassette.match_on)


def _upstream(lab: Lab, name: str, backend: Backend, side: Side, script: Script, replay: Replay | None) -> Upstream:
    return Upstream(
        name,
        backend.provider,
        backend.base_url,
        lab.stage,
        model=backend.model,
        api_key=backend.key,
        script=script,
        replay=replay,
        schedule=Schedule(side.faults),
        limits=side.limits or Limits(),
        token_url=backend.token_url,
        refresh=side.refresh or ("refused",),
    )


_NEVER_STOPS: Final = "it never stops asking"
_TOLD_NOTHING: Final = TurnEnd("failed", "internal", error="the turn told nothing")


@dataclass(slots=True)
class Telling:
    """What became of a turn, told while it runs."""

    end: TurnEnd = _TOLD_NOTHING
    shown: str = ""
    exit_code: int | None = None


@contextmanager
def played(lab: Lab, plan: TurnPlan) -> Iterator[Telling]:
    """One turn, from now until the block ends: recorded in the trace with what the block tells of it.

    A target that never stops asking has been stopped by the lab: that is an end that no contract knows.
    """
    first, started_s = len(lab.trace.exchanges) + 1, lab.clock.now_s
    told = Telling()
    with suppress(Runaway):
        yield told
    last, ended_s = len(lab.trace.exchanges), lab.clock.now_s
    if lab.stage.is_exhausted:
        told.end = TurnEnd("runaway", error=_NEVER_STOPS, stopped=_NEVER_STOPS)
    turn = Turn(plan.session, plan.user, started_s, ended_s, first, last, told.end, told.shown, told.exit_code)
    lab.trace.turns.append(turn)


def outcome_of(call: Callable[[], str]) -> TurnEnd:
    """How a call that answers with a text ended; whatever it raises is its own failure, the end of all memory apart."""
    try:
        return TurnEnd("completed", reply=call())
    except (HarnessError, MemoryError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # code under test may raise anything
        return TurnEnd("failed", error=f"{type(error).__name__}: {error}")
