"""Traffic on its way into a cassette: without what is secret in it, in the order in which it was asked, written whole.

What is written, vcrpy writes: its own requests, its own documents, its own serializers.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock, local
from typing import Any, NamedTuple

from faultlab.adapters.cassette.loading import vcrpy
from faultlab.adapters.cassette.reading import body_of, text_of
from faultlab.adapters.cassette.scrubbing import Scrubber
from faultlab.adapters.cassette.unpacking import Headers, unpacked
from faultlab.errors import HarnessError
from faultlab.wire import REDACTED

__all__ = ["Recorder", "Sent", "hold_free"]

_ORDER = "faultlab_order"
"""What a request of vcrpy's carries while it is on its way: when it was asked."""


def hold_free(path: Path, *, overwrite: bool) -> None:
    """Raise if something is recorded there already, or nothing can be."""
    above = next(each for each in path.absolute().parents if each.exists())
    part = _part(above / path.name)
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        raise HarnessError(f"{path} cannot be recorded to: {error.strerror}") from None
    if path.exists() and not path.is_file():
        raise HarnessError(f"{path} cannot be recorded to: it is no file that could be written")
    if path.exists() and path.stat().st_size and not overwrite:
        raise HarnessError(f"{path} is there already and stays as it is: remove it, or have it overwritten")


class Sent(NamedTuple):
    """What was sent to somebody; an answer has neither method nor URL."""

    method: str
    url: str
    headers: Headers
    body: bytes


class Recorder:
    """One cassette in the making. `recorded` exchanges are in it; `left_out` are those that could not be.

    Also vcrpy's persister: it asks for what is there, which is nothing, and hands over what is to be written.
    """

    def __init__(self, path: Path, known: Iterable[str] = (), *, overwrite: bool = False) -> None:
        hold_free(path, overwrite=overwrite)
        self.path = path
        self.recorded = 0
        self.left_out = 0
        self._scrubber = Scrubber(known)
        self._count = itertools.count()
        self._open: dict[tuple[str, str, bytes], int] = {}
        self._kept: list[tuple[Any, Any]] = []
        self._thread = local()
        self._lock = Lock()

    # What vcrpy asks.

    def before_request(self, request: Any) -> Any:
        """The request as it may be kept. Asked when it is made, and once more when it was answered."""
        if hasattr(request, _ORDER):
            return request
        headers = [(str(name), text_of(value)) for name, value in request.headers.items()]
        headers, body = _readable(headers, body_of(request.body))
        self._scrubber.look_at(request.uri, headers, body)
        kept = self._request(request.method, request.uri, headers, body)
        self._thread.asked = kept.method, kept.uri, kept.body
        setattr(kept, _ORDER, self._order(self._thread.asked))
        return kept

    def before_response(self, response: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer as it may be kept; None for one that nobody here can read, and so nobody can clean.

        vcrpy asks this right after `before_request`, in the same thread.
        """
        with self._lock:
            self._open.pop(self._thread.asked, None)
        headers = [(name, one) for name, values in response["headers"].items() for one in values]
        told = self._response(headers, body_of(response["body"]))
        if told is None:
            self.lose()
            return None
        return {**response, **told}

    def load_cassette(self, *_: Any, **__: Any) -> Any:
        """Nothing is played while it records."""
        raise vcrpy().persisters.filesystem.CassetteNotFoundError

    def save_cassette(self, _: str, cassette_dict: Mapping[str, Sequence[Any]], **__: Any) -> None:
        """Write what was recorded."""
        self._write(list(zip(cassette_dict["requests"], cassette_dict["responses"], strict=True)))

    # What a recorder asks that is none of vcrpy's.

    def begin(self) -> int:
        """A request was made: its place in the order."""
        with self._lock:
            return next(self._count)

    def add(self, order: int, asked: Sent, answered: Sent, status: tuple[int, str]) -> None:
        """An exchange is over; `status` with its phrase."""
        headers, body = _readable(asked.headers, asked.body)
        self._scrubber.look_at(asked.url, headers, body)
        response = self._response(answered.headers, answered.body)
        if response is None:
            self.lose()
            return
        request = self._request(asked.method, asked.url, headers, body)
        setattr(request, _ORDER, order)
        with self._lock:
            self._kept.append((request, {"status": {"code": status[0], "message": status[1]}, **response}))

    def lose(self) -> None:
        """An exchange came to no end that could be recorded."""
        with self._lock:
            self.left_out += 1

    def write(self) -> None:
        """Write what was added; without anything there is no file."""
        with self._lock:
            kept = list(self._kept)
        if kept:
            self._write(kept)

    # How it is kept.

    def _order(self, asked: tuple[str, str, bytes]) -> int:
        """When it was first seen: of those that are alike and under way, nobody can tell one from the other."""
        with self._lock:
            if asked not in self._open:
                self._open[asked] = next(self._count)
            return self._open[asked]

    def _request(self, method: str, url: str, headers: Headers, body: bytes) -> Any:
        clean = self._scrubber.body(headers, body)
        kept = dict(_measured(self._scrubber.headers(headers), clean))
        return vcrpy().request.Request(method, self._scrubber.url(url), clean, kept)

    def _response(self, headers: Headers, body: bytes) -> dict[str, Any] | None:
        headers, body = unpacked(headers, body)
        if any(name.lower() == "content-encoding" for name, _ in headers):
            return None
        self._scrubber.look_at("", headers, body)
        clean = self._scrubber.body(headers, body)
        listed: dict[str, list[str]] = {}
        for name, value in _measured(self._scrubber.headers(headers), clean):
            listed.setdefault(name, []).append(value)
        return {"headers": listed, "body": {"string": clean}}

    def _write(self, kept: Sequence[tuple[Any, Any]]) -> None:
        """In the order of the requests, once more without all that is known by now to be secret."""
        vcr = vcrpy()
        ordered = sorted(kept, key=lambda pair: getattr(pair[0], _ORDER, 0))
        cleaned = [self._cleaned(*pair) for pair in ordered]
        document = {"requests": [one for one, _ in cleaned], "responses": [one for _, one in cleaned]}
        form = vcr.serializers.jsonserializer if self.path.suffix == ".json" else vcr.serializers.yamlserializer
        try:
            text = vcr.serialize.serialize(document, form)
        except TypeError as error:
            raise HarnessError(f"{self.path} cannot be written, a .yaml file could be: {error}") from error
        _put(self.path, text)
        self.recorded = len(cleaned)

    def _cleaned(self, request: Any, response: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        given = [(name, text_of(value)) for name, value in request.headers.items()]
        again = self._request(request.method, request.uri, given, body_of(request.body))
        headers = [(name, one) for name, values in response["headers"].items() for one in values]
        return again, {**response, **(self._response(headers, body_of(response["body"])) or {})}


def _readable(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """A request out of what packed it, since nobody can clean what he cannot read."""
    headers, body = unpacked(headers, body)
    kept = [(name, value) for name, value in headers if name.lower() != "content-encoding"]
    return kept, body if len(kept) == len(headers) else REDACTED.encode()


def _measured(headers: Headers, body: bytes) -> Headers:
    """The headers, their length that of the body."""
    return [(name, str(len(body)) if name.lower() == "content-length" else value) for name, value in headers]


def _part(path: Path) -> Path:
    """A file beside it that nobody else has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _put(path: Path, text: str) -> None:
    """The whole file or none of it, whatever happens meanwhile."""
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise HarnessError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
