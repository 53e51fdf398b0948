"""A lab: fake providers that share one clock and one record, and clients that talk to them.

Builds and wires; what the parts do is their own business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from faultlab.adapters.base import Router
from faultlab.adapters.transport import async_transport, installed_library, transport
from faultlab.clock import SystemClock, VirtualClock
from faultlab.dialects import DIALECTS
from faultlab.errors import HarnessError, UnknownName
from faultlab.faults import Fault
from faultlab.limits import Limits
from faultlab.providers import Provider, names
from faultlab.providers import provider as provider_of
from faultlab.schedule import Entry, Schedule, Unreached
from faultlab.script import Reply, Script
from faultlab.trace import Exchange, Trace
from faultlab.upstream import Stage, Upstream

__all__ = ["FakeProvider", "Lab"]


class Lab:
    """The upstreams of one test, by name. With `virtual_time`, waiting costs nothing and moves the lab's clock."""

    def __init__(self, seed: int = 0, *, virtual_time: bool = True) -> None:
        self.clock: VirtualClock | SystemClock = VirtualClock() if virtual_time else SystemClock()
        self.stage = Stage(self.clock, seed=seed)
        self._providers: dict[str, FakeProvider] = {}
        self._router = Router(())
        self._server: Any = None

    @property
    def trace(self) -> Trace:
        """All exchanges, in order."""
        return self.stage.trace

    @property
    def refused(self) -> list[str]:
        """URLs that somebody asked for and nobody stands for."""
        return self._router.refused

    def unreached(self) -> Iterator[tuple[str, Unreached]]:
        """What was planned and has not come about, with the upstream's name."""
        for provider in self:
            for left in provider.behind.schedule.unreached():
                yield provider.name, left

    def __getitem__(self, name: str) -> FakeProvider:
        try:
            return self._providers[name]
        except KeyError:
            raise HarnessError(
                f"no upstream called {name!r}; there are: {', '.join(self._providers) or 'none'}"
            ) from None

    def __contains__(self, name: str) -> bool:
        return name in self._providers

    def __iter__(self) -> Iterator[FakeProvider]:
        return iter(self._providers.values())

    def upstream(
        self,
        provider: str,
        *,
        name: str | None = None,
        model: str | None = None,
        says: Sequence[Reply | str] = (),
        faults: Sequence[Entry | Fault | tuple[Fault, int]] = (),
        limits: Limits | None = None,
        base_url: str | None = None,
    ) -> FakeProvider:
        """Set up a fake provider: what it says, and what goes wrong with so many requests.

        Without a `base_url` it is one that the catalogue knows; errors of another one have the shape that most share.
        Raises UnknownName, and HarnessError for a fault that this provider cannot send.
        """
        if base_url is None and not provider_of(provider).entries:
            raise UnknownName("provider", provider, names())
        entries = [_entry(each) for each in faults]
        for fault in (fault for entry in entries for fault in entry.faults):
            _refuse_misfit(fault, provider_of(provider))
        replies = [Reply(each) if isinstance(each, str) else each for each in says]
        upstream = Upstream(
            name or provider,
            provider,
            base_url or f"https://api.{provider}.example/v1",
            self.stage,
            model=model,
            script=Script(replies),
            schedule=Schedule(entries),
            limits=limits or Limits(),
        )
        return self.add(upstream)

    def add(self, upstream: Upstream) -> FakeProvider:
        """Set up an upstream that was made for this lab's stage."""
        self._providers[upstream.name] = FakeProvider(upstream, self)
        self._router = Router(provider.behind for provider in self._providers.values())
        return self._providers[upstream.name]

    def transport(self, module: ModuleType | None = None) -> Any:
        """A transport to every upstream of this lab, for the library that is given."""
        return transport(self._router, self.clock, module)

    def async_transport(self, module: ModuleType | None = None) -> Any:
        """The same for asynchronous clients."""
        return async_transport(self._router, self.clock, module)

    @contextmanager
    def serve(self, *, tls: Collection[str] = ()) -> Iterator[Any]:
        """Meanwhile every upstream is also served on the loopback, at its `served_url`; pauses there are real ones.

        `tls` names those that are served by https, with a certificate that the `ca_pem` of what this gives vouches for.
        """
        from faultlab.adapters.server import Server  # asyncio takes as long as all the rest

        with Server(self._router, self.clock, tls=tls).in_thread() as server:
            self._server = server
            try:
                yield server
            finally:
                self._server = None

    def served(self, url: str) -> str:
        """Where a URL of an upstream is served."""
        if self._server is None:
            raise HarnessError("nothing is served: `with lab.serve():` serves the upstreams that the lab has by then")
        served: str = self._server.url_of(url)
        return served

    def http_client(self) -> Any:
        """A client of the library that the installed openai uses; redirects are not followed."""
        return installed_library().Client(transport=self.transport())

    def async_http_client(self) -> Any:
        """The same, asynchronous."""
        return installed_library().AsyncClient(transport=self.async_transport())


class FakeProvider:
    """One upstream as its users see it: where it is, what was asked, and clients that ask it."""

    def __init__(self, upstream: Upstream, lab: Lab) -> None:
        self.behind = upstream
        self._lab = lab

    @property
    def name(self) -> str:
        """Its name in the lab."""
        return self.behind.name

    @property
    def model(self) -> str | None:
        """The model that it stands for."""
        return self.behind.model

    @property
    def base_url(self) -> str:
        """Where it is reached."""
        return self.behind.base_url

    @property
    def served_url(self) -> str:
        """Its base URL while the lab is served."""
        return self._lab.served(self.base_url)

    @property
    def api_key(self) -> str:
        """Its made-up key."""
        return self.behind.api_key

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Its part of the trace."""
        return self.behind.exchanges

    @property
    def clock(self) -> VirtualClock | SystemClock:
        """The lab's clock."""
        return self._lab.clock

    def client(self, **options: Any) -> Any:
        """A real `openai.OpenAI` that talks to this upstream."""
        import openai

        return openai.OpenAI(**self._given(self._lab.http_client()) | options)

    def async_client(self, **options: Any) -> Any:
        """A real `openai.AsyncOpenAI` that talks to this upstream."""
        import openai

        return openai.AsyncOpenAI(**self._given(self._lab.async_http_client()) | options)

    def _given(self, http_client: Any) -> dict[str, Any]:
        return {"base_url": self.base_url, "api_key": self.api_key, "http_client": http_client}


def _refuse_misfit(fault: Fault, provider: Provider) -> None:
    """Raise HarnessError if the fault can be sent to neither API in this provider's name."""
    reasons = [fault.fits(call, provider) for call in DIALECTS]
    if all(reasons):
        raise HarnessError(f"{fault.name}: {reasons[0]}")


def _entry(given: Entry | Fault | tuple[Fault, int]) -> Entry:
    if isinstance(given, Entry):
        return given
    return Entry((given,)) if isinstance(given, Fault) else Entry((given[0],), given[1])
