"""Faults that send an entry of the catalogue: the provider's own for a fault of that name, or the one with an id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from faultlab.errors import HarnessError, UnknownName
from faultlab.faults.base import CODE, FLAG, TEXT, Events, Fault, Moment, option
from faultlab.nearest import did_you_mean
from faultlab.providers import Entry, Provider, entries, find, generic, names
from faultlab.providers import provider as provider_of
from faultlab.providers.entry import STALL
from faultlab.providers.kinds import judged
from faultlab.wire import DropKind, Request

__all__ = ["Catalogued", "StatusFault", "Wire", "Worded"]

_OK = 200


@dataclass(frozen=True, slots=True)
class Catalogued(Fault):
    """What the provider sends for this fault, or one `variant` of it; `strict`: only if a source shows its body.

    The usual shape, which a fault's own docstring names, is what OpenAI sends, or what stands for it; a provider that
    is known to send another one sends that.
    """

    variant: str | None = option(TEXT, kw_only=True)
    strict: bool | None = option(FLAG, kw_only=True)

    @property
    def in_own_words(self) -> bool:
        """Whether it says what a scenario wrote, and nothing that a provider would."""
        return False

    def entry(self, call: str, provider: Provider) -> Entry | None:
        """The provider's own entry; where that is not known, the one that stands for most."""
        own = provider.entry(self.name, call, self.variant)
        return own or (None if self.variant is not None else generic(self.name))

    def fits(self, call: str, provider: Provider) -> str | None:
        """What is wrong with its variant, or why it is not to be had strictly."""
        sent = self.entry(call, provider)
        if self.variant is not None and (sent is None or sent.provider != provider.name):
            known = [entry.variant for entry in provider.variants(self.name)]
            listed = f" (it has {', '.join(known)})" if known else " (no shape of its own is known)"
            return f"{provider.name} sends no variant {self.variant!r} of it{did_you_mean(self.variant, known)}{listed}"
        if not self.strict:
            return None
        own = sent if sent and sent.provider == provider.name and call in sent.calls else None
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
        stated, headers = self.stated(moment), self.headers(moment)
        return entry.events(moment.occasion(stated), headers, without=_WAITS if headers else frozenset())

    def stated(self, _moment: Moment) -> dict[str, Any]:
        """The quantities that it states; what it leaves open is made up."""
        return {}

    def headers(self, _moment: Moment) -> tuple[tuple[str, str], ...]:
        """Headers beside or in place of the provider's."""
        return ()


@dataclass(frozen=True, slots=True)
class Worded(Catalogued):
    """An error within an answer: with a code or message of its own in the usual shape, else as the provider says it."""

    code: str | int | None = option(CODE)
    message: str | None = option(TEXT)

    def __post_init__(self) -> None:
        Catalogued.__post_init__(self)
        if self.in_own_words and (self.variant is not None or self.strict):
            name = "message" if self.code is None else "code"
            raise ValueError(f"{name}: words of your own are no provider's: leave out `variant` and `strict`")

    @property
    def in_own_words(self) -> bool:
        """Whether it says what a scenario wrote."""
        return self.code is not None or self.message is not None

    def entry(self, call: str, provider: Provider) -> Entry | None:
        """The provider's own for this API, or what stands for it; without a variant one that speaks of the server."""
        if self.in_own_words:
            return None
        known = [*provider.variants(self.name), *filter(None, [generic(self.name)])]
        found = (entry for entry in known if call in entry.calls and self._means(entry))
        return next(found, None)

    def _means(self, entry: Entry) -> bool:
        return _of_the_server(entry) if self.variant is None else entry.is_called(self.variant)


@dataclass(frozen=True, slots=True)
class Wire(Fault):
    """One entry of the catalogue, by its id, whoever is asked; its waits are those that were seen.

    `id`: such as `groq.429.tokens_per_minute`; `faultlab faults` lists all. `strict`: only if a source shows
    its body.
    """

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


_WAITS = frozenset({"retry-after", "retry-after-ms"})
"""Headers that are a fault's own business when it states a wait: what it does not state is then not stated."""


def _found(entry_id: str) -> Entry:
    """The entry of this id. Raises UnknownName with the nearest one."""
    found = find(entry_id)
    if found is not None:
        return found
    name = entry_id.partition(".")[0]
    if name in names():
        raise UnknownName("entry", entry_id, [entry.id for entry in provider_of(name).entries])
    raise UnknownName("entry", entry_id, [entry.id for entry in entries()], [f"{known}.…" for known in names()])


def _of_the_server(entry: Entry) -> bool:
    """Whether it speaks of the server, and not of the account, the request or its size."""
    return {verdict.kind for verdict in judged(entry.id)} <= _OF_THE_SERVER


_OF_THE_SERVER = frozenset({"invalid_response", "overloaded", "server_error", "timed_out", "unreachable"})


def _guessed(entry: Entry) -> str | None:
    """Why it is not to be had strictly."""
    part = entry.inferred_body
    return f"no source shows the body of {entry.id}: {part} is inferred" if part else None


def _seen_waits(entry: Entry) -> dict[str, Any]:
    """Waits as they were seen; all that has to agree with the request is made anew."""
    return {name: seen for name, seen in entry.seen.items() if name in _SEEN_WAITS and isinstance(seen, int | float)}


_SEEN_WAITS = frozenset({"wait", "window_reset", "second_window_reset"})
