"""The requests of a trace by the question that they put, whoever is asked: what tells a fallback from a new question.

Read from the wire alone, for applications that know nothing of turns. A question is over once it was answered whole;
what comes then is another one, whatever its words. Until then whoever puts it again, here or elsewhere, word for word
or changed as a change of provider changes it, puts the same one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from faultlab.dialects import DIALECTS
from faultlab.dialogue import Dialogue, Said, dialogue_of
from faultlab.faults import LEAVES_WHOLE
from faultlab.trace import Exchange
from faultlab.wire import Drop, Pause

__all__ = ["Ask", "Question", "Route", "questions_of"]

_OK: Final = range(200, 300)
_PATIENCE: Final = 0.99
"""Of its pauses: a machine's own clock is not exact."""
_PATHS: Final = tuple(dialect.path for dialect in DIALECTS.values())


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request went, for which model, and whose key it showed; None: a connection that failed does not tell."""

    host: str
    path: str
    model: str | None
    key_of: str | None

    def changes(self, other: Route) -> tuple[str, ...]:
        """What is another one there."""
        pairs = {
            "host": (self.host, other.host),
            "path": (self.path, other.path),
            "key": (self.key_of, other.key_of),
            "model": (self.model, other.model),
        }
        changed = [name for name, (mine, its) in pairs.items() if None not in (mine, its) and mine != its]
        # A path is the provider's own: it tells something only where nothing else does.
        return tuple(changed if changed == ["path"] else [name for name in changed if name != "path"])

    def filled(self, before: Route) -> Route:
        """With what a failed connection did not tell, as in the request before it to the same host."""
        if self.model is not None or self.host != before.host:
            return self
        return replace(self, model=before.model, key_of=before.key_of)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for an answer: what it says, the same without what a change of provider changes, where it went."""

    exchange: Exchange
    said: Dialogue
    plain: tuple[Said, ...]
    route: Route

    @property
    def upstream(self) -> str:
        """Who was asked."""
        return self.exchange.upstream

    @property
    def is_answered(self) -> bool:
        """Whether a healthy answer came whole."""
        it = self.exchange
        if it.status not in _OK or it.unexpected or not LEAVES_WHOLE.issuperset(it.faults):
            return False
        pauses_s = sum(event.seconds for event in it.sent if isinstance(event, Pause))
        is_whole = not any(isinstance(event, Drop) for event in it.sent)
        return is_whole and it.ended_s - it.started_s >= pauses_s * _PATIENCE


@dataclass(slots=True)
class Question:
    """All requests that put one question, in order."""

    asks: list[Ask] = field(default_factory=list)

    @property
    def last(self) -> Ask:
        """The latest."""
        return self.asks[-1]


def questions_of(exchanges: Sequence[Exchange]) -> tuple[Question, ...]:
    """The questions in the order in which they were first put; what asks for no answer belongs to none."""
    found: list[Question] = []
    pending: list[Question] = []
    for ask in _asks(exchanges):
        question = _match(pending, ask)
        if question is None:
            question = Question([ask])
            found.append(question)
            pending.append(question)
        else:
            question.asks.append(replace(ask, route=ask.route.filled(question.last.route)))
        if ask.is_answered:
            pending.remove(question)
    return tuple(found)


def _asks(exchanges: Sequence[Exchange]) -> Iterator[Ask]:
    asked = [exchange for exchange in exchanges if not exchange.side]
    for place, exchange in enumerate(asked):
        # Who meets no connection asks again: the next request that was read tells what this one would have said.
        read = next((one for one in asked[place:] if not one.unread), exchange)
        said, route = _as_meant(dialogue_of(read.request)), _route(exchange)
        yield Ask(exchange, said, _plain_messages(said, _route(read).model), route)


def _as_meant(dialogue: Dialogue) -> Dialogue:
    """Arguments of tools in one form: who reads and writes them anew has changed nothing."""
    said = (replace(each, calls=tuple((name, _meant(text)) for name, text in each.calls)) for each in dialogue.messages)
    return replace(dialogue, messages=tuple(said))


def _meant(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return arguments


def _route(exchange: Exchange) -> Route:
    parts = urlsplit(exchange.request.url)
    path = parts.path.rstrip("/")
    for ending in _PATHS:
        path = path.removesuffix(ending)
    if exchange.unread:
        return Route(parts.netloc, path, None, None)
    body = exchange.request.json
    model = body.get("model") if isinstance(body, dict) else None
    return Route(parts.netloc, path, str(model or ""), exchange.key_of)


def _match(pending: list[Question], ask: Ask) -> Question | None:
    """The question that this puts again: word for word if there is one, rather where it was put before, the latest."""
    same = [question for question in pending if question.last.plain == ask.plain]

    def nearness(question: Question) -> tuple[bool, bool, int]:
        last = question.last
        return last.said.system == ask.said.system, not last.route.changes(ask.route), last.exchange.n

    return max(same or [one for one in pending if _is_like(one.last, ask)], key=nearness, default=None)


def _plain_messages(dialogue: Dialogue, model: str | None) -> tuple[Said, ...]:
    """What was said, without what a change of provider changes: white space, the model's name, a begun answer."""
    said = list(dialogue.messages)
    while len(said) > 1 and said[-1].role == "assistant" and not said[-1].calls:
        said.pop()
    return tuple(Said(each.role, _plain(each.text, model), each.calls) for each in said)


def _plain(text: str, model: str | None) -> str:
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    plain = "\n".join(line for line in lines if line)
    return re.sub(rf"(?<!\w){re.escape(model)}(?!\w)", "", plain) if model and model in plain else plain


def _is_like(earlier: Ask, ask: Ask) -> bool:
    """Whether it still ends with the message that the earlier one ended with, and tells what went before, or less."""
    before, after = earlier.plain, ask.plain
    if not before or not after or not _holds(before[-1], after[-1]) or after[: len(before)] == before:
        return False
    rest = after[:-1]
    if not rest:
        return True
    system = _plain(earlier.said.system, earlier.route.model)
    known = Counter(each.text for each in before[:-1]) + Counter([system])
    shared = sum((known & Counter(each.text for each in rest)).values())
    # One message may stand for those that a compression left out.
    return shared * 2 >= len(rest) or (len(rest) - shared <= 1 and len(after) < len(before))


def _holds(one: Said, other: Said) -> bool:
    """Whether two messages are one, apart from lines that were put before or behind it."""
    short, long = (one.text, other.text) if len(one.text) <= len(other.text) else (other.text, one.text)
    if one.calls != other.calls or not short:
        return one == other
    return short in long and (short == long or long.startswith(f"{short}\n") or long.endswith(f"\n{short}"))
