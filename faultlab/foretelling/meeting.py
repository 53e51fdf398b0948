"""What comes of a request: what the provider that the scenario describes would send, and what that is worth.

The provider is the harness's own, so it is asked what it would send; what that is worth is the contract's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Final, NamedTuple

from faultlab.clock import START
from faultlab.dialects import CHAT, DIALECTS
from faultlab.documents import mapping_in, text_in
from faultlab.faults import LEAVES_WHOLE, Events, Fault, inject
from faultlab.faults.base import is_stream
from faultlab.foretelling.answers import worth
from faultlab.foretelling.documents import said_in
from faultlab.foretelling.playing_out import Ending, played_out
from faultlab.foretelling.setting import Unforeseen
from faultlab.healthy import rendered
from faultlab.invariants.hints import stated_wait_s
from faultlab.policies import UNSAID
from faultlab.policies.asked import Asked
from faultlab.policies.kinds import Meant, meaning_of
from faultlab.policies.rules import Timeouts
from faultlab.script import Reply, Shape
from faultlab.trace import Exchange
from faultlab.wire import Request

__all__ = ["Met", "met"]

_REQUEST: Final = Request("POST", "", {}, b"")
_NO_ANSWER: Final = frozenset({"empty_body", "html_page", "not_json"})
_SIZES: Final = frozenset({"context_overflow", "output_too_large"})


class Met(NamedTuple):
    """What comes of a request: a failure, or a reply; the seconds that it takes, and the wait that it states.

    `words` are what an error says that a scenario has written. `pieces` are the events of a stream. `faults` are the
    names of those that applied: with none but late ones the answer was sent whole, and is used up.
    """

    meant: Meant
    reply: Reply | None = None
    took_s: float = 0.0
    wait_s: float | None = None
    pieces: tuple[bytes, ...] = ()
    faults: tuple[str, ...] = ()
    words: str = ""

    @property
    def uses_up(self) -> bool:
        """Whether what a healthy model had to say was sent whole."""
        return LEAVES_WHOLE.issuperset(self.faults)


def met(
    faults: tuple[Fault, ...], healthy: Callable[[], Reply], asked: Asked, timeouts: Timeouts, least_s: float
) -> Met:
    """What comes of a request to which the provider does this. Waits of up to `least_s` are as good as none.

    `healthy` is what a model would have said. Raises Unforeseen.
    """
    if len(faults) == 1 and _answers(faults[0], asked):
        return _alone(faults[0], asked, timeouts, least_s)
    moment, reply = asked.moment(), healthy()
    events, applied = inject(faults, _REQUEST, moment, reply, partial(rendered, moment))
    ending = played_out(events, moment.dialect, timeouts)
    names = tuple(fault.name for fault in applied)
    answering = next((fault for fault in applied if _answers(fault, asked)), None)
    if answering is not None:
        return _of_several(answering, names, asked, ending, timeouts, least_s)
    if ending.kind is not None and not ending.complete:
        return Met(Meant(ending.kind), None, ending.took_s, None, ending.pieces, names)
    return _whole(applied, reply, asked, ending)


def _answers(fault: Fault, asked: Asked) -> bool:
    """Whether it stands in the model's place."""
    if type(fault).answer is Fault.answer:
        return False
    return fault.name != "wire" or fault.answer(_REQUEST, asked.moment()) is not None


def _alone(fault: Fault, asked: Asked, timeouts: Timeouts, least_s: float) -> Met:
    meant = _meant(fault, asked)
    if meant.kind is None or (meant.kind == UNSAID and getattr(fault, "code", None) == HTTPStatus.OK):
        return _said(fault, asked, timeouts)
    if meant.kind == UNSAID:
        raise Unforeseen(f"what the words of {fault.name} mean")
    ending = _ending(fault, asked, timeouts)
    wait_s = _stated(fault, asked, ending.took_s, least_s)
    return Met(meant, None, ending.took_s, wait_s, ending.pieces, (fault.name,), _words(fault))


def _words(fault: Fault) -> str:
    """What stands where an error has its message."""
    return text_in(mapping_in(mapping_in(getattr(fault, "body", None)).get("error")).get("message"))


def _of_several(
    answering: Fault, names: tuple[str, ...], asked: Asked, ending: Ending, timeouts: Timeouts, least_s: float
) -> Met:
    """Somebody answers in the model's place, and others work on that: they may be late, and no more."""
    if not LEAVES_WHOLE.issuperset(name for name in names if name != answering.name) or ending.kind == "timed_out":
        raise Unforeseen("what these faults come to together")
    alone = _alone(answering, asked, timeouts, least_s)
    # What states a date is nearer to it by then.
    wait_s = None if alone.wait_s is None else _wait_s(answering, asked, asked.at_s + ending.took_s)
    return alone._replace(took_s=ending.took_s, wait_s=wait_s, faults=names)


def _said(fault: Fault, asked: Asked, timeouts: Timeouts) -> Met:
    """An answer of the catalogue's own, or of the scenario's own, that comes whole."""
    moment = asked.moment()
    events = fault.answer(_REQUEST, moment) or ()
    reply, ending = said_in(moment.dialect, events), played_out(events, moment.dialect, timeouts)
    if reply is None or not ending.whole or is_stream(events) != asked.streamed:
        raise Unforeseen("what an answer says that is written out")
    return Met(Meant(worth(reply, nearly_full=asked.nearly_full)), reply, ending.took_s, None, (), (fault.name,))


