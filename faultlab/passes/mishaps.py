"""What goes wrong with one drawn attempt: one fault or several that can be together, its numbers at their edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from faultlab.content.draw import Draw
from faultlab.faults import (
    LEAVES_WHOLE,
    Fault,
    bad_tool_arguments,
    cut,
    drip,
    error_event,
    length,
    missing_end,
    rate_limit,
    slow,
    stall,
    status,
    truncated,
    unavailable,
    unknown_tool,
)
from faultlab.passes.ground import Ground
from faultlab.passes.oddities import oddities
from faultlab.passes.statements import UNSHOWABLE, statements
from faultlab.policies.kinds import UNSAID
from faultlab.policy import FALLBACK
from faultlab.sendable import NEEDS_A_TOOL, sendable

__all__ = ["Mishap", "lingering", "mishap", "mishap_of"]

_WAITS_S: Final = (120, 121, 60, 1, 3, 20, 30, 59, 61, 100, 119, 0, 0.5, 300, 86_400)
_OF_NO_ACCOUNT: Final = ("soon", "-3", "", "Thu, 01 Jan 1970 00:00:00 GMT")
_AT_ITS_END: Final = 3
"""Events of the shortest answer of chat completions up to its finish reason: one opens it, one holds its word."""
_CUTS: Final = frozenset({"length", "responses_incomplete"})
_CODES: Final = (
    300,
    302,
    307,
    400,
    401,
    402,
    404,
    405,
    408,
    410,
    418,
    421,
    425,
    451,
    498,
    499,
    500,
    501,
    505,
    507,
    599,
)


@dataclass(frozen=True, slots=True)
class Mishap:
    """The faults of one entry."""

    faults: tuple[Fault, ...]

    @property
    def spoils(self) -> bool:
        """Whether it works on the answer that stands there."""
        return all(type(fault).answer is Fault.answer for fault in self.faults)

    @property
    def leaves_whole(self) -> bool:
        """Whether it is sent whole all the same."""
        return LEAVES_WHOLE.issuperset(fault.name for fault in self.faults)

    @property
    def cuts(self) -> bool:
        """Whether it ends an answer at its limit, so that there may be more of it."""
        return any(fault.name in _CUTS for fault in self.faults)

    @property
    def counts_events(self) -> bool:
        """Whether it happens at a certain event of a stream: the answer is short then, so that its end is there too."""
        return any(getattr(fault, "after_events", None) is not None for fault in self.faults)

    @property
    def needs_a_tool(self) -> bool:
        """Whether it has nothing to work on without a tool call."""
        return any(fault.name in NEEDS_A_TOOL for fault in self.faults)


def mishap(draw: Draw, ground: Ground, upstream: str) -> Mishap:
    """Anything that this provider can send: a kind of failure first, so that no kind goes under in its many forms."""
    if draw.happens(1, 12):
        return Mishap((draw.choice(UNSHOWABLE),))
    known = _by_kind(ground, upstream)
    made = draw.choice(known[draw.choice(tuple(known))])
    if draw.happens(1, 5):
        made = _stating(draw, made, ground, upstream)
    elif draw.happens(1, 5 if ground.asking(upstream).streamed else 10):
        made = _at_an_edge(draw, ground, upstream)
    return _together(draw, made, ground, upstream) if draw.happens(1, 5) else made


def mishap_of(draw: Draw, ground: Ground, upstream: str, kind: str) -> Mishap | None:
    """One of this failure kind; None where the provider sends none."""
    known = _by_kind(ground, upstream).get(kind)
    return None if known is None else draw.choice(known)


def lingering(draw: Draw) -> Mishap:
    """A stream whose words come slowly, or which falls silent amid them: time for an interrupt."""
    slowly = slow(event_every_s=draw.choice((0.5, 1, 10)))
    return Mishap((draw.choice((stall(), stall(), stall(after_events=1 + draw.below(3)), slowly)),))


@lru_cache(maxsize=64)
def _by_kind(ground: Ground, upstream: str) -> Mapping[str, tuple[Mishap, ...]]:
    """All that can be sent, by failure kind; what is none, cut or odd, or cannot be said, has kinds of its own."""
    asking = ground.asking(upstream)
    odd = [Mishap((fault,)) for fault in oddities(asking.dialect, asking.streamed)]
    found: dict[str, list[Mishap]] = {"odd": odd} if odd else {}
    for sent in sendable(asking):
        made = Mishap((sent.fault,))
        kind = ground.kind(sent.fault, upstream) or ("cut" if made.cuts else "none")
        found.setdefault(kind, []).append(made)
    return {kind: tuple(each) for kind, each in found.items()}


def _stating(draw: Draw, made: Mishap, ground: Ground, upstream: str) -> Mishap:
    """A wait that is stated, where it makes a difference or where nobody can read it."""
    wait_s = _WAITS_S[min(draw.below(len(_WAITS_S)), draw.below(len(_WAITS_S)))]
    if draw.happens(1, 6):
        headers = {"retry-after": draw.choice(_OF_NO_ACCOUNT)}
        return Mishap((status(code=503, headers=headers),))
    forms: tuple[Fault, ...] = (
        rate_limit(retry_after_s=wait_s),
        rate_limit(retry_after_ms=wait_s * 1000),
        unavailable(retry_after_s=wait_s),
    )
    if wait_s == int(wait_s):
        forms += (rate_limit(retry_after_date_s=draw.choice((wait_s, wait_s, -wait_s))),)
    return _made(draw.choice(forms), ground, upstream) or made


def _at_an_edge(draw: Draw, ground: Ground, upstream: str) -> Mishap:
    """A status as such, a code or a number, a break in an odd place, a silence at the wrong moment."""
    read_s, asking = ground.read_s, ground.asking(upstream)
    stating = statements(asking, ground.max_tokens[upstream == FALLBACK])
    if stating and draw.happens(1, 3):
        return Mishap((draw.choice(stating),))
    forms: list[Fault] = [
        status(code=draw.choice(_CODES)),
        status(code=302, headers={"location": "https://elsewhere.example/v1"}),
        slow(first_s=draw.choice((0.001, 1, read_s, read_s + 1))),
        stall(for_s=draw.choice((1, read_s - 1, read_s + 1))),
    ]
    if asking.streamed:
        forms += [cut(after_events=_AT_ITS_END), error_event(after_events=_AT_ITS_END)]
        forms += [cut(after_events=draw.below(4)), stall(after_events=draw.below(4))]
        forms += [error_event(after_events=draw.below(4)), slow(event_every_s=draw.choice((0.1, 1, 10)))]
    return _made(draw.choice(forms), ground, upstream) or Mishap((slow(),))


def _together(draw: Draw, made: Mishap, ground: Ground, upstream: str) -> Mishap:
    """The same and late, or byte by byte; or something wrong that breaks off as well."""
    first = made.faults[0]
    if draw.happens(1, 3):
        return Mishap(_two(draw, streamed=ground.asking(upstream).streamed))
    if first.name in LEAVES_WHOLE | {"stall"} or first.drops() is not None:
        return made
    late = slow(first_s=draw.choice((0.5, 1, 5, 30))) if draw.happens(2, 3) else drip()
    return made if late.name == "drip" and ground.kind(first, upstream) else Mishap((*made.faults, late))


def _two(draw: Draw, *, streamed: bool) -> tuple[Fault, ...]:
    """What a model got wrong, and what breaks while it comes."""
    wrong = draw.choice((length(), unknown_tool(), bad_tool_arguments()))
    breaks = (cut(), stall(), missing_end(), error_event()) if streamed else (cut(), stall(), truncated())
    return wrong, draw.choice(breaks)


def _made(fault: Fault, ground: Ground, upstream: str) -> Mishap | None:
    return None if fault.name == "status" and ground.kind(fault, upstream) == UNSAID else Mishap((fault,))
