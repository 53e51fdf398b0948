"""JSON that somebody else wrote, read as it should be: what is missing or of another kind reads as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["mapping_in", "mappings_in", "text_in"]


def mapping_in(value: Any) -> Mapping[str, Any]:
    """The mapping itself."""
    return value if isinstance(value, dict) else {}


def mappings_in(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_in(content: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(text_in(part.get("text")) for part in mappings_in(content))