def _whole(applied: Sequence[Fault], healthy: Reply, asked: Asked, ending: Ending) -> Met:
    """The bytes came to their end; what counts is what they say."""
    names = tuple(fault.name for fault in applied)
    reply = healthy
    for fault in applied:
        reply = fault.reply(reply)
    kind, wait_s = _kind(applied, reply, asked, ending), None
    if kind == UNSAID:
        raise Unforeseen("what these faults come to together")
    if "error_event" in names:
        wait_s = _stated_amid(applied, asked, ending)
    return Met(Meant(kind), None if kind else reply, ending.took_s, wait_s, ending.pieces, names)


def _kind(applied: Sequence[Fault], reply: Reply, asked: Asked, ending: Ending) -> str | None:
    by_name = {fault.name: fault for fault in applied}
    if not _NO_ANSWER.isdisjoint(by_name):
        return "invalid_response"
    told = by_name.get("error_event") or by_name.get("responses_failed")
    is_over = ending.complete and asked.dialect != CHAT.name
    if told is not None and not (told.name == "error_event" and is_over):
        return meaning_of((told,), asked).kind
    if reply.shape is not Shape.WHOLE:
        return UNSAID if asked.nearly_full else _misshapen(reply, asked)
    if asked.streamed and not ending.complete:
        return "unreachable"
    return worth(reply, nearly_full=asked.nearly_full)


def _misshapen(reply: Reply, asked: Asked) -> str:
    """Of a document that is built wrongly the finish reason counts first, where it still has one."""
    is_told = asked.dialect != CHAT.name or reply.shape is Shape.NULL_MESSAGE
    nothing = Reply(finish_reason=reply.finish if is_told else None)
    return worth(nothing, nearly_full=False) or UNSAID


def _stated_amid(applied: Sequence[Fault], asked: Asked, ending: Ending) -> float | None:
    fault = next(fault for fault in applied if fault.name == "error_event")
    moment = asked.moment()
    entry = fault.entry(asked.dialect, moment.provider)
    events = entry.events(moment.occasion({})) if entry else ()
    return stated_wait_s(_exchange(events), asked.at_s + ending.took_s)


def _exchange(events: Events) -> Exchange:
    return Exchange(1, "", _REQUEST, 0.0, sent=events)


def _meant(fault: Fault, asked: Asked) -> Meant:
    """What a fault that answers by itself means; the numbers of a size are this request's."""
    try:
        known = _constant(fault, asked.provider, asked.dialect, asked.streamed, asked.max_tokens, asked.nearly_full)
    except TypeError:  # a body or headers of its own cannot be looked up
        return meaning_of((fault,), asked)
    return meaning_of((fault,), asked) if known.kind in _SIZES else known


@lru_cache(maxsize=4096)
def _constant(
    fault: Fault, provider: str, dialect: str, streamed: bool, max_tokens: int | None, nearly_full: bool
) -> Meant:
    window = 1000 if nearly_full else None
    return meaning_of((fault,), Asked(provider, dialect, streamed, max_tokens, 1000, window))


def _ending(fault: Fault, asked: Asked, timeouts: Timeouts) -> Ending:
    """Only what ends in silence takes time, and only an entry of the catalogue may begin with some of an answer."""
    if fault.name not in _SILENT:
        return _AT_ONCE
    return played_out(fault.answer(_REQUEST, asked.moment()) or (), DIALECTS[asked.dialect], timeouts)


_AT_ONCE: Final = Ending(whole=False, kind=None, took_s=0.0)
_SILENT: Final = frozenset({"connect_timeout", "read_timeout", "wire"})


def _stated(fault: Fault, asked: Asked, took_s: float, least_s: float) -> float | None:
    """The wait that its answer states; None where that is none, or too short to matter."""
    if fault.drops() is not None:
        return None
    if not asked.counted:
        try:
            known = _same_for_all(fault, asked.provider, asked.dialect, asked.streamed, least_s)
        except TypeError:
            known = _VARIES
        if known != _VARIES:
            return known
    return _wait_s(fault, asked, asked.at_s + took_s)


_VARIES: Final = -1.0


@lru_cache(maxsize=4096)
def _same_for_all(fault: Fault, provider: str, dialect: str, streamed: bool, least_s: float) -> float | None:
    """The wait that it states whoever asks and when; `_VARIES` where there is no such."""
    occasions = (
        Asked(provider, dialect, streamed, estimate=estimate, at_s=START + at_s, answer=answer)
        for estimate, at_s, answer in ((50, 0.0, "one"), (700, 3.0, "two"), (9000, 500.5, "three"))
    )
    found = {_wait_s(fault, asked, asked.at_s) or 0.0 for asked in occasions}
    if max(found) <= least_s:
        return None
    return found.pop() if len(found) == 1 else _VARIES


def _wait_s(fault: Fault, asked: Asked, now_s: float) -> float | None:
    return stated_wait_s(_exchange(fault.answer(_REQUEST, asked.moment()) or ()), now_s)
