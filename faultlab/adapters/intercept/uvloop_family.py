"""uvloop: an event loop with sockets of its own, of which Python tells no audit hook. What leads out is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faultlab.adapters.intercept.base import Patches, current
from faultlab.adapters.intercept.guard import AT_HOME, look_at_name, look_at_place

__all__ = ["patch"]

_UNBOUND = "a datagram endpoint of uvloop, which sends to anybody"


def patch(module: Any, patches: Patches) -> None:
    """Look at what its loops are told to reach, and to resolve."""
    for name, looking in (
        ("create_connection", _connecting),
        ("create_datagram_endpoint", _sending),
        ("getaddrinfo", _resolving),
        ("getnameinfo", _resolving_back),
    ):
        patches.put(module.Loop, name, looking)


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    async def create_connection(loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        interception = current()
        if interception is not None and host is not None:  # a socket that is handed in was connected by Python
            look_at_name(interception, host)
            look_at_place(interception, host, port)
        return await original(loop, factory, host, port, **options)

    return create_connection


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    async def create_datagram_endpoint(
        loop: Any, factory: Any, local_addr: Any = None, remote_addr: Any = None, **options: Any
    ) -> Any:
        interception = current()
        if interception is not None and options.get("family") not in AT_HOME:
            if remote_addr is None:
                raise interception.refusal(_UNBOUND, None)
            look_at_name(interception, remote_addr[0])
            look_at_place(interception, *remote_addr[:2])
        return await original(loop, factory, local_addr, remote_addr, **options)

    return create_datagram_endpoint


def _resolving(original: Callable[..., Any]) -> Callable[..., Any]:
    async def getaddrinfo(loop: Any, host: Any, port: Any, **options: Any) -> Any:
        interception = current()
        if interception is not None:
            look_at_name(interception, host)
        return await original(loop, host, port, **options)

    return getaddrinfo


def _resolving_back(original: Callable[..., Any]) -> Callable[..., Any]:
    async def getnameinfo(loop: Any, address: Any, flags: int = 0) -> Any:
        interception = current()
        if interception is not None:
            look_at_name(interception, address[0], is_name_wanted=True)
        return await original(loop, address, flags)

    return getnameinfo
