"""Texts with holes: how a number, a wait or a moment is written the way a provider writes it. Knows no provider.

`{quantity}` or `{quantity:form}` is a hole, `{{` and `}}` are braces, and `XXXX` is always a made-up id.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

__all__ = ["FORMS", "MOMENTS", "Hole", "Id", "Template", "Values", "of_json", "of_text"]


class Values(Protocol):
    """What fills a template."""

    at_s: float
    """Seconds since 1970."""

    def __getitem__(self, quantity: str) -> Any:
        """The value of a quantity: a text, a count, or seconds from now."""

    def id_for(self, prefix: str) -> str:
        """A made-up id, the same for the same prefix."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A place where a quantity stands, in a form."""

    quantity: str
    form: str = ""

    def filled(self, values: Values) -> str:
        """Its text; a value that is a text already (a model's name, a moment that was seen) stays as it is."""
        value = values[self.quantity]
        return value if isinstance(value, str) else FORMS[self.form](value, values.at_s)


@dataclass(frozen=True, slots=True)
class Id:
    """A place where an id stands that the provider made up, behind its prefix."""

    prefix: str

    def filled(self, values: Values) -> str:
        """Its text."""
        return self.prefix + values.id_for(self.prefix)


_Part = str | Hole | Id


@dataclass(frozen=True, slots=True)
class Template:
    """Texts and holes in order. `is_json`: what fills a hole is escaped, since it stands within a JSON string."""

    parts: tuple[_Part, ...]
    is_json: bool = False

    def filled(self, values: Values) -> str:
        """The text with every hole filled."""
        return "".join(part if isinstance(part, str) else self._escaped(part.filled(values)) for part in self.parts)

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Its holes, ids apart."""
        return tuple(part for part in self.parts if isinstance(part, Hole))

    def _escaped(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=False)[1:-1] if self.is_json else text


def of_text(text: str, *, is_json: bool = False) -> Template:
    """A template from a text. Raises ValueError for a brace that is neither doubled nor a hole's, and for no form."""
    return Template(tuple(_parts(text)), is_json=is_json)


def of_json(document: Any) -> Template:
    """The JSON text of a document whose strings are templates; a string that is `{quantity:…:number}` is a number."""
    merged: list[_Part] = []
    for part in _written(document):
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return Template(tuple(merged), is_json=True)


_NUMBER: Final = re.compile(r"\{(\w+)((?::\w+)*?):number\}")


def _written(value: Any) -> Iterator[_Part]:
    """A value as `json.dumps` writes it, holes apart."""
    if isinstance(value, Mapping):
        yield "{"
        for place, (name, held) in enumerate(value.items()):
            yield f"{', ' if place else ''}{_quoted(name)}: "
            yield from _written(held)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for place, held in enumerate(value):
            yield ", " if place else ""
            yield from _written(held)
        yield "]"
    elif isinstance(value, str):
        yield from _string(value)
    else:
        yield json.dumps(value)


def _string(text: str) -> Iterator[_Part]:
    number = _NUMBER.fullmatch(text)
    if number:
        yield _hole(number[1], number[2])
        return
    yield '"'
    for part in _parts(text):
        yield _quoted(part)[1:-1] if isinstance(part, str) else part
    yield '"'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_PLACES: Final = re.compile(
    r"\{\{|\}\}|\{(\w+)((?::\w+)*)\}|((?:[A-Za-z]+[-_]|(?:team|account|organization|project_number)[ /:]<?)?)XXXX|[{}]"
)


def _parts(text: str) -> Iterator[_Part]:
    end = 0
    for place in _PLACES.finditer(text):
        if place.start() > end:
            yield text[end : place.start()]
        yield _part(place, text)
        end = place.end()
    if end < len(text):
        yield text[end:]


def _part(place: re.Match[str], text: str) -> _Part:
    if place[0] in ("{{", "}}"):
        return place[0][0]
    if place[1]:
        return _hole(place[1], place[2])
    if place[0] in "{}":
        raise ValueError(f"a single brace at {place.start()} of {text!r:.60}")
    return Id(place[3])


def _hole(quantity: str, form: str) -> Hole:
    name = form.strip(":")
    if name not in FORMS:
        raise ValueError(f"{quantity}: no form {name!r}; there are: {', '.join(sorted(FORMS))}")
    return Hole(quantity, name)


def _plain(value: Any, _at_s: float) -> str:
    return str(value)


def _grouped(value: Any, _at_s: float) -> str:
    return f"{value:,}"


def _up(value: float, _at_s: float) -> str:
    return str(math.ceil(round(value, 3)))


def _seconds(value: float, _at_s: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _with_s(value: float, at_s: float) -> str:
    return f"{_seconds(value, at_s)}s"


def _ms(value: float, _at_s: float) -> str:
    return str(round(value * 1000))


def _go(value: float, at_s: float) -> str:
    """As Go's `time.Duration` prints itself: 0s, 644ms, 4.77s, 6m0s, 2h0m0s."""
    milliseconds = round(value * 1000)
    if 0 < milliseconds < _SECOND_MS:
        return f"{milliseconds}ms"
    minutes, seconds = divmod(milliseconds / 1000, 60)
    hours, minutes = divmod(int(minutes), 60)
    led = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{led}{_seconds(round(seconds, 3), at_s)}s"


_SECOND_MS: Final = 1000


def _moment(pattern: str) -> Callable[[float, float], str]:
    return lambda value, at_s: datetime.fromtimestamp(math.ceil(at_s + value), UTC).strftime(pattern)


FORMS: Final[Mapping[str, Callable[[Any, float], str]]] = {
    "": _plain,
    "grouped": _grouped,
    "up": _up,
    "down": lambda value, _: str(math.floor(value)),
    "seconds": _seconds,
    "s": _with_s,
    "ms": _ms,
    "go": _go,
    "rfc3339": _moment("%Y-%m-%dT%H:%M:%SZ"),
    "local": _moment("%Y-%m-%d %H:%M:%S"),
    "epoch": lambda value, at_s: str(math.ceil(at_s + value)),
    "epoch_ms": lambda value, at_s: str(math.ceil(at_s + value) * 1000),
}
"""How a value is written: seconds in the first half, the moment so many seconds from now in the second."""

MOMENTS: Final = frozenset({"rfc3339", "local", "epoch", "epoch_ms"})
"""Forms that name a moment."""
