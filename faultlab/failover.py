"""A trace that answers what one asks of a fallback: whether it fired, after how many calls, with whose key.

All of it is read from the wire, so the application under test need know nothing of us. What it answers is true or false
by itself, and says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from faultlab.errors import UnknownName
from faultlab.findings import Attempts, Finding, Switch, Waits
from faultlab.questions import Question, questions_of
from faultlab.trace import Exchange, Trace
from faultlab.wire import SHORTEST_CREDENTIAL, Request

__all__ = ["FailoverTrace", "Named"]


class Named(Protocol):
    """An upstream, by itself instead of by its name."""

    @property
    def name(self) -> str:
        """Its name in the lab."""


@dataclass(slots=True, repr=False)
class FailoverTrace(Trace):
    """A trace with questions, as a sequence of its exchanges.

    `upstreams` are those of the lab: name → base URL, `owners` of keys: key → name.
    """

    upstreams: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<trace: {self._counted()}>"

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def __len__(self) -> int:
        return len(self.exchanges)

    def __getitem__(self, index: int) -> Exchange:
        return self.exchanges[index]

    @property
    def switches(self) -> tuple[Switch, ...]:
        """Every time that a question was put elsewhere before it was answered, in order."""
        found = [one for question in questions_of(self.exchanges) for one in self._switches(question)]
        return tuple(sorted(found, key=lambda one: one.n))

    def switched(self, source: str | Named | None = None, to: str | Named | None = None) -> Switch:
        """The first switch, of those from or to an upstream if that is said; false where there is none.

        A switch is a question that was not answered whole, and is put at another host, with another key or for another
        model. A retry is none, nor is a new question to somebody else; nor is an application's doubt of a whole and
        healthy answer, which nothing on the wire shows.
        """
        left, reached = self._known(source), self._known(to)
        fits = (one for one in self.switches if left in (None, one.source) and reached in (None, one.to))
        none = Switch(self, _asked("switched", left, reached), told=self._no_switch(left, reached))
        return next(fits, none)

    def attempts(self, upstream: str | Named) -> Attempts:
        """How many requests for an answer went to this upstream."""
        name = self._one(upstream)
        number = sum(not one.side for one in self.exchanges if one.upstream == name)
        return Attempts(self, _asked("attempts", name), number)

    def never_called(self, upstream: str | Named) -> Finding:
        """Whether no request at all went to this upstream."""
        name = self._one(upstream)
        met = [one for one in self.exchanges if one.upstream == name]
        told = f"{name} was asked {_times(len(met))}, first by request {met[0].n}" if met else f"{name} was not asked"
        return Finding(self, _asked("never_called", name), told, holds=not met)

    @property
    def waits_s(self) -> Waits:
        """Every wait above zero between the end of a request and the next one of the same question, to the ms."""
        gaps = [
            (after.exchange.n, before.exchange.pause_s(after.exchange.started_s))
            for question in questions_of(self.exchanges)
            for before, after in zip(question.asks, question.asks[1:], strict=False)
        ]
        return Waits(self, "trace.waits_s", [gap for _, gap in sorted(gaps) if gap > 0])

    def key_stayed_home(self) -> Finding:
        """Whether each key went to the host of its own upstream only; one that is nobody's, to one host only.

        A key of an upstream is looked for in the body, the URL and the other headers too.
        """
        strays = [stray for stray in self._strays() if stray]
        told = strays[0] if strays else "each key went to its own host only"
        more = f" (and {len(strays) - 1} more)" if len(strays) > 1 else ""
        return Finding(self, "trace.key_stayed_home()", told + more, holds=not strays)

    def same_conversation(self) -> Finding:
        """Whether each switch took the conversation along as it was, the system prompt apart; false without a switch.

        A begun answer that the other is to go on with may stand behind it.
        """
        switches = self.switches
        lost = [one.lost for one in switches if one.lost]
        told = lost[0] if lost else "what was said is the same" if switches else self._no_switch(None, None)
        return Finding(self, "trace.same_conversation()", told, holds=bool(switches) and not lost)

    def _switches(self, question: Question) -> Iterator[Switch]:
        first = 0
        for place in range(1, len(question.asks)):
            before, after = question.asks[place - 1 : place + 1]
            if before.route.changes(after.route):
                asks = tuple(question.asks[first : place + 1])
                yield Switch(self, "trace.switched()", asks)
                first = place

    def _no_switch(self, source: str | None, to: str | None) -> str:
        others = [one for one in self.switches if one]
        if others:
            return f"no switch{_between(source, to)}, but: {others[0].told}"
        return f"no question was put elsewhere: {self._counted()}"

    def _counted(self) -> str:
        counts = Counter(one.upstream for one in self.exchanges if not one.side)
        return ", ".join(f"{name} {_times(count)}" for name, count in counts.items()) or "nobody was asked"

    def _one(self, upstream: str | Named) -> str:
        """The name of an upstream that has to be given: None would be one that nobody ever asks."""
        if upstream is None:
            raise TypeError("an upstream or its name has to be given, not None")
        name: str = self._known(upstream)
        return name

    def _known(self, upstream: str | Named | None) -> Any:
        """The name of an upstream. Raises UnknownName with the nearest one."""
        name = upstream if upstream is None or isinstance(upstream, str) else upstream.name
        known = {*self.upstreams, *(one.upstream for one in self.exchanges)}
        if name is not None and name not in known:
            raise UnknownName("upstream", name, known)
        return name

    def _strays(self) -> Iterator[str]:
        homes: dict[str, str] = {name: urlsplit(url).netloc for name, url in self.upstreams.items()}
        for one in self.exchanges:
            if one.renewal or one.unread:
                continue
            host = urlsplit(one.request.url).netloc
            for name in self._told_to(one.request):
                if homes.get(name, host) != host:
                    yield f"request {one.n} told {host} the key of {name}, at home at {homes[name]}, in what it says"
            home = host if one.key_of == "none" else homes.setdefault(one.key_of, host)
            if home != host:
                whose = f"the key of {one.key_of}" if one.key_of in self.upstreams else "a key that is nobody's here"
                yield f"request {one.n} took {whose}, at home at {home}, to {host}"

    def _told_to(self, request: Request) -> Iterator[str]:
        """Whose keys stand where no key belongs."""
        told = "\n".join((request.url, *request.headers.values(), request.body.decode("utf-8", "replace")))
        for key, name in self.owners.items():
            if len(key) >= SHORTEST_CREDENTIAL and key in told:
                yield name


def _asked(name: str, *arguments: str | None) -> str:
    return f"trace.{name}({', '.join(repr(each) for each in arguments if each is not None)})"


def _between(source: str | None, to: str | None) -> str:
    return (f" from {source}" if source else "") + (f" to {to}" if to else "")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
