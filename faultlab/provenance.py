"""Which entry of the catalogue the bytes of an error come from, and whether a source shows them. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable

from faultlab.faults import Fault
from faultlab.faults.catalogued import Catalogued, Wire
from faultlab.providers import Provider
from faultlab.trace import GENERIC_SHAPE

__all__ = ["shape_of"]


def shape_of(faults: Iterable[Fault], call: str, provider: Provider) -> str | None:
    """The id of the entry that was sent, marked where it stands for a shape that is not known."""
    for fault in faults:
        entry = fault.entry(call, provider)
        if isinstance(fault, Wire):
            return entry.id if entry else None
        if entry is not None:
            own = entry.provider == provider.name and (not call or call in entry.calls)
            return entry.id if own else f"{GENERIC_SHAPE}{entry.id}"
        if isinstance(fault, Catalogued) and not fault.in_own_words:
            return f"{GENERIC_SHAPE}no source"
    return None
