"""Who plays the events: a transport in process, and later a server, a proxy, a cassette."""

from __future__ import annotations

__all__: list[str] = []
