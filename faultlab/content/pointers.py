"""Where a reference within a JSON schema points."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

__all__ = ["parts_of", "target_of"]


def parts_of(reference: str) -> list[str]:
    """The steps of `#/$defs/…`. Raises ValueError for a reference that leaves the schema, or goes by a name."""
    if reference not in ("", "#") and not reference.startswith("#/"):
        raise ValueError(f"the reference {reference!r:.80} is not one into this schema, such as '#/$defs/name'")
    steps = unquote(reference.removeprefix("#")).split("/")[1:]
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def target_of(reference: str, document: Any) -> Any:
    """The schema that is meant. Raises ValueError where there is none."""
    found = document
    for step in parts_of(reference):
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ValueError(f"the reference {reference!r:.80} points nowhere") from None
    return found
