"""Recorded traffic as values, and the place in it: which recording answers a request, or comes nearest to it.

Knows neither the files that cassettes stand in nor who plays what they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from faultlab.dialects import DIALECTS
from faultlab.differing import Difference, differences, shortened
from faultlab.errors import UnknownName
from faultlab.wire import REDACTED, Event, Head, Request, carries_credential

__all__ = ["MATCHED_BY_DEFAULT", "MATCHERS", "Cassette", "Home", "Recording", "Replay"]

MATCHED_BY_DEFAULT: Final = ("method", "path", "query")

_MOST_TOLD: Final = 3
"""Differences that a sentence names; of more it tells how many."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One request and how it was answered; `n` counts from 1 over its cassette."""

    n: int
    request: Request
    events: tuple[Event, ...] = field(repr=False)

    def __str__(self) -> str:
        return f"recording {self.n}, {self.request.method} {self.request.url}"


@dataclass(frozen=True, slots=True)
class Cassette:
    """What was recorded, in order; `source` is how it is called in sentences."""

    source: str
    recordings: tuple[Recording, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """Where the upstream is that is asked: its base URL, and the one that its provider has in real life."""

    base_url: str
    real_url: str | None = None

    def below(self, url: str) -> str:
        """The path of a request below the base URL; all of its path where it does not lie below."""
        path, base = urlsplit(url).path, urlsplit(self.base_url).path.rstrip("/")
        return path.removeprefix(base) if path.startswith(f"{base}/") else path

    def own(self, recordings: Collection[Recording]) -> Collection[Recording]:
        """Those of its own host, or of its provider's; all of them where there are none of these."""
        for url in filter(None, (self.base_url, self.real_url)):
            if found := [each for each in recordings if _origin(each.request.url) == _origin(url)]:
                return found
        return recordings


def _is_below(recorded: str, below: str) -> bool:
    """Whether a recorded path is this one below a base URL, which may have been another's."""
    # `/completions` ends what `/chat/completions` is.
    known = next((dialect.path for dialect in DIALECTS.values() if recorded.endswith(dialect.path)), None)
    return known == below if known else recorded.endswith(f"/{below.lstrip('/')}")


def _query(url: str) -> list[tuple[str, str]]:
    """The parameters, in order of their names, but for credentials: those were removed, or are somebody else's."""
    given = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return sorted((name, text) for name, text in given if text != REDACTED and not carries_credential(name.lower()))


def _body(request: Request) -> object:
    """The body as JSON; one that is none as its text."""
    return request.body.decode("utf-8", "replace") if request.json is None else request.json


_Pair = tuple[object, object]
_Matcher = Callable[[Recording, Request, Home], _Pair]

MATCHERS: Final[Mapping[str, _Matcher]] = {
    "method": lambda one, asked, _: (one.request.method, asked.method),
    "host": lambda one, _, home: (_origin(one.request.url), _origin(home.base_url)),
    "path": lambda one, asked, home: _paths(one, home.below(asked.url)),
    "query": lambda one, asked, _: (_query(one.request.url), _query(asked.url)),
    "body": lambda one, asked, _: (_body(one.request), _body(asked)),
}
"""What may have to be equal: name → how it was recorded, and how it was asked."""


def _paths(recording: Recording, below: str) -> _Pair:
    path = urlsplit(recording.request.url).path
    return (below if _is_below(path, below) else path), below


class Replay:
    """A place in a cassette: each recording answers one request, and is used up when it was sent whole.

    Of those that match and are not used up, one with the same JSON body comes first, then one with the same model, then
    the one recorded first. What was asked as a stream answers nobody who asks for the whole, nor the other way round.
    Whoever asks holds a lock. Raises UnknownName for a matcher that is not there.
    """

    def __init__(self, cassette: Cassette, match_on: Collection[str] = MATCHED_BY_DEFAULT) -> None:
        unknown = [name for name in match_on if name not in MATCHERS]
        if unknown:
            raise UnknownName("matcher", unknown[0], MATCHERS)
        self.cassette = cassette
        self._match_on = tuple(match_on)
        self._played: set[int] = set()

    @property
    def left(self) -> tuple[Recording, ...]:
        """What was not sent whole yet."""
        return tuple(each for each in self.cassette.recordings if each.n not in self._played)

    def find(self, request: Request, home: Home) -> Recording | None:
        """What answers a request, left standing; None when nothing does."""
        found = [each for each in self._matching(request, home) if each.n not in self._played]
        return max(found, key=lambda each: _likeness(each.request, request), default=None)

    def take(self, recording: Recording) -> None:
        """It was sent whole."""
        self._played.add(recording.n)

    def rewind(self) -> None:
        """From the beginning, as if nothing had been sent."""
        self._played.clear()

    def missed(self, request: Request, home: Home) -> str:
        """Why nothing answers a request: which recording came nearest, and in what it differs."""
        asked = f"{request.method} {home.below(request.url)}"
        if not self.cassette.recordings:
            return f"{self.cassette.source} holds no recording that could answer {asked}"
        if played := self._matching(request, home):
            again = ", ".join(str(each.n) for each in played)
            was = f"recording {again} is" if len(played) == 1 else f"recordings {again} are"
            return f"{asked} is asked once more than {self.cassette.source} has answers for: {was} used up"
        nearest = min(home.own(self.cassette.recordings), key=lambda each: self._distance(each, request, home))
        told = "; ".join(self._differing(nearest, request, home))
        return f"nothing in {self.cassette.source} answers {asked}; nearest is {nearest}, which differs in {told}"

    def _matching(self, request: Request, home: Home) -> list[Recording]:
        own = home.own(self.cassette.recordings)
        alike = [each for each in own if _is_alike(each, request)]
        return [each for each in alike if not self._mismatches(each, request, home)]

    def _mismatches(self, recording: Recording, request: Request, home: Home) -> list[str]:
        return [name for name in self._match_on if not _is_equal(MATCHERS[name](recording, request, home))]

    def _distance(self, recording: Recording, request: Request, home: Home) -> tuple[int, int, bool, int]:
        """What is nearer comes first: by what was asked for, whether it has to match or not, then by the body."""
        names = {*MATCHED_BY_DEFAULT, *self._match_on} - {"body"}
        unequal = sum(not _is_equal(MATCHERS[name](recording, request, home)) for name in names)
        body = differences(*MATCHERS["body"](recording, request, home))
        return unequal, len(body), recording.n in self._played, recording.n

    def _differing(self, nearest: Recording, request: Request, home: Home) -> Iterator[str]:
        for name in self._mismatches(nearest, request, home):
            if name != "body":
                there, here = MATCHERS[name](nearest, request, home)
                yield f"{name}: {_shown(there)} there, {_shown(here)} here"
        if not _is_alike(nearest, request):
            yield (
                "the answer: it is whole there, and a stream was asked for here"
                if _asks_for_stream(request)
                else ("the answer: it is a stream there, and was asked for whole here")
            )
        found = differences(*MATCHERS["body"](nearest, request, home))
        more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
        if found:
            yield f"body: {', '.join(map(_told, found[:_MOST_TOLD]))}{more}"


def _is_equal(pair: _Pair) -> bool:
    return pair[0] == pair[1]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else shortened(value)


def _told(found: Difference) -> str:
    return f"{found.path or 'all of it'} is {found.there} there and {found.here} here"


def _likeness(recorded: Request, asked: Request) -> tuple[bool, ...]:
    there, here = recorded.json, asked.json
    if not (isinstance(there, dict) and isinstance(here, dict)):
        return (recorded.body == asked.body, False)
    return there == here, there.get("model") == here.get("model")


def _is_alike(recording: Recording, asked: Request) -> bool:
    """Whether both are streamed or both whole; an error is the same for either, and so is what is no model's answer."""
    head = next(event for event in recording.events if isinstance(event, Head))
    if head.status >= HTTPStatus.BAD_REQUEST or not isinstance(asked.json, dict):
        return True
    is_streamed = (head.header("content-type") or "").startswith("text/event-stream")
    return (is_streamed or _asks_for_stream(recording.request)) == _asks_for_stream(asked)


def _asks_for_stream(request: Request) -> bool:
    return isinstance(request.json, dict) and bool(request.json.get("stream"))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{(parts.hostname or '').lower()}:{port}"
