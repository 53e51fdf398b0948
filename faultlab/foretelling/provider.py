"""One provider of a scenario as it goes on being asked: its schedule, its limits, and what renewals do there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from faultlab.clock import START
from faultlab.dialects import Question
from faultlab.faults import Fault
from faultlab.foretelling.answers import worth
from faultlab.foretelling.meeting import Met, met
from faultlab.foretelling.setting import Unforeseen, Whom
from faultlab.healthy import made_up
from faultlab.invariants.hints import stated_wait_s
from faultlab.limits import UNTOLD, Limits, Meter, Refusal
from faultlab.made_up import token
from faultlab.policies.asked import Asked
from faultlab.policies.kinds import Meant
from faultlab.policies.rules import Timeouts
from faultlab.provenance import shape_of
from faultlab.providers import provider as provider_of
from faultlab.scenario import Side
from faultlab.schedule import Unreached
from faultlab.script import Reply
from faultlab.trace import GENERIC_SHAPE, Exchange
from faultlab.wire import BEFORE_A_REQUEST, Request

__all__ = ["Going", "Provider", "Saying"]

_ID_CHARACTERS = 16


class Going(Protocol):
    """What goes wrong, request by request: a `Schedule`, or what is made up when it is asked."""

    def peek(self) -> tuple[Fault, ...]:
        """What will go wrong with the next request."""

    def take(self) -> tuple[Fault, ...]:
        """What goes wrong with it."""

    def unreached(self) -> Sequence[Unreached]:
        """What has not come about."""


class Saying(Protocol):
    """What is said, answer by answer: a `Script`, or what is made up when it is asked."""

    def peek(self) -> Reply | None:
        """The next answer to the request whose faults were looked at last; it stays until it is taken."""

    def take(self) -> None:
        """It was sent whole."""


class Provider:
    """What is planned for one of the two; all that is made up comes of the seed.

    `shares_its_token`: the other one would renew the same.
    """

    def __init__(
        self, whom: Whom, side: Side, going: Going, saying: Saying, timeouts: Timeouts, seed: int, least_s: float
    ) -> None:
        self.whom = whom
        self._schedule, self._script = going, saying
        self._timeouts, self._seed, self._least_s = timeouts, seed, least_s
        self._ids, self._number = token(_ID_CHARACTERS, "ids", seed), 0
        self.shares_its_token = self._has_wasted = False
        self._provider = provider_of(whom.backend.provider)
        limits = side.limits
        if limits is not None and limits.body_bytes is not None:
            raise Unforeseen("how many bytes a request has is its client's business")
        self._meter = None if limits is None or limits == Limits() else Meter(limits, self._provider)
        self._refresh, self._renewals, self.renewed = side.refresh or ("refused",), 0, 0

    @property
    def is_through(self) -> bool:
        """Whether all that was planned has come about, and had something to work on."""
        return not self._has_wasted and not self._schedule.unreached()

    def renew(self) -> str:
        """What the next renewal does: `ok`, `refused` or `hangs`. Raises Unforeseen."""
        if self.shares_its_token:
            raise Unforeseen("whose token it is that both would renew")
        word = self._refresh[min(self._renewals, len(self._refresh) - 1)]
        self._renewals += 1
        self.renewed += word == "ok"
        return word

    def meet(self, estimate: int, max_tokens: int | None, window: int | None, now_s: float, number: int) -> Met:
        """What comes of request `number` (from 1, over all exchanges) at this moment. Raises Unforeseen."""
        self._number = number
        faults, healthy = self._schedule.peek(), self._script.peek()
        if not faults and self._meter is None and healthy is not None and window is None:
            self._schedule.take()
            self._script.take()
            return Met(Meant(worth(healthy, nearly_full=False)), healthy)
        asked = self._asked(estimate, max_tokens, window, now_s, number)
        if self._meter is not None:
            refused = self._refused(self._meter, faults, asked)
            if refused is not None:
                return refused
        return self._answered(asked)

    def _answered(self, asked: Asked) -> Met:
        faults, healthy = self._schedule.take(), self._script.peek()
        if not faults:
            if healthy is None:
                return Met(Meant("unreachable"))
            self._script.take()
            return Met(Meant(worth(healthy, nearly_full=asked.nearly_full)), healthy)
        asked = asked._replace(has_calls=bool(healthy and healthy.tool_calls))
        if self._meter is not None:
            asked = asked._replace(counted=self._meter.limits)
        found = met(faults, lambda: healthy or self._made_up(asked), asked, self._timeouts, self._least_s)
        self._has_wasted = self._has_wasted or len(found.faults) < len(faults)
        if found.uses_up and healthy is None:
            return Met(Meant("unreachable"))
        if found.uses_up:
            self._script.take()
        return found if self._meter is None else self._told_beside(self._meter, faults, asked, found)

    def _made_up(self, asked: Asked) -> Reply:
        """What is damaged where nothing is left to be said."""
        return made_up(asked.moment(), self._seed, self._number).reply

    def _asked(self, estimate: int, max_tokens: int | None, window: int | None, now_s: float, number: int) -> Asked:
        backend = self.whom.backend
        return Asked(
            backend.provider,
            backend.dialect,
            self.whom.streamed,
            max_tokens,
            estimate,
            window,
            has_calls=False,
            read_timeout_s=self._timeouts.read_s,
            model=backend.model,
            at_s=START + now_s,
            account=f"{self._ids}{self.whom.name}",
            answer=f"{self._ids}{number:08x}",
        )

    def _refused(self, meter: Meter, faults: tuple[Fault, ...], asked: Asked) -> Met | None:
        """What a limit refuses by itself; whatever is planned waits for the next request."""
        if any(fault.drops() in BEFORE_A_REQUEST for fault in faults):
            return None
        refusal = meter.refuse(Question(asked.model, asked.estimate, asked.max_tokens), 0, asked.at_s)
        if refusal is None:
            return None
        asked = asked._replace(counted=self._counted(refusal, asked))
        found = met((refusal.fault,), Reply, asked, self._timeouts, self._least_s)
        return self._told_beside(meter, (refusal.fault,), asked, found)

    def _counted(self, refusal: Refusal, asked: Asked) -> dict[str, Any]:
        shape = shape_of((refusal.fault,), asked.dialect, self._provider) or ""
        return dict(refusal.counted) | (UNTOLD if shape.startswith(GENERIC_SHAPE) else {})

    def _told_beside(self, meter: Meter, faults: tuple[Fault, ...], asked: Asked, found: Met) -> Met:
        """A provider with limits tells of them with every error too: an empty bucket states a wait."""
        answering = next((fault for fault in faults if type(fault).answer is not Fault.answer), None)
        if found.meant.kind is None or answering is None or answering.drops() is not None:
            return found
        events = answering.answer(Request("POST", "", {}, b""), asked.moment()) or ()
        told = Exchange(1, "", Request("POST", "", {}, b""), 0.0, sent=meter.told_with(events, asked.at_s))
        return found._replace(wait_s=stated_wait_s(told, asked.at_s + found.took_s))
