"""What happened, step by step, as text: who was asked, what was sent, what that looked like, and what came next.

Plain words and ASCII marks; width and colour are the report's business. Knows nothing of expectations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from faultlab.calls import Attempt, attempts_of
from faultlab.dialogue import Dialogue
from faultlab.questions import Ask, Question, questions_of
from faultlab.trace import GENERIC_SHAPE, Exchange, Trace, Turn
from faultlab.wire import Drop

__all__ = ["COMPRESSED", "Step", "TurnSteps", "steps_of", "timeline"]

COMPRESSED: Final = "compressed"
"""How a step says what was done next, where that was to make the conversation smaller."""


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange. `n` is its number in the trace, `attempt` its number in its model call (empty: no attempt).

    `sent` is what the provider did, `seen` what reached the client of it, `then` what the agent did next, `shape` the
    entry of the catalogue that was sent.
    """

    n: int
    at_s: float
    attempt: str
    upstream: str
    sent: str
    seen: str
    then: str
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class TurnSteps:
    """One turn: what was said, its steps, how it ended, and what its error says."""

    number: int
    session: str
    user: str
    steps: tuple[Step, ...]
    end: str
    error: str = ""


def timeline(
    trace: Trace, before: Dialogue | None = None, known: tuple[Attempt, ...] | None = None
) -> tuple[TurnSteps, ...]:
    """The turns of a trace; `before` is the conversation before the first one, `known` its attempts where they are."""
    attempts = {attempt.exchange.n: attempt for attempt in (attempts_of(trace, before) if known is None else known)}
    return tuple(
        TurnSteps(
            number, turn.session, turn.user, tuple(_steps(trace, turn, attempts)), _end(turn), turn.end.error or ""
        )
        for number, turn in enumerate(trace.turns, 1)
    )


def steps_of(trace: Trace) -> tuple[Step, ...]:
    """The steps of a trace that knows no turns, by the questions that were put: `2.1` is the first try of the second.

    One number is enough where they were put one after the other.
    """
    questions = questions_of(trace.exchanges)
    places = {ask.exchange.n: (number, ask) for number, each in enumerate(questions, 1) for ask in each.asks}
    order = [places[one.n][0] for one in trace.exchanges if one.n in places]
    tries: dict[int, list[list[Ask]]] = {}
    steps = []
    for place, exchange in enumerate(trace.exchanges):
        after = trace.exchanges[place + 1] if place + 1 < len(trace.exchanges) else None
        label = ""
        if exchange.n in places:
            number, ask = places[exchange.n]
            label = f"{number}." * (order != sorted(order)) + str(_tried(tries.setdefault(number, []), ask))
        then = _then(exchange, questions, places) or _aside(after)
        steps.append(_step(exchange, label, then))
    return tuple(steps)


def _tried(tries: list[list[Ask]], ask: Ask) -> int:
    """How many there were of one question at one place, with this; `tries` has a list for each place."""
    there = next((asks for asks in tries if not asks[0].route.changes(ask.route)), None)
    if there is None:
        there = []
        tries.append(there)
    there.append(ask)
    return len(there)


def _then(exchange: Exchange, questions: Sequence[Question], places: Mapping[int, tuple[int, Ask]]) -> str:
    """What whoever asked did next about the same question."""
    if exchange.n not in places:
        return ""
    number, ask = places[exchange.n]
    asks = questions[number - 1].asks
    after = next((one for one in asks if one.exchange.n > exchange.n), None)
    if after is None:
        return ""
    waited_s = round(after.exchange.started_s - exchange.ended_s, 3)
    changed = ask.route.changes(after.route)
    other = f"{after.upstream}" if changed and after.upstream != ask.upstream else f"another {' and '.join(changed)}"
    told = [
        f"waited {waited_s:g} s" if waited_s > 0 else "",
        f"switched to {other}" if changed else "",
        f"compressed to {len(after.said.messages)} messages" if after.said.compresses(ask.said) else "",
    ]
    return ", ".join(part for part in told if part)


def _aside(after: Exchange | None) -> str:
    if after is None or not after.side:
        return ""
    return "renewed the key" if after.renewal else f"asked for {after.request.url}"


def _step(exchange: Exchange, label: str, then: str) -> Step:
    sent, seen = _sent(exchange), _seen(exchange)
    return Step(exchange.n, exchange.started_s, label, exchange.upstream, sent, seen, then, exchange.shape)


