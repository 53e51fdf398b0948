"""I7 and I8: each provider gets what is its own, and the fallback what the primary failed on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, zip_longest
from typing import Final

from faultlab.calls import Attempt
from faultlab.dialogue import Said
from faultlab.invariants.base import Case, Check
from faultlab.policy import FALLBACK, PRIMARY, Backend
from faultlab.trace import Exchange
from faultlab.verdict import Violation

__all__ = ["CHECKS"]


def _own_things(case: Case) -> Iterator[Violation]:
    trace, policy = case.history.trace, case.history.policy
    for number, turn in enumerate(trace.turns, 1):
        for exchange in trace.exchanges[turn.first - 1 : turn.last]:
            backend = policy.backend(exchange.upstream)
            if backend is not None:
                for expected, found in _strange(exchange, backend):
                    yield Violation("I7", expected, found, number, exchange.n)


_UNKNOWN: Final = "unknown"
_NOBODY: Final = {"none": "no key", _UNKNOWN: "a key of nobody's"}


def _strange(exchange: Exchange, backend: Backend) -> Iterator[tuple[str, str]]:
    """What the request carries that is not this provider's: pairs of expected and found."""
    if exchange.unread:
        return
    owner = _UNKNOWN if exchange.key_of.startswith(f"{_UNKNOWN} ") else exchange.key_of
    # The client refuses to be made without a key: where none is needed it carries one of nobody's.
    if owner != exchange.upstream and (backend.needs_key or owner not in _NOBODY):
        yield f"the key of {exchange.upstream}", _NOBODY.get(owner, f"the key of {owner}")
    if exchange.side:
        return
    if not exchange.request.url.startswith(backend.base_url.rstrip("/") + "/"):
        yield f"a request below {backend.base_url}", exchange.request.url
    body = exchange.request.json
    model = body.get("model") if isinstance(body, dict) else None
    if model != backend.model:
        yield f"the model {backend.model}", f"the model {model}"


def _same_conversation(case: Case) -> Iterator[Violation]:
    for attempts in case.sessions().values():
        for last, first in pairwise(attempts):
            crossed = (last.upstream, first.upstream) == (PRIMARY, FALLBACK) and last.turn == first.turn
            if crossed and first.said.messages != last.said.messages and not first.compressed:
                yield _difference(last, first)


def _difference(last: Attempt, first: Attempt) -> Violation:
    pairs = zip_longest(last.said.messages, first.said.messages)
    place, (want, got) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    expected = f"the conversation that the primary failed on; message {place}: {_shown(want)}"
    return Violation("I8", expected, _shown(got), first.turn, first.exchange.n)


def _shown(said: Said | None) -> str:
    if said is None:
        return "no message"
    calls = "".join(f" {name}({arguments})" for name, arguments in said.calls)
    return f"{said.role}: {said.text[:80]!r}{calls[:80]}"


CHECKS: Final[dict[str, Check]] = {"I7": _own_things, "I8": _same_conversation}
