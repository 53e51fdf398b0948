"""Every HTTP client of the process, whoever built it, is answered by one lab meanwhile; nothing leaves the machine.

Each library is patched at the place where its requests leave it; a guard beneath them refuses what no patch foresaw.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from faultlab.adapters.base import Router
from faultlab.adapters.intercept import aiohttp_family, guard, httpx_family, urllib3_family, uvloop_family
from faultlab.adapters.intercept.base import Interception, Patches, standing
from faultlab.adapters.intercept.imports import watched
from faultlab.clock import Clock
from faultlab.occupancy import occupying

__all__ = ["intercepting"]

_PATCHED: Mapping[str, Callable[[Any, Patches], None]] = {
    "httpx": httpx_family.patch,
    "httpx2": httpx_family.patch,
    "urllib3.connectionpool": urllib3_family.patch,
    "aiohttp.connector": aiohttp_family.patch,
    "uvloop": uvloop_family.patch,
}
"""Each library's module that is patched, whether it is imported already or later."""

_undo = ExitStack()
"""Puts everything back when the last one has ended, whichever that is."""


@contextmanager
def intercepting(
    router: Router, clock: Clock, *, allow: Collection[str] = (), allow_loopback: bool = False
) -> Iterator[None]:
    """Meanwhile what this process asks for is answered by the router's upstreams, let through, or refused.

    What is refused is remembered by the router. `allow` names hosts, with or without a port. Raises LabBusy while
    another thread's lab has the process; those of one thread stack, and the innermost rules.
    """
    interception = Interception(router, clock, allow, allow_loopback=allow_loopback)
    with occupying("interception"):
        if not standing():
            _undo.enter_context(_patched())
        standing().append(interception)
        try:
            yield
        finally:
            standing().remove(interception)
            interception.end()
            if not standing():
                _undo.close()


@contextmanager
def _patched() -> Iterator[None]:
    """Every library and the sockets, as long as anybody intercepts."""
    patches = Patches()

    def arrived(name: str, module: Any) -> None:
        _PATCHED[name](module, patches)

    with watched({name: partial(arrived, name) for name in _PATCHED}):
        try:
            guard.raise_it(patches)
            yield
        finally:
            patches.undo()
