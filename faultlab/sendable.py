"""What a provider can send when it is asked in this way: every fault and every entry of the catalogue that fits.

Knows no schedule, no agent and no chance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from faultlab.adapters.playable import why_unplayable
from faultlab.families import family_of
from faultlab.faults import FAULTS, Fault, wire
from faultlab.providers import Entry, find
from faultlab.providers import provider as provider_of
from faultlab.scenario import CommandTarget, Scenario, SdkTarget

__all__ = ["ALWAYS_STREAMS", "NEEDS_A_TOOL", "Asking", "Sendable", "asking_of", "fits", "sendable"]

_OK: Final = 200

NEEDS_A_TOOL: Final = frozenset({"bad_tool_arguments", "unknown_tool"})
"""Faults that have nothing to work on in an answer without a tool call."""

_NEEDS_A_STREAM: Final = frozenset({"missing_end", "error_event"})
_NO_FAULT_OF_A_PROVIDER: Final = frozenset({"status", "wire"})
"""These send whatever a scenario wrote: as such they are nobody's."""

ALWAYS_STREAMS: Final = ("openai-codex", "responses")
"""It answers nobody who asks for a whole answer."""

_ANYBODY: Final = "connection"
_GATEWAY: Final = "provider_generic"
"""What stands between, and what stands for a provider that the catalogue lacks."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a provider is asked: its name, the API (`chat`, `responses`), as a stream or not, over a socket or not."""

    provider: str
    dialect: str = "chat"
    streamed: bool = False
    on_a_socket: bool = False


@dataclass(frozen=True, slots=True)
class Sendable:
    """One thing that goes wrong: its name or its id in the catalogue, the fault, its family."""

    name: str
    fault: Fault
    family: str


def asking_of(scenario: Scenario, upstream: str) -> Asking | None:
    """How a scenario's target asks this upstream; None where nobody stands."""
    backend, target = scenario.policy.backend(upstream), scenario.target
    if backend is None or not backend.base_url:
        return None
    if isinstance(target, SdkTarget):
        return Asking(backend.provider, target.call, target.stream)
    display = json.loads(scenario.config).get("display") or {}
    streamed = display.get("streaming", False) is True or (backend.provider, backend.dialect) == ALWAYS_STREAMS
    return Asking(backend.provider, backend.dialect, streamed, isinstance(target, CommandTarget))


@lru_cache(maxsize=64)
def sendable(asking: Asking) -> tuple[Sendable, ...]:
    """All of it, in order: the provider's own entries, those of the way to it, then the generic shape of the rest.

    A fault that the provider has entries of its own for is not sent in the generic shape as well.
    """
    provider = provider_of(asking.provider)
    own = provider if provider.entries else provider_of(_GATEWAY)
    sent = [entry for entry in own.entries if fits(wire(entry.id), asking)]
    had = {name for entry in sent for name in entry.faults if own is provider}
    plain = [made for made in _plain(asking) if made.name not in had]
    return (
        *(_of_entry(entry) for entry in sent),
        *(_of_entry(entry) for entry in _on_the_way(asking)),
        *(Sendable(fault.name, fault, family_of(fault.name)) for fault in plain),
    )


def _of_entry(entry: Entry) -> Sendable:
    return Sendable(entry.id, wire(entry.id), family_of("wire", entry.id))


def _plain(asking: Asking) -> Iterator[Fault]:
    """Each fault with nothing said of it."""
    for name, made in FAULTS.items():
        if name not in _NO_FAULT_OF_A_PROVIDER and fits(fault := made(), asking):
            yield fault


def _on_the_way(asking: Asking) -> Iterator[Entry]:
    """What happens to any connection, each way of it once: a plain fault that does the same stands for it."""
    plain = {fault.drops() for fault in _plain(asking)} - {None}
    seen = {str(kind) for kind in plain} | {"stall"}
    for entry in provider_of(_ANYBODY).entries:
        how = entry.drop or f"{entry.status} {entry.streamed} {entry.then}"
        if how not in seen and fits(wire(entry.id), asking):
            seen.add(how)
            yield entry


def fits(fault: Fault, asking: Asking) -> bool:
    """Whether it has a meaning here. The bytes of a stream answer nobody who asked for none."""
    if asking.on_a_socket and why_unplayable(fault, is_tls=False) is not None:
        return False
    entry = find(fault.id) if isinstance(fault, wire) else None
    is_stream = fault.name in _NEEDS_A_STREAM or (entry is not None and entry.streamed and entry.status == _OK)
    if is_stream and not asking.streamed:
        return False
    return fault.fits(asking.dialect, provider_of(asking.provider)) is None
