"""What was planned and did not come about, or came about and was not planned, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from faultlab.cassette import Recording
from faultlab.errors import not_intercepted
from faultlab.policy import UPSTREAMS
from faultlab.schedule import Unreached
from faultlab.script import Reply
from faultlab.trace import Trace

__all__ = ["host_refused", "never_ended", "never_played", "never_reached", "never_said", "not_as_planned"]


def not_as_planned(trace: Trace) -> Iterator[str]:
    """What the trace shows of it: requests that met no answer, faults that had nothing to work on."""
    told: set[tuple[str, str]] = set()
    for exchange in trace.exchanges:
        why = exchange.missed or ("add one to `says`" if exchange.unexpected else None)
        # Whoever meets no answer asks again: the same sentence once more says nothing.
        if why is not None and (exchange.upstream, why) not in told:
            told.add((exchange.upstream, why))
            yield f"request {exchange.n} to {_who(exchange.upstream)} met no answer: {why}"
        for name in exchange.wasted:
            yield (
                f"fault {name} could not apply to what request {exchange.n} met: "
                f"give that request another fault, or another kind of answer"
            )


def never_reached(upstream: str, left: Unreached, whole: str = "turn") -> str:
    """The sentence about a fault that was planned and did not come about in the `whole`."""
    names = " + ".join(fault.name for fault in left.entry.faults)
    times = "" if left.left == 1 else f" ({left.left} times)"
    return (
        f"entry {left.index + 1} of faults.{upstream}, {names}{times}, was never reached: "
        f"remove it, or let the {whole} go on long enough to meet it"
    )


def host_refused(url: str, known: Iterable[str]) -> str:
    """The sentence about a request to a host that nobody stands for, and what is done about it where it is wanted."""
    known = tuple(known)
    if otherwise := not_intercepted(url, known):
        return f"somebody asked for {url} by what is not intercepted: {otherwise}"
    place = urlsplit(url).netloc
    remedy = f"; if it may be reached: lab.intercept(allow=[{place!r}])" if place else ""
    there_are = ", ".join(known) or "none"
    return f"somebody asked for {url}, and no upstream stands for that host; there are: {there_are}{remedy}"


def never_ended(times: int) -> Iterator[str]:
    """The sentence about clients that waited for an answer without end; they may have swallowed the error."""
    if times:
        waits = f"{times} wait{'s' * (times > 1)} for an answer"
        yield f"{waits} had no end, since the client has no time-out: give it one, or plan no such silence"


def never_said(upstream: str, left: tuple[Reply, ...]) -> Iterator[str]:
    """The sentence about answers that nobody asked for."""
    if left:
        number, were = ("1 answer", "was") if len(left) == 1 else (f"{len(left)} answers", "were")
        yield f"{number} of {_who(upstream)} {were} never asked for: remove what is too much in `says`, or ask for it"


def never_played(upstream: str, left: tuple[Recording, ...]) -> Iterator[str]:
    """The sentence about recordings that nobody asked for."""
    if left:
        told = "; ".join(map(str, left))
        yield f"not all of the cassette of {_who(upstream)} was asked for: {told}"


def _who(upstream: str) -> str:
    """An upstream as one speaks of it: by what it is in a scenario, by its name elsewhere."""
    return f"the {upstream}" if upstream in UPSTREAMS else upstream
