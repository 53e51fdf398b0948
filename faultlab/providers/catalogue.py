"""The catalogue: a JSON file for each provider beside this module, read when its provider is first asked for.

A provider without a file sends what most share; `GENERIC` says which entries those are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from faultlab.providers.base import Counting, Provider
from faultlab.providers.chunking import Chunking
from faultlab.providers.entry import Entry

__all__ = ["GENERIC", "entries", "find", "generic", "names", "provider"]

_FOLDER: Final = Path(__file__).parent
_TABLES: Final = frozenset({"kinds"})
"""Files beside the providers' that are no provider."""

_TUPLES: Final = frozenset({"calls", "faults", "inferred", "look_alikes", "sources", "sse"})

GENERIC: Final[Mapping[str, str]] = {
    "unauthorized": "openai.401.invalid_api_key",
    "token_expired": "codex.401.token_expired",
    "payment_required": "provider_generic.402.gateway_insufficient_credits",
    "forbidden": "openai.403.country",
    "model_not_found": "openai.404.model_not_found",
    "request_timeout": "provider_generic.408.request_timeout",
    "payload_too_large": "provider_generic.413.nginx_html",
    "unprocessable": "deepseek.422.invalid_parameters",
    "rate_limit": "openai.429.tokens_per_min.no_ratelimit_headers",
    "request_exceeds_rate_limit": "openai.429.request_too_large_tpm",
    "insufficient_quota": "openai.429.insufficient_quota",
    "daily_limit": "openai.429.requests_per_day",
    "usage_limit": "codex.429.usage_limit_reached",
    "credit_cap": "openrouter.403.key_limit_exceeded",
    "content_filter": "azure.400.content_filter.short",
    "not_entitled": "codex.429.usage_not_included",
    "capacity": "moonshot.429.engine_overloaded",
    "tool_use_failed": "groq.400.tool_use_failed",
    "bad_request": "codex.400.invalid_image",
    "context_overflow": "openai.400.context_length_exceeded",
    "output_too_large": "openai.400.context_length.prompt_plus_completion",
    "server_error": "openai.500.server_error",
    "bad_gateway": "openai.502.cloudflare_html",
    "unavailable": "openai.503.model_overloaded",
    "overloaded": "anthropic.529.overloaded",
    "gateway_timeout": "provider_generic.504.nginx_html",
    "error_event": "provider_generic.stream.error_event_openai",
}
"""Fault → the entry that stands for it in the name of a provider whose own shape is not known."""


@cache
def names() -> tuple[str, ...]:
    """Every provider that has a file, in order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.json") if file.stem not in _TABLES))


def provider(name: str) -> Provider:
    """The provider of this name, or of one that agents use for it; one that the catalogue lacks has no entries."""
    found = name if name in names() else _other_names().get(name)
    return Provider(name) if found is None else _read(found)


def entries() -> tuple[Entry, ...]:
    """The whole catalogue, by provider."""
    return tuple(entry for name in names() for entry in _read(name).entries)


def find(entry_id: str) -> Entry | None:
    """The entry of this id."""
    name = entry_id.partition(".")[0]
    return _by_id(name).get(entry_id) if name in names() else None


def generic(fault: str) -> Entry | None:
    """What is sent for a fault where a provider's own shape is not known."""
    return find(GENERIC[fault]) if fault in GENERIC else None


@cache
def _other_names() -> Mapping[str, str]:
    return {other: name for name in names() for other in _read(name).also}


@cache
def _by_id(name: str) -> Mapping[str, Entry]:
    return {entry.id: entry for entry in _read(name).entries}


@cache
def _read(name: str) -> Provider:
    told = json.loads((_FOLDER / f"{name}.json").read_bytes())
    listed = tuple(_entry(each, name) for each in told["entries"])
    counting = Counting(**told.get("limits", {}))
    own = told.get("chunking", {})
    chunking = Chunking(**own | {"sources": tuple(own.get("sources", ()))})
    about = told["title"], told["base_url"], told["notes"], tuple(told["also"])
    return Provider(name, *about, counting, chunking, listed)


def _entry(told: Mapping[str, Any], name: str) -> Entry:
    fields: dict[str, Any] = {
        key: tuple(held) if key in _TUPLES else held for key, held in told.items() if key not in _OTHERWISE
    }
    fields |= {"provider": name, "streamed": told.get("stream", False)}
    fields.setdefault("faults", (told["fault"],) if told["fault"] else ())
    fields.setdefault("calls", (told["call"],))
    fields.setdefault("of", _OF_KIND.get(told["kind"], ""))
    return Entry(**fields)


_OF_KIND: Final = {
    "rate_limit_day": "requests",
    "rate_limit_requests": "requests",
    "rate_limit_tokens": "tokens",
    "request_exceeds_tpm": "tokens",
}
"""What a kind of the facts counts, where its entry does not say otherwise."""

_OTHERWISE: Final = frozenset({"fault", "stream"})
"""Keys of the file that the value has under another name or in another form."""
