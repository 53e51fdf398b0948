"""I11: no credential where somebody might read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from faultlab.invariants.base import Case, Check
from faultlab.trace import Exchange, Turn
from faultlab.verdict import Violation
from faultlab.wire import REDACTED, SHORTEST_CREDENTIAL

__all__ = ["CHECKS"]


_URL: Final = "the URL of a request"


def _no_credential(case: Case) -> Iterator[Violation]:
    secrets = [secret for secret in case.secrets if len(secret) >= SHORTEST_CREDENTIAL]
    for where, text, turn, step in _texts(case):
        # A header is where a credential belongs; what was left out of a URL had no place there.
        if any(secret in text for secret in secrets) or (where == _URL and REDACTED in text):
            yield Violation("I11", "no credential", f"one in {where}", turn, step)


def _texts(case: Case) -> Iterator[tuple[str, str, int | None, int | None]]:
    """Every text of the run, where it stands, and its turn and exchange."""
    trace = case.history.trace
    for number, turn in enumerate(trace.turns, 1):
        for where, text in _told(turn):
            yield where, text, number, None
        for exchange in trace.exchanges[turn.first - 1 : turn.last]:
            for where, text in _sent(exchange):
                yield where, text, number, exchange.n
    for name, text in case.leftovers.items():
        yield name, text, None, None


def _told(turn: Turn) -> Iterator[tuple[str, str]]:
    yield "what the user was shown", turn.shown
    yield "the agent's reply", turn.end.reply
    yield "the agent's error message", turn.end.error or ""


def _sent(exchange: Exchange) -> Iterator[tuple[str, str]]:
    yield _URL, exchange.request.url
    yield "a header of a request", "\n".join(f"{name}: {text}" for name, text in exchange.request.headers.items())
    yield "the body of a request", exchange.request.body.decode("utf-8", "replace")


CHECKS: Final[dict[str, Check]] = {"I11": _no_credential}
