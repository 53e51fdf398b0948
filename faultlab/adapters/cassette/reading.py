"""A cassette's file as values: read by vcrpy's own serializers, whoever recorded it and with which client."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from faultlab.adapters.cassette.loading import vcrpy
from faultlab.adapters.cassette.unpacking import Headers, unpacked
from faultlab.cassette import Cassette, Recording
from faultlab.errors import UnreadableCassette
from faultlab.recorded_reply import server_sent_events
from faultlab.wire import Data, Event, Head, received

__all__ = ["body_of", "read_cassette", "text_of"]

_LIES: Final = frozenset({"transfer-encoding", "connection", "keep-alive", "content-length"})
"""Headers that spoke of the connection of then, or of a body that may have been unpacked since."""

_EMPTY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


def read_cassette(path: str | Path, shown: str | None = None) -> Cassette:
    """The recordings of a file, YAML or JSON. `shown` is how sentences call it. Raises UnreadableCassette."""
    try:
        state = Path(path).stat()
    except OSError as error:
        raise UnreadableCassette(path, error.strerror or "it cannot be read") from None
    return _read(str(path), shown or str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=32)
def _read(path: str, shown: str, *_: int) -> Cassette:
    try:
        found = _pairs(Path(path).read_text(encoding="utf-8-sig"))
        recordings = tuple(_recording(number, *pair) for number, pair in enumerate(found, 1))
    except (KeyError, TypeError) as error:
        raise UnreadableCassette(path, f"vcrpy finds no interactions as it writes them ({error!r})") from error
    except Exception as error:  # whatever it raises, this is no cassette
        raise UnreadableCassette(path, f"{type(error).__name__}: {error}") from error
    if not recordings:
        raise UnreadableCassette(path, "it holds no interactions")
    return Cassette(shown, recordings)


def _pairs(text: str) -> Iterable[tuple[Any, Any]]:
    """Vcrpy's own requests and responses."""
    vcr = vcrpy()
    form = vcr.serializers.jsonserializer if text.lstrip().startswith("{") else vcr.serializers.yamlserializer
    requests, responses, *_ = vcr.serialize.deserialize(text, form)
    return zip(requests, responses, strict=True)


def _recording(number: int, request: Any, response: Mapping[str, Any]) -> Recording:
    sent = [
        (text_of(name).encode("latin-1", "replace"), text_of(value).encode()) for name, value in request.headers.items()
    ]
    asked, _ = received(request.method, request.uri, sent, body_of(request.body))
    return Recording(number, asked, tuple(_events(response, is_head=request.method == "HEAD")))


def _events(response: Mapping[str, Any], *, is_head: bool) -> Iterator[Event]:
    status, body = _status_and_body(response)
    headers, body = unpacked([(name.lower(), text) for name, text in _headers(response)], body)
    kept = [(name, text) for name, text in headers if name not in _LIES]
    if _is_stream(kept):
        yield Head(status, tuple(kept))
        yield from map(Data, server_sent_events(body))
        return
    if not (is_head or status in _EMPTY):
        kept.append(("content-length", str(len(body))))
    yield Head(status, tuple(kept))
    yield Data(body)


def _status_and_body(response: Mapping[str, Any]) -> tuple[int, bytes]:
    if "status" in response:
        body = response.get("body") or {}
        return int(response["status"]["code"]), body_of(body)
    return int(response["status_code"]), body_of(response.get("content"))  # of httpx, before vcrpy 6


def _headers(response: Mapping[str, Any]) -> Headers:
    given = (response.get("headers") or {}).items()
    return [(text_of(name), text_of(one)) for name, values in given for one in _each(values)]


def _each(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def text_of(value: Any) -> str:
    """A name or value of a header, which clients hand to vcrpy as text or as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _is_stream(headers: Headers) -> bool:
    return any(name == "content-type" and text.startswith("text/event-stream") for name, text in headers)


def body_of(body: Any) -> bytes:
    """A body as bytes, in whichever way a cassette holds it or a client gave it."""
    match body:
        case {"base64_string": encoded}:
            return base64.b64decode(encoded)
        case dict():
            return body_of(body["string"]) if "string" in body else json.dumps(body).encode()
        case str():
            return body.encode()
        case bytes() | bytearray() | None:
            return bytes(body or b"")
    return body_of(body.read()) if hasattr(body, "read") else b"".join(map(body_of, body))