def _steps(trace: Trace, turn: Turn, attempts: dict[int, Attempt]) -> Iterator[Step]:
    exchanges = trace.exchanges[turn.first - 1 : turn.last]
    counts: dict[tuple[int, str], int] = {}
    for place, exchange in enumerate(exchanges):
        after = exchanges[place + 1] if place + 1 < len(exchanges) else None
        attempt = attempts.get(exchange.n)
        label = ""
        if attempt is not None:
            key = attempt.call, attempt.upstream
            counts[key] = counts.get(key, 0) + 1
            label = str(counts[key])
        then = _ending(turn, exchange) if after is None else _next(turn, exchange, after, attempts)
        yield _step(exchange, label, then)


def _sent(exchange: Exchange) -> str:
    """The fault as sent, or what else the provider was asked for."""
    if exchange.unexpected:
        return "no answer left" if exchange.missed is None else "nothing recorded"
    healthy = "answer" if exchange.recording is None else f"recording {exchange.recording}"
    told = " + ".join(_named(name, exchange) for name in exchange.faults) or healthy
    if exchange.limited:
        told = told if exchange.fault in _NO_LIMITS else f"limit: {told}"
    if exchange.shape and exchange.shape.startswith(GENERIC_SHAPE):
        told = f"{told} (generic)"
    return f"renewal: {_RENEWALS.get(exchange.status, 'no answer')}" if exchange.renewal else told


_NO_LIMITS: Final = frozenset({"bad_request", "token_expired"})
"""What a provider refuses for no count of its own."""


def _named(fault: str, exchange: Exchange) -> str:
    """A fault's name; of an entry that was asked for by its id, that id."""
    return exchange.shape or fault if fault == "wire" else fault


_RENEWALS: Final[dict[int | None, str]] = {200: "ok", 400: "refused"}


def _seen(exchange: Exchange) -> str:
    """What reached the client: a status, how the connection ended, how long it took."""
    drop = next((event for event in exchange.sent if isinstance(event, Drop)), None)
    parts = [str(exchange.status)] if exchange.status is not None else []
    if drop is not None:
        parts.append(f"connection {drop.kind.value.replace('_', ' ')}")
    parts = parts or ["nothing"]
    took_s = round(exchange.ended_s - exchange.started_s, 3)
    if took_s > 0:
        parts.append(f"after {took_s:g} s")
    return " ".join(parts)


def _next(turn: Turn, exchange: Exchange, after: Exchange, attempts: dict[int, Attempt]) -> str:
    """What the agent did between two exchanges."""
    waited_s = round(after.started_s - exchange.ended_s, 3)
    parts = [f"waited {waited_s:g} s"] if waited_s > 0 else []
    told = _deed(turn, attempts.get(exchange.n), after, attempts.get(after.n))
    return ", ".join([*parts, *([told] if told else [])])


def _deed(turn: Turn, before: Attempt | None, after: Exchange, attempt: Attempt | None) -> str:
    if after.renewal:
        return "renewed the key"
    if attempt is None:
        return f"asked for {after.request.url}"
    if before is not None and attempt.upstream != before.upstream:
        reason = f": {turn.end.switch_reason}" if turn.end.switch_reason else ""
        return f"switched to the {attempt.upstream}{reason}"
    if attempt.compressed:
        return f"{COMPRESSED} to {len(attempt.said.messages)} messages"
    if attempt.lowered:
        return "lowered the output"
    return "" if before is None or attempt.call == before.call else "went on"


def _ending(turn: Turn, exchange: Exchange) -> str:
    waited_s = round(turn.ended_s - exchange.ended_s, 3)
    return f"waited {waited_s:g} s" if waited_s > 0 else ""


def _end(turn: Turn) -> str:
    """How the turn ended, in a line."""
    parts: Sequence[str] = (
        turn.end.outcome,
        f"failure {turn.end.failure}" if turn.end.failure else "",
        f"switched for {turn.end.switch_reason}" if turn.end.switch_reason else "",
        f"fallback refused: {turn.end.refused}" if turn.end.refused else "",
        f"exit code {turn.exit_code}" if turn.exit_code is not None else "",
        f"after {round(turn.ended_s - turn.started_s, 3):g} s",
        f"reply {turn.end.reply!r}" if turn.end.reply else "",
    )
    return ", ".join(part for part in parts if part)
