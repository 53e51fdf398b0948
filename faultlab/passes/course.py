"""The course that a turn takes under faults with an agent that keeps the contract: who is asked next, or nobody.

A pass plans by it, so that everything that it plans is met. It judges nothing: it is never shown what an agent did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from faultlab.contract import OF_SIZE, RETRIED
from faultlab.passes.effects import Effect
from faultlab.policies.rules import Budget, Compression, Pieces, Timeouts, Waits
from faultlab.policy import FALLBACK, PRIMARY

__all__ = ["Course", "Setting"]

_LIMIT_S: Final = Budget().call_s
_STATED_LIMIT_S: Final = Waits().stated_s
_OWN_LIMIT_S: Final = Waits().longest_s
_PAUSE_S: Final = Compression().pause_s
_RENEWAL_S: Final = Timeouts().renewal_s
_COMPRESSIONS: Final = Compression().most
_CONTINUATIONS: Final = Pieces().continuations


@dataclass(frozen=True, slots=True)
class Setting:
    """What the course depends on beside the faults.

    `renewals` are the words of renewals by upstream, none where there is a key; `shorter` is how often the conversation
    can be made shorter for certain.
    """

    attempts: int = 6
    usable_fallback: bool = True
    renewals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shorter: int = 0


@dataclass(slots=True)
class Course:
    """One session under way. `upstream` is who is asked next in this turn; None: the turn is over.

    `clock_s` is how long the turn goes on, `pause_s` what the last attempt was followed by; `uncertain`: the contract
    alone does not say what comes next. `renewals` counts them by upstream, over all sessions that share it.
    """

    setting: Setting
    upstream: str | None = PRIMARY
    attempt: int = 1
    switched: bool = False
    uncertain: bool = False
    clock_s: float = 0.0
    pause_s: float = 0.0
    renewals: dict[str, int] = field(default_factory=dict)
    _failed: int = 0
    _waited_s: float = 0.0
    _elapsed_s: float = 0.0
    _renewed: bool = False
    _lowered: bool = False
    _compressions: int = 0
    _shortened: int = 0
    _cuts: int = 0

    def begin_turn(self) -> None:
        """The user says something: whoever the session is with is asked."""
        self.upstream = FALLBACK if self.switched else PRIMARY
        self._compressions = self._cuts = 0
        self.clock_s = self.pause_s = 0.0
        self._begin_call()

    def answered(self, *, calls_a_tool: bool = False) -> None:
        """A whole answer came."""
        self.pause_s = 0.0
        self._begin_call()
        if not calls_a_tool:
            self.upstream = None

    def meet(self, effect: Effect, *, calls_a_tool: bool = False) -> None:
        """An attempt met a fault that has this effect; the answer that stands there calls a tool or does not."""
        self.attempt += 1
        self.pause_s = 0.0
        self._pass(effect.took_s)
        if effect.cut:
            self._cut()
        elif effect.kind is None:
            self.answered(calls_a_tool=calls_a_tool or effect.calls_a_tool)
        elif effect.kind in RETRIED:
            self._wait(effect.stated_s)
        elif effect.kind == "unauthorized":
            self._renew()
        elif effect.kind == "output_too_large":
            self._lower(effect)
        elif effect.kind in OF_SIZE:
            self._shorten()
        else:
            self._give_way()

    def interrupted(self) -> None:
        """The user stops the turn during the last pause."""
        self.upstream = None

    def _pass(self, seconds: float) -> None:
        self._elapsed_s += seconds
        self.clock_s += seconds

    def _begin_call(self) -> None:
        self.attempt = 1
        self._failed, self._waited_s, self._elapsed_s, self._renewed, self._lowered = 0, 0.0, 0.0, False, False

    def _cut(self) -> None:
        """It is asked for further, or once more: how often depends on what came, so once at most is planned."""
        self._cuts += 1
        if self._cuts > 1:
            self.uncertain = True
        if self._cuts > _CONTINUATIONS:
            self.upstream = None
        self._begin_call()

    def _wait(self, stated_s: float | None) -> None:
        own = min(2.0 ** (self._failed + 1), _OWN_LIMIT_S)
        wait = own if stated_s is None or stated_s <= own else stated_s
        is_too_long = wait > own and self._waited_s + wait > _STATED_LIMIT_S
        is_last = self._failed + 1 >= self.setting.attempts
        if is_last or is_too_long or self._elapsed_s + wait > _LIMIT_S:
            self._give_way()
            return
        self._failed += 1
        self._waited_s += wait
        self.pause_s = wait
        self._pass(wait)

    def _renew(self) -> None:
        words = self.setting.renewals.get(self.upstream or "")
        if not words or self._renewed or self._elapsed_s > _LIMIT_S:
            self._give_way()
            return
        self._renewed = True
        count = self.renewals.get(self.upstream or "", 0)
        self.renewals[self.upstream or ""] = count + 1
        word = words[min(count, len(words) - 1)]
        self._pass(_RENEWAL_S if word == "hangs" else 0.0)
        if word != "ok" or self._elapsed_s > _LIMIT_S:
            self._give_way()

    def _shorten(self) -> None:
        in_time = self._elapsed_s + _PAUSE_S <= _LIMIT_S
        if not in_time or self._compressions >= _COMPRESSIONS or self._shortened >= self.setting.shorter:
            self.uncertain = self.uncertain or (in_time and self._compressions < _COMPRESSIONS)
            self.upstream = None
            return
        self._compressions += 1
        self._shortened += 1
        self._failed, self._waited_s = 0, 0.0
        self.pause_s = _PAUSE_S
        self._pass(_PAUSE_S)

    def _lower(self, effect: Effect) -> None:
        if self._elapsed_s > _LIMIT_S:
            self.upstream = None
        elif not self._lowered and effect.lowers:
            self._lowered = True
        elif effect.for_money:
            self._give_way()
        else:
            self._shorten()

    def _give_way(self) -> None:
        if self.upstream == PRIMARY and self.setting.usable_fallback:
            self.upstream, self.switched = FALLBACK, True
            self._compressions = 0
            self._begin_call()
        else:
            self.upstream = None
