"""What a provider's errors look like on the wire: data, and how its holes are filled. Knows no fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from faultlab.wire import Data, Head

__all__ = ["ErrorShape", "Provider", "response"]


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """One error as it is sent: a body that is a document goes out as JSON, a string as it is.

    Texts may have holes in the manner of `str.format`. `source` is the entry of the collection that it was taken from.
    """

    status: int
    body: object
    headers: tuple[tuple[str, str], ...] = ()
    source: str = ""

    def events(self, values: Mapping[str, object], headers: tuple[tuple[str, str], ...] = ()) -> tuple[Head, Data]:
        """The error with its holes filled, `headers` beside its own."""
        return response(self.status, _filled(self.body, values), self.headers + headers)


@dataclass(frozen=True, slots=True)
class Provider:
    """In whose name errors are sent: kind of error → its shape."""

    name: str
    errors: Mapping[str, ErrorShape] = field(repr=False)


def response(status: int, body: object, headers: tuple[tuple[str, str], ...] = ()) -> tuple[Head, Data]:
    """A whole response: JSON, unless the body is a string; a header that is given is not made up."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    data = text.encode("utf-8", "backslashreplace")
    kind = "application/json" if not isinstance(body, str) else "text/html" if text.startswith("<") else "text/plain"
    given = {name.lower() for name, _ in headers}
    made = (("content-type", kind), ("content-length", str(len(data))))
    return Head(status, tuple(header for header in made if header[0] not in given) + headers), Data(data)


def _filled(body: object, values: Mapping[str, object]) -> object:
    if isinstance(body, str):
        return body.format_map(values)
    if isinstance(body, Mapping):
        return {key: _filled(value, values) for key, value in body.items()}
    return body
