"""A plan that is drawn while a run is foretold: what goes wrong, what is said and when the user stops it.

Each is chosen when it is asked for, so that whatever is planned is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from faultlab.content.draw import Draw
from faultlab.faults import Fault
from faultlab.foretelling.clock import RunClock
from faultlab.foretelling.course import Plan
from faultlab.passes.ground import Ground
from faultlab.passes.mishaps import Mishap, lingering, mishap, mishap_of
from faultlab.passes.sayings import ANY_TOOL, SHORT, SHORTEST, answer, sour, tool_call
from faultlab.policies.kinds import UNSAID
from faultlab.policy import FALLBACK, PRIMARY, UPSTREAMS
from faultlab.schedule import OK, Entry, Unreached, merged
from faultlab.script import Reply

__all__ = ["Aim", "Improvised"]

_MOST_ATTEMPTS: Final = 40
"""Of a whole scenario: beyond that all is well."""
_MOST_ROUNDS: Final = 4
"""Of tools, in a turn."""
_SHORTEST_S: Final = 0.5
"""Of what an interrupt falls into."""


class Aim(NamedTuple):
    """A cell that this one is to meet: a failure of this kind at this attempt of an upstream."""

    kind: str
    attempt: int
    upstream: str


class Improvised:
    """What was drawn so far: `says` and, by upstream, `planned`; `stopped_s` is when the present turn was interrupted.

    `aim` is left as soon as it is met, or cannot be met any more.
    """

    def __init__(self, draw: Draw, ground: Ground, aim: Aim | None) -> None:
        self.says: list[Reply] = []
        self.stopped_s: float | None = None
        self.standing: Reply | None = None
        self._draw, self._ground, self._aim = draw, ground, aim
        self._planned: dict[str, list[Entry]] = {name: [] for name in UPSTREAMS}
        self._stuck: dict[str, Mishap] = {}
        self._ahead: dict[str, Mishap | None] = {}
        self._asked = PRIMARY
        self._made: Mishap | None = None
        self._count = self._attempt = self._rounds = 0
        self._burst: dict[str, list[Mishap]] = {}
        self._loops = self._may_stop = self._goes_on = False
        self._began_s = 0.0

    @property
    def plan(self) -> Plan:
        """The same for whoever foretells."""
        return Plan({name: _Going(self, name) for name in UPSTREAMS}, _Saying(self), _Clock(self))

    def entries(self, upstream: str) -> tuple[Entry, ...]:
        """What is planned there."""
        return merged(self._planned[upstream])

    def begin_turn(self, now_s: float) -> None:
        """The user says something."""
        self._attempt = self._rounds = 0
        self._burst, self._goes_on, self._loops = {}, False, self._draw.happens(1, 3)
        self._may_stop = self._aim is None and self._draw.happens(1, 5)
        self._began_s, self.stopped_s = now_s, None

    def ahead(self, upstream: str) -> tuple[Fault, ...]:
        """What will go wrong with the next request there: chosen now, if it is not yet."""
        if upstream != self._asked:
            self._asked, self._attempt = upstream, 0
        if upstream not in self._ahead:
            self._ahead[upstream] = self._stuck.get(upstream) or self._chosen(upstream)
        made = self._ahead[upstream]
        if made is not None and not self._fits(made):
            made = self._ahead[upstream] = None
        self._made = made
        return made.faults if made else ()

    def take(self, upstream: str) -> tuple[Fault, ...]:
        """It goes wrong: written down, unless it does so for ever by now."""
        faults, made = self.ahead(upstream), self._made
        del self._ahead[upstream]
        self._count += 1
        self._attempt = 0 if made is None or made.leaves_whole else self._attempt + 1
        self._goes_on = made is not None and made.cuts
        if upstream not in self._stuck:
            self._planned[upstream].append(OK if made is None else self._entry(upstream, made))
        return faults

    def _entry(self, upstream: str, made: Mishap) -> Entry:
        """For ever, from time to time, if that has an end: what calls tools for ever has none soon."""
        kind = self._ground.kind(made.faults[0], upstream)
        if kind in (None, UNSAID) or not self._draw.happens(1, 25):
            return Entry(made.faults)
        self._stuck[upstream] = made
        return Entry(made.faults, None)

    def said(self) -> Reply | None:
        """What a model says to the request that was looked at last; None where somebody else answers it."""
        made = self._made
        if self.standing is None and (made is None or made.spoils):
            self.standing = self._next() if made is None else self._plain(made)
        return self.standing

    def say(self) -> None:
        """It was said whole."""
        if self.standing is not None:
            self.says.append(self.standing)
            self._rounds += bool(self.standing.tool_calls)
            self._goes_on = self.standing.finish == "length"
            self.standing = None

    def stops_s(self, now_s: float, seconds: float) -> float | None:
        """When the user stops the turn, if it is while this time passes."""
        if not self._may_stop or seconds < _SHORTEST_S or not self._draw.happens(1, 2):
            return None
        part = self._draw.choice((2, 2, 1, 3)) / 4
        self.stopped_s = round(now_s + seconds * part - self._began_s, 3)
        return self._began_s + self.stopped_s

    def _plain(self, made: Mishap) -> Reply:
        """An answer that can be spoiled in this way."""
        fork = self._draw.fork("said", self._count)
        if made.counts_events:
            return SHORTEST if fork.happens(1, 2) else SHORT
        if not made.needs_a_tool and not fork.happens(1, 4):
            return answer(fork)
        return replace(ANY_TOOL, text="I will look.") if fork.happens(1, 3) else ANY_TOOL

    def _fits(self, made: Mishap) -> bool:
        """Whether it has something to work on in the answer that stands there."""
        standing = self.standing
        if standing is None or not made.spoils:
            return True
        if made.needs_a_tool:
            return bool(standing.tool_calls) and standing.tool_calls[0].arguments.endswith("}")
        return not made.counts_events or bool((standing.text or "").strip())

    def _next(self) -> Reply:
        fork = self._draw.fork("said", self._count)
        is_amid = self._loops and self._rounds > 0
        if self._rounds < _MOST_ROUNDS and self._draw.happens(2 if is_amid else 1, 3):
            return tool_call(fork)
        if self._draw.happens(1, 4) and self._count <= _MOST_ATTEMPTS:
            return sour(fork, self._ground.asking(self._asked).dialect)
        return answer(fork)

    def _chosen(self, upstream: str) -> Mishap | None:
        """What goes wrong with this attempt; None: nothing."""
        if self._count >= _MOST_ATTEMPTS:
            return None
        if self._aim is not None:
            return self._aimed(upstream, self._aim)
        again = self._burst.get(upstream)
        return again.pop() if again else self._any(upstream)

    def _any(self, upstream: str) -> Mishap | None:
        draw = self._draw
        if self._goes_on and draw.happens(1, 2):
            return self._leading_away(upstream)
        if draw.happens(2, 5):
            return None
        if self._may_stop and self._ground.asking(upstream).streamed and draw.happens(1, 2):
            return lingering(draw)
        made = mishap(draw, self._ground, upstream)
        if draw.happens(1, 3):
            self._burst[upstream] = [made] * draw.choice((1, 1, 2, 4, 5, 7))
        return made

    def _aimed(self, upstream: str, aim: Aim) -> Mishap | None:
        """On the way to a cell; behind it the rest is drawn as ever."""
        is_there = upstream == aim.upstream and self._attempt + 1 >= aim.attempt
        if is_there or (aim.upstream == PRIMARY and upstream == FALLBACK):
            self._aim = None
            return mishap_of(self._draw, self._ground, upstream, aim.kind) if is_there else None
        if upstream == aim.upstream:
            kind = self._draw.choice(("rate_limited", "overloaded", "server_error", "unreachable"))
            return mishap_of(self._draw, self._ground, upstream, kind)
        return self._leading_away(upstream)

    def _leading_away(self, upstream: str) -> Mishap | None:
        """What is not waited for: whoever sends it is left at once."""
        kind = self._draw.choice(("forbidden", "billing", "not_found", "bad_request"))
        return mishap_of(self._draw, self._ground, upstream, kind)


class _Going:
    """What goes wrong with one of the two."""

    def __init__(self, of: Improvised, upstream: str) -> None:
        self._of, self._upstream = of, upstream

    def peek(self) -> tuple[Fault, ...]:
        return self._of.ahead(self._upstream)

    def take(self) -> tuple[Fault, ...]:
        return self._of.take(self._upstream)

    def unreached(self) -> Sequence[Unreached]:
        return ()


class _Saying:
    """What is said, whoever is asked."""

    def __init__(self, of: Improvised) -> None:
        self._of = of

    def peek(self) -> Reply | None:
        return self._of.said()

    def take(self) -> None:
        self._of.say()


class _Clock(RunClock):
    """Time that passes until somebody stops it."""

    __slots__ = ("_of",)

    def __init__(self, of: Improvised) -> None:
        super().__init__()
        self._of = of

    def move(self, seconds: float) -> None:
        if self.due_s is None:
            self.due_s = self._of.stops_s(self.now_s, seconds)
        super().move(seconds)
