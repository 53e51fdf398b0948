"""Faults that send an entry of the catalogue: the provider's own for a fault of that name, or the one with an id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from faultlab.errors import HarnessError, UnknownName
from faultlab.faults.base import FLAG, TEXT, Events, Fault, Moment, option
from faultlab.nearest import did_you_mean
from faultlab.providers import Entry, Provider, entries, find, generic, names
from faultlab.providers import provider as provider_of
from faultlab.providers.entry import STALL
from faultlab.wire import DropKind, Request

__all__ = ["Catalogued", "StatusFault", "Wire"]

_OK = 200


@dataclass(frozen=True, slots=True)
class Catalogued(Fault):
    """What the provider sends for this fault, or one `variant` of it; `strict`: only if a source shows its body."""

    variant: str | None = option(TEXT, kw_only=True)
    strict: bool | None = option(FLAG, kw_only=True)

    def entry(self, call: str, provider: Provider) -> Entry | None:
        """The provider's own entry; where that is not known, the one that stands for most."""
        return provider.entry(self.name, call, self.variant) or (None if self.variant else generic(self.name))

    def fits(self, call: str, provider: Provider) -> str | None:
        """What is wrong with its variant, or why it is not to be had strictly."""
        if self.variant is not None and self.entry(call, provider) is None:
            known = [entry.variant for entry in provider.variants(self.name)]
            listed = f" (it has {', '.join(known)})" if known else " (no shape of its own is known)"
            return f"{provider.name} sends no variant {self.variant!r} of it{did_you_mean(self.variant, known)}{listed}"
        if not self.strict:
            return None
        own = provider.entry(self.name, call, self.variant)
        guessed = _guessed(own) if own else f"no source shows what {provider.name} sends for it"
        return guessed and f"it is `strict`, and {guessed}"


@dataclass(frozen=True, slots=True)
class StatusFault(Catalogued):
    """An error in the provider's own words; subclasses say which numbers and headers it states."""

    def answer(self, _request: Request, moment: Moment) -> Events | None:
        """The provider's error of this name."""
        entry = self.entry(moment.dialect.name, moment.provider)
        if entry is None:
            raise HarnessError(f"no shape is known for the fault {self.name}")
        return entry.events(moment.occasion(self.stated(moment)), self.headers(moment))

    def stated(self, _moment: Moment) -> dict[str, Any]:
        """The quantities that it states; what it leaves open is made up."""
        return {}

    def headers(self, _moment: Moment) -> tuple[tuple[str, str], ...]:
        """Headers beside or in place of the provider's."""
        return ()


@dataclass(frozen=True, slots=True)
class Wire(Fault):
    """One entry of the catalogue, by its id, whoever is asked; its waits are those that were seen."""

    shorthand: ClassVar[str] = "id"

    id: str = option(TEXT, "")
    strict: bool | None = option(FLAG)

    def __post_init__(self) -> None:
        # Without arguments: dataclasses with slots are made anew, and `super()` would mean the class before that.
        Fault.__post_init__(self)
        if not self.id:
            raise ValueError("id: an entry of the catalogue, such as groq.429.tokens_per_minute")
        found = _found(self.id)
        guessed = _guessed(found) if self.strict else None
        if guessed:
            raise ValueError(f"strict: {guessed}")

    def answer(self, _request: Request, moment: Moment) -> Events | None:
        """Its events; the bytes of a stream are no answer to a request that asked for none."""
        found = _found(self.id)
        if found.streamed and found.status == _OK and not moment.question.streamed:
            return None
        return found.events(moment.occasion(_seen_waits(found)))

    def drops(self) -> DropKind | None:
        """What the entry says, unless it is silence."""
        how = _found(self.id).drop
        return DropKind(how) if how and how != STALL else None

    def fits(self, call: str, _provider: Provider) -> str | None:
        """An answer, as opposed to an error, is of one API."""
        found = _found(self.id)
        if found.status != _OK or call in found.calls:
            return None
        return f"{found.id} is an answer of {' and '.join(found.calls)}, and this provider is asked by {call}"

    def entry(self, _call: str, _provider: Provider) -> Entry | None:
        """The entry of that id."""
        return _found(self.id)


def _found(entry_id: str) -> Entry:
    """The entry of this id. Raises UnknownName with the nearest one."""
    found = find(entry_id)
    if found is not None:
        return found
    name = entry_id.partition(".")[0]
    if name in names():
        raise UnknownName("entry", entry_id, [entry.id for entry in provider_of(name).entries])
    raise UnknownName("entry", entry_id, [entry.id for entry in entries()], [f"{known}.…" for known in names()])


def _guessed(entry: Entry) -> str | None:
    """Why it is not to be had strictly."""
    part = entry.inferred_body
    return f"no source shows the body of {entry.id}: {part} is inferred" if part else None


def _seen_waits(entry: Entry) -> dict[str, Any]:
    """Waits as they were seen; all that has to agree with the request is made anew."""
    wait = entry.seen.get("wait")
    return {} if not isinstance(wait, int | float) else {"wait": wait}
