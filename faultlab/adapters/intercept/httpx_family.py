"""httpx and httpx2: whatever a client was made with, its requests come to the lab where they would leave the process.

The client stays what it is: redirects, authentication, cookies and event hooks are its own, and so are the retries of a
transport that leads on to the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from faultlab.adapters.intercept.base import Interception, Patches, current
from faultlab.adapters.transport import Playing, async_transport, transport

__all__ = ["patch"]

_WITHIN = frozenset(
    {
        *((library, name) for library in ("httpx", "httpx2") for name in ("ASGITransport", "WSGITransport")),
        ("starlette", "_TestClientTransport"),
    }
)
"""Transports that call an application in this process: what that asks for in turn is intercepted."""

_LED_BY_AIOHTTP = frozenset({"httpx_aiohttp"})
"""Packages whose transports are aiohttp's, which is intercepted itself."""

_DEEPEST = 8
"""Transports around transports that are looked through; applications have two or three."""


class _Side(NamedTuple):
    """The names of the synchronous or the asynchronous half of the library, and the lab's transport for it."""

    module: ModuleType
    client: Any
    default: Any
    base: Any
    handle: str
    close: str
    made: Callable[..., Any]


def patch(module: ModuleType, patches: Patches) -> None:
    """Lead what the library's clients and its own transports send to whoever intercepts."""
    for side in _sides(module):
        twins = _Twins(side)
        patches.put(side.client, "_transport_for_url", partial(_choosing, side, twins))
        patches.put(side.default, side.handle, partial(_handling, side, twins))
        for owner in (side.client, side.default):
            patches.put(owner, side.close, partial(_closing, side, twins))


def _sides(module: Any) -> Iterator[_Side]:
    yield _Side(module, module.Client, module.HTTPTransport, module.BaseTransport, "handle_request", "close", transport)
    yield _Side(
        module,
        module.AsyncClient,
        module.AsyncHTTPTransport,
        module.AsyncBaseTransport,
        "handle_async_request",
        "aclose",
        async_transport,
    )


class _Twins:
    """The lab's transport in the place of each client's, and of each transport that is used without a client."""

    def __init__(self, side: _Side) -> None:
        self._side = side
        self._known: MutableMapping[Any, tuple[Interception, Any]] = WeakKeyDictionary()

    def of(self, owner: Any, interception: Interception) -> Any:
        """The one that stands for `owner` meanwhile."""
        whose, twin = self._known.get(owner, (None, None))
        if whose is not interception:
            twin = self._side.made(interception, interception.clock, self._side.module)
            self._known[owner] = interception, twin
        return twin

    def taken(self, owner: Any) -> Any:
        """The same, to be closed; None where nothing was asked."""
        return self._known.pop(owner, (None, None))[1]


def _choosing(side: _Side, twins: _Twins, original: Callable[..., Any]) -> Callable[..., Any]:
    def transport_for_url(client: Any, url: Any) -> Any:
        found = original(client, url)
        interception = current()
        if interception is None or _keeps_its_own(found, side) or not interception.has(str(url)):
            return found
        return twins.of(client, interception)

    return transport_for_url


def _handling(side: _Side, twins: _Twins, original: Callable[..., Any]) -> Callable[..., Any]:
    def handle(own: Any, request: Any) -> Any:
        interception = current()
        if interception is None or not interception.has(str(request.url)):
            return original(own, request)
        return getattr(twins.of(own, interception), side.handle)(request)

    return handle


def _closing(side: _Side, twins: _Twins, original: Callable[..., Any]) -> Callable[..., Any]:
    def close(own: Any) -> None:
        twin = twins.taken(own)
        if twin is not None:
            twin.close()
        original(own)

    async def aclose(own: Any) -> None:
        twin = twins.taken(own)
        if twin is not None:
            await twin.aclose()
        await original(own)

    return close if side.close == "close" else aclose


def _keeps_its_own(found: Any, side: _Side) -> bool:
    """Whether a transport goes on by itself: it is a lab's, it stays in the process, or it leads to what is caught."""
    kind = type(found)
    if kind is side.default:
        return False
    if isinstance(found, side.default):
        return getattr(kind, side.handle) is not getattr(side.default, side.handle)
    library = kind.__module__.partition(".")[0]
    return (library, kind.__name__) in _WITHIN or library in _LED_BY_AIOHTTP or _leads_on(found, side, _DEEPEST)


def _leads_on(found: Any, side: _Side, deepest: int) -> bool:
    """Whether it is a lab's transport or the library's own, or wraps one."""
    if isinstance(found, (Playing, side.default)):
        return True
    inner = getattr(found, "__dict__", {}).values() if deepest else ()
    return any(_leads_on(each, side, deepest - 1) for each in inner if isinstance(each, side.base))
