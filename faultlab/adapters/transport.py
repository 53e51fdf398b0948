"""A transport for the client libraries httpx2 and httpx: requests never leave the process, time is the clock's.

The library is handed in as a module. Sync and async are thin twins: all decisions are in `adapters.base`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from threading import Event as Flag
from types import ModuleType
from typing import Any, ClassVar

from faultlab.adapters.base import Answering, Ending, Play, Timeouts
from faultlab.adapters.failures import failure
from faultlab.clock import Clock
from faultlab.upstream import Answer
from faultlab.wire import FOR_EVER, Data, Head, Pause, received

__all__ = ["Playing", "async_transport", "installed_library", "transport"]


def transport(router: Answering, clock: Clock, module: ModuleType | None = None) -> Any:
    """A `BaseTransport` of the library (None: the one that the installed openai uses)."""
    return _twins(module or installed_library())[0](router, clock)


def async_transport(router: Answering, clock: Clock, module: ModuleType | None = None) -> Any:
    """An `AsyncBaseTransport` of the library (None: the one that the installed openai uses)."""
    return _twins(module or installed_library())[1](router, clock)


@lru_cache(maxsize=1)
def installed_library() -> ModuleType:
    """httpx2 or httpx, as the installed openai requires it; openai itself is not imported for that."""
    required = [one for one in importlib.metadata.requires("openai") or [] if "extra ==" not in one]
    return importlib.import_module("httpx2" if any(one.startswith("httpx2") for one in required) else "httpx")


class Playing:
    """What both twins do: take a request in, make a response, raise what the library would raise."""

    module: ClassVar[Any]
    body: ClassVar[Any]

    def __init__(self, router: Answering, clock: Clock) -> None:
        self.router = router
        self.clock = clock
        self.closed = Flag()

    def answer(self, request: Any) -> Answer:
        """The answer to a request whose body was read."""
        return self.router.answer(*received(request.method, str(request.url), request.headers.raw, request.content))

    def play(self, request: Any, answer: Answer) -> Play:
        """The answer as the client that sent the request meets it."""
        stated = request.extensions.get("timeout", {})
        timeouts = Timeouts(*(FOR_EVER if stated.get(name) is None else stated[name] for name in Timeouts._fields))
        return Play(answer, self.clock, timeouts, self.closed)

    def at_once(self, answer: Answer) -> Any:
        """The response when nothing happens to it, and None otherwise: the short way of nearly all answers."""
        match answer.events:
            case (Head() as head, Data() as data):
                answer.exchange.status = head.status
                answer.exchange.ended_s = answer.exchange.started_s
                return self.response(head, self.module.ByteStream(data.data))
        return None

    def response(self, head: Head, stream: Any) -> Any:
        """The library's response."""
        return self.module.Response(head.status, headers=_headers(self.module, head), stream=stream)

    def landed(self, step: Head | Data | Ending | None) -> Any:
        """A step that is no failure."""
        if isinstance(step, Ending):
            raise failure(self.module, step)
        return step


class _SyncTransport(Playing):
    """`BaseTransport`'s own methods."""

    def handle_request(self, request: Any) -> Any:
        request.read()
        answer = self.answer(request)
        response = self.at_once(answer)
        if response is None:
            play = self.play(request, answer)
            response = self.response(self.next(play), self.body(self, play))
        return response

    def next(self, play: Play) -> Any:
        """The next head or piece of the body, waited for."""
        while isinstance(step := play.step(), Pause):
            self.clock.advance(step.seconds, self.closed)
        return self.landed(step)

    def close(self) -> None:
        self.closed.set()


class _AsyncTransport(Playing):
    """`AsyncBaseTransport`'s own methods."""

    async def handle_async_request(self, request: Any) -> Any:
        await request.aread()
        answer = self.answer(request)
        response = self.at_once(answer)
        if response is None:
            play = self.play(request, answer)
            response = self.response(await self.next(play), self.body(self, play))
        return response

    async def next(self, play: Play) -> Any:
        """The next head or piece of the body, waited for."""
        while isinstance(step := play.step(), Pause):
            await self.clock.advance_async(step.seconds, self.closed)
        return self.landed(step)

    async def aclose(self) -> None:
        self.closed.set()


class _SyncBody:
    """The rest of a play as `SyncByteStream`."""

    def __init__(self, playing: _SyncTransport, play: Play) -> None:
        self._playing = playing
        self._play = play

    def __iter__(self) -> Iterator[bytes]:
        while (data := self._playing.next(self._play)) is not None:
            yield data.data

    def close(self) -> None:
        self._play.end()


class _AsyncBody:
    """The rest of a play as `AsyncByteStream`."""

    def __init__(self, playing: _AsyncTransport, play: Play) -> None:
        self._playing = playing
        self._play = play

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (data := await self._playing.next(self._play)) is not None:
            yield data.data

    async def aclose(self) -> None:
        self._play.end()


@lru_cache(maxsize=8)
def _twins(module: Any) -> tuple[type[Any], type[Any]]:
    """Both transports as the library's own: it insists on its base classes, and they are not known before."""
    body = type("FaultBody", (_SyncBody, module.SyncByteStream), {})
    async_body = type("AsyncFaultBody", (_AsyncBody, module.AsyncByteStream), {})
    own = {"module": module}
    return (
        type("FaultTransport", (_SyncTransport, module.BaseTransport), own | {"body": body}),
        type("AsyncFaultTransport", (_AsyncTransport, module.AsyncBaseTransport), own | {"body": async_body}),
    )


@lru_cache(maxsize=128)
def _headers(module: Any, head: Head) -> Any:
    return module.Headers(head.headers)
