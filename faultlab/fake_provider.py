"""One fake provider as its users see it: where it is, what it was asked, and clients that ask it."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

from faultlab.clock import SystemClock, VirtualClock
from faultlab.trace import Exchange
from faultlab.upstream import Upstream

__all__ = ["FakeProvider", "Home"]


class Home(Protocol):
    """What an upstream asks of the lab that it stands in."""

    @property
    def clock(self) -> VirtualClock | SystemClock:
        """The time that all its upstreams share."""

    def served(self, url: str) -> str:
        """Where a URL of an upstream is served."""

    def transport(self, module: ModuleType | None = None) -> Any:
        """A transport to every upstream."""

    def async_transport(self, module: ModuleType | None = None) -> Any:
        """The same for asynchronous clients."""

    def http_client(self) -> Any:
        """A client that reaches every upstream."""

    def async_http_client(self) -> Any:
        """The same, asynchronous."""


class FakeProvider:
    """One upstream as its users see it: where it is, what was asked, and clients that ask it."""

    def __init__(self, upstream: Upstream, lab: Home) -> None:
        self.behind = upstream
        self._lab = lab

    def __repr__(self) -> str:
        return f"<upstream {self.name!r}: {self.behind.provider}>"

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

    def transport(self, module: ModuleType | None = None) -> Any:
        """A transport to the lab's upstreams, for httpx2 or httpx (None: the one that the installed openai uses)."""
        return self._lab.transport(module)

    def async_transport(self, module: ModuleType | None = None) -> Any:
        """The same for asynchronous clients."""
        return self._lab.async_transport(module)

    def http_client(self) -> Any:
        """A client of the library that the installed openai uses; redirects are not followed."""
        return self._lab.http_client()

    def async_http_client(self) -> Any:
        """The same, asynchronous."""
        return self._lab.async_http_client()

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
