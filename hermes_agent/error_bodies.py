"""An error body of any shape, read into codes, texts and fields: objects, lists, bare texts, pages, JSON within a text.

Nothing here knows what a code or a text means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ErrorReport", "lower_headers", "read_error"]

_CODE_KEYS = frozenset(
    ["code", "error_type", "http_code", "limit_source", "raw_status_code", "reason", "status", "status_code", "type"]
)
_TEXT_KEYS = frozenset(["detail", "error", "loc", "message", "msg", "quotaId", "raw", "title"])
# What a provider echoes of the request, and what other models said before (`previous_errors`), is not looked into.
_INNER_KEYS = frozenset(
    ["detail", "details", "error", "errors", "innererror", "loc", "message", "metadata", "raw", "violations"]
)
_DEEPEST = 8  # a gateway behind a gateway nests about four deep
_LONGEST = 10_000  # what a provider says comes first; what follows is a page's or the request's own text
_PAGE_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """What an error says: `codes` in lower case and `texts` as they came, `fields` the first value of each name."""

    codes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    fields: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """All texts, one a line."""
        return "\n".join(self.texts)

    @property
    def status(self) -> int | None:
        """The first code that is a number from 400 to 599."""
        return next((int(code) for code in self.codes if re.fullmatch("[45][0-9]{2}", code)), None)

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that a gateway packs into the body (OpenRouter's `metadata.headers`)."""
        return lower_headers(self.field("headers"))

    def field(self, name: str) -> Any:
        """The field of that name, or None."""
        return (self.fields or {}).get(name)


def read_error(body: object) -> ErrorReport:
    """What `body` says, whatever its shape, the client's own objects included; never raises."""
    plain = getattr(body, "model_dump", None)
    leaves = list(_leaves("error", plain(warnings=False) if plain else body, 0))
    fields: dict[str, Any] = {}
    for name, value in leaves:
        fields.setdefault(name, value)
    codes = (str(value).lower() for name, value in leaves if name in _CODE_KEYS and isinstance(value, (str, int)))
    texts = (value for name, value in leaves if name == "message" and isinstance(value, str))
    return ErrorReport(tuple(dict.fromkeys(codes)), tuple(dict.fromkeys(texts)), fields)


def lower_headers(headers: object) -> Mapping[str, str]:
    """Header names in lower case; nothing if these are no headers."""
    if not isinstance(headers, Mapping):
        return {}
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _leaves(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    """All leaves in the order of the document; every text bears the name `message`."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping) and name in _INNER_KEYS:
        for inner, item in value.items():
            yield from _leaves(str(inner), item, depth + 1)
    elif isinstance(value, list) and name in _INNER_KEYS:
        for item in value:
            yield from _leaves(name, item, depth + 1)
    elif isinstance(value, str) and name in _TEXT_KEYS:
        yield from _leaves_of_text(value.strip(), depth)
    else:
        yield name, value


def _leaves_of_text(text: str, depth: int) -> Iterator[tuple[str, object]]:
    if text.startswith("<"):
        page = text[:_LONGEST]
        title = _PAGE_TITLE.search(page)
        yield "message", (title[1] if title else _TAG.sub(" ", page)).strip()
        return
    start = text.find("{")
    within = list(_leaves("error", _object_at(text, start), depth + 1)) if start >= 0 else []
    before = text[:start].strip(" \t\r\n:[") if any(name == "message" for name, _ in within) else text
    if before:
        yield "message", before[:_LONGEST]
    if before != text:
        yield from within


def _object_at(text: str, start: int) -> object:
    """The JSON object that begins there, or None: gateways wrap a provider's whole answer in a text."""
    try:
        return json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None
