"""The requests of a trace as model calls: which attempts belong together, and what changed between them.

Everything is derived from the wire. A new model call begins with a new turn, when the conversation has grown or ends
with another message than in the request before, or when the answer before was cut at its token limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from faultlab.dialogue import Dialogue, dialogue_of
from faultlab.faults.base import is_stream
from faultlab.trace import Exchange, Trace
from faultlab.wire import Data, Drop, Pause

__all__ = ["Attempt", "ModelCall", "attempts_of", "body_sent", "model_calls"]

_CUT_AT_LIMIT: Final = re.compile(rb'"finish_reason"\s*:\s*"length"|"reason"\s*:\s*"max_output_tokens"')
_UNAUTHORIZED: Final = 401
_TICK_S: Final = 0.001
_KEPT: Final = 4
"""Messages at the end that a compression leaves as they are: where they differ, more was said."""
_OUTPUT_LIMITS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request for an answer. `turn` and `call` count from 1 over the trace.

    `compressed`: messages of this session's request before are gone. `lowered`: a smaller limit on the output than in
    the attempt before. `renewed`: a renewal stands between it and the attempt before, or a 401, after which the token
    of somebody else's renewal may have been found.
    """

    exchange: Exchange
    said: Dialogue
    turn: int
    call: int
    compressed: bool = False
    lowered: bool = False
    renewed: bool = False

    @property
    def upstream(self) -> str:
        """Who was asked."""
        return self.exchange.upstream


@dataclass(frozen=True, slots=True)
class ModelCall:
    """The attempts of one model call on one upstream."""

    attempts: tuple[Attempt, ...]

    @property
    def upstream(self) -> str:
        """Who was asked."""
        return self.attempts[0].upstream

    @property
    def turn(self) -> int:
        """The turn's number, from 1."""
        return self.attempts[0].turn

    @property
    def compressions(self) -> int:
        """How many attempts repeat the call with a compressed conversation; one ahead of the first does not count."""
        return sum(attempt.compressed for attempt in self.attempts[1:])


def attempts_of(trace: Trace, history: Dialogue | None = None) -> tuple[Attempt, ...]:
    """Every request for an answer, in order; `history` is what stood in the conversation before the first turn."""
    return tuple(_attempts(trace, history or Dialogue()))


def model_calls(attempts: tuple[Attempt, ...]) -> tuple[ModelCall, ...]:
    """The attempts by model call and upstream, in order."""
    groups: dict[tuple[int, str], list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault((attempt.call, attempt.upstream), []).append(attempt)
    return tuple(ModelCall(tuple(group)) for group in groups.values())


def body_sent(exchange: Exchange) -> bytes:
    """The body of the answer, as far as it was sent."""
    return b"".join(event.data for event in exchange.sent if isinstance(event, Data))


def _attempts(trace: Trace, history: Dialogue) -> Iterator[Attempt]:
    last_of_session: dict[str, Dialogue] = {}
    call = 0
    for number, turn in enumerate(trace.turns, 1):
        before: Attempt | None = None
        asked: Exchange | None = None
        renewed = False
        exchanges = trace.exchanges[turn.first - 1 : turn.last]
        for place, exchange in enumerate(exchanges):
            if exchange.side:
                renewed = renewed or exchange.renewal
                continue
            asked_before, asked = asked, _asked(exchanges[place:], asked) if exchange.unread else exchange
            # Who asks again says the same again: it is read once.
            if before is None or asked_before is None or asked.request.body != asked_before.request.body:
                said = dialogue_of(asked.request)
            call += before is None or _begins_anew(before, said)
            compressed = said.compresses(last_of_session.get(turn.session, history))
            lowered = before is not None and before.call == call and _is_lower(asked_before or asked, asked)
            # What a renewal did to the one upstream is nothing to the other, where counting begins anew.
            renewed = renewed and before is not None and before.upstream == exchange.upstream
            before = Attempt(exchange, said, number, call, compressed, lowered, renewed)
            last_of_session[turn.session] = said
            renewed = exchange.status == _UNAUTHORIZED
            yield before


def _asked(exchanges: list[Exchange], before: Exchange | None) -> Exchange:
    """What stands for a request that was never read: the next one that was, since who meets no answer asks again."""
    read = (exchange for exchange in exchanges if not exchange.side and not exchange.unread)
    return next(read, before or exchanges[0])


def _begins_anew(before: Attempt, said: Dialogue) -> bool:
    if said.messages != before.said.messages and not said.compresses(before.said):
        return True
    if said.messages[-_KEPT:] != before.said.messages[-_KEPT:]:
        return True
    exchange = before.exchange
    return bool(_CUT_AT_LIMIT.search(body_sent(exchange))) and _has_arrived(exchange)


def _has_arrived(exchange: Exchange) -> bool:
    """Whether its client has what says so: a document to its end, or of a stream that event."""
    waited_s, body = 0.0, b""
    for event in exchange.sent:
        match event:
            case Pause(seconds):
                waited_s += seconds
            case Data(data):
                body += data
        if isinstance(event, Drop) or waited_s > exchange.ended_s - exchange.started_s + _TICK_S:
            return is_stream(exchange.sent) and bool(_CUT_AT_LIMIT.search(body))
    return True


def _is_lower(before: Exchange, exchange: Exchange) -> bool:
    was, now = _output_limit(before.request.json), _output_limit(exchange.request.json)
    return before.upstream == exchange.upstream and now is not None and (was is None or now < was)


def _output_limit(body: Any) -> int | None:
    limits = [body.get(name) for name in _OUTPUT_LIMITS] if isinstance(body, dict) else []
    return next((limit for limit in limits if isinstance(limit, int)), None)
