"""HTTP/1.1 as a server hears it: requests out of bytes, whatever pieces they come in. No I/O.

Reads what the standard allows and no more: what two programs could understand differently is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["MOST_BODY_BYTES", "MOST_HEAD_BYTES", "Asked", "Asking", "Reader", "Refusal"]

MOST_HEAD_BYTES = 65_536
"""Of a request's head, and of a trailer: other servers take 8 to 64 KiB."""

MOST_BODY_BYTES = 64 << 20
"""Of a request's body: twice of what the providers take at most."""

_MOST_LINE_BYTES = 256
"""Of the line before a chunk: a size in sixteen digits, and an extension that nobody sends."""

_LINE_END, _HEAD_END = b"\r\n", b"\r\n\r\n"
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~]+) HTTP/(\d)\.(\d)")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):([\t -~\x80-\xff]*)")
_LENGTH = re.compile(rb"\d{1,18}")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[\t -~\x80-\xff]*)?")
_BARE_LINE_END = re.compile(rb"(?<!\r)\n")


class Asking(NamedTuple):
    """The head of a request. `length` is None when the body comes in chunks.

    `waits`: the body comes when the client is told to send it. `is_old`: HTTP/1.0, which knows no chunks.
    """

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None = 0
    keeps_alive: bool = True
    waits: bool = False
    is_old: bool = False


class Asked(NamedTuple):
    """One whole request."""

    head: Asking
    body: bytes


class Refusal(NamedTuple):
    """Why what came is no request that can be answered; nothing behind it can be read."""

    status: int
    why: str


class _RefusedError(Exception):
    """Carries a refusal out of the depth."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.refusal = Refusal(status, why)


class Reader:
    """What a client sends, fed in pieces of any size; `next` gives its requests, whole and in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Asking | None = None
        self._chunks = _Chunks(self._buffer)
        self._refusal: Refusal | None = None

    def feed(self, data: bytes) -> None:
        """More bytes have come."""
        self._buffer += data

    @property
    def ahead(self) -> int:
        """How many bytes have come that were not given out."""
        return len(self._buffer)

    @property
    def has_begun(self) -> bool:
        """Whether a part of a request is there."""
        return bool(self._buffer) or self._head is not None

    def next(self) -> Asked | Refusal | None:
        """The next request, or why there will be none; None while more bytes are needed."""
        if self._refusal is None:
            try:
                return self._next()
            except _RefusedError as error:
                self._refusal = error.refusal
        return self._refusal

    def is_waited_for(self) -> bool:
        """Whether the client waits to be told to send the body; said once per request."""
        head = self._head
        if head is None or not head.waits:
            return False
        self._head = head._replace(waits=False)
        return not self._buffer

    def _next(self) -> Asked | None:
        head = self._head or (self._read_head() if self._buffer else None)
        if head is None:
            return None
        body = self._chunks.read() if head.length is None else self._whole(head.length)
        self._head = head if body is None else None
        return None if body is None else Asked(head, body)

    def _read_head(self) -> Asking | None:
        buffer = self._buffer
        while buffer.startswith(_LINE_END):
            del buffer[: len(_LINE_END)]
        end = buffer.find(_HEAD_END, 0, MOST_HEAD_BYTES)
        if end >= 0:
            head = _asking(bytes(buffer[:end]))
            del buffer[: end + len(_HEAD_END)]
            return head
        _hold_line_ends(buffer)
        if len(buffer) >= MOST_HEAD_BYTES:
            raise _RefusedError(431, f"a head is at most {MOST_HEAD_BYTES} bytes long")
        return None

    def _whole(self, length: int) -> bytes | None:
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body


class _Chunks:
    """Chunked bodies, taken off a buffer one after the other."""

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self._body = bytearray()
        self._is_past_last = False
        self._trailer = 0

    def read(self) -> bytes | None:
        """The whole body; None while more bytes are needed."""
        while not self._is_past_last:
            if not self._read_chunk():
                return None
        while (line := self._line(MOST_HEAD_BYTES)) is not None:
            del self._buffer[: len(line) + len(_LINE_END)]
            if not line:
                return self._ended()
            self._check_trailer(line)
        return None

    def _read_chunk(self) -> bool:
        """Whether a chunk was there, whole."""
        line = self._line(_MOST_LINE_BYTES)
        if line is None:
            return False
        size = self._size(line)
        start = len(line) + len(_LINE_END)
        end = start + size
        if size == 0:
            self._is_past_last = True
            del self._buffer[:start]
            return True
        if len(self._buffer) < end + len(_LINE_END):
            return False
        if self._buffer[end : end + len(_LINE_END)] != _LINE_END:
            raise _RefusedError(400, "a chunk is as long as its size says")
        self._body += self._buffer[start:end]
        del self._buffer[: end + len(_LINE_END)]
        return True

    def _line(self, most: int) -> bytes | None:
        end = self._buffer.find(_LINE_END, 0, most + len(_LINE_END))
        if end < 0 and len(self._buffer) >= most + len(_LINE_END):
            raise _RefusedError(400, f"a line of a chunked body is at most {most} bytes long")
        return None if end < 0 else bytes(self._buffer[:end])

    def _size(self, line: bytes) -> int:
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise _RefusedError(400, "a chunk begins with its size")
        size = int(found[1], 16)
        if len(self._body) + size > MOST_BODY_BYTES:
            raise _too_large()
        return size

    def _check_trailer(self, line: bytes) -> None:
        self._trailer += len(line)
        if self._trailer > MOST_HEAD_BYTES:
            raise _RefusedError(431, f"a trailer is at most {MOST_HEAD_BYTES} bytes long")
        if _FIELD.fullmatch(line) is None:
            raise _RefusedError(400, "a line of the trailer is no header")

    def _ended(self) -> bytes:
        body = bytes(self._body)
        self._body.clear()
        self._is_past_last, self._trailer = False, 0
        return body


def _too_large() -> _RefusedError:
    return _RefusedError(413, f"a body is at most {MOST_BODY_BYTES} bytes long")


def _hold_line_ends(head: bytes | bytearray) -> None:
    if _BARE_LINE_END.search(head, 0, MOST_HEAD_BYTES):
        raise _RefusedError(400, "a line of the head ends with CR and LF")


# A client sends the same head again and again but for its content-length.
@lru_cache(maxsize=64)
def _asking(head: bytes) -> Asking:
    _hold_line_ends(head)
    line, *fields = head.split(_LINE_END)
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise _RefusedError(400, "a request begins with method, target and version")
    if found[3] != b"1":
        raise _RefusedError(505, "only HTTP/1 is spoken here")
    headers = tuple(_field(field) for field in fields)
    given = _Given(headers, is_old=found[4] == b"0")
    method, target = found[1].decode("ascii"), found[2].decode("ascii")
    return Asking(method, target, headers, given.length(), given.keeps_alive(), given.waits(), given.is_old)


def _field(line: bytes) -> tuple[bytes, bytes]:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise _RefusedError(400, "a header is a name, a colon and a text in one line")
    return found[1], found[2].strip(b" \t")


class _Given:
    """What the headers of a request say about its body and its connection."""

    def __init__(self, headers: tuple[tuple[bytes, bytes], ...], *, is_old: bool) -> None:
        self.is_old = is_old
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            self._values.setdefault(name.lower(), []).append(value)
        if not is_old and len(self._values.get(b"host", ())) != 1:
            raise _RefusedError(400, "a request names its host once")

    def _tokens(self, name: bytes) -> list[bytes]:
        return [one.strip(b" \t").lower() for value in self._values.get(name, ()) for one in value.split(b",")]

    def length(self) -> int | None:
        """Of the body; None for chunks."""
        codings, lengths = self._tokens(b"transfer-encoding"), set(self._tokens(b"content-length"))
        if codings and (lengths or self.is_old):
            raise _RefusedError(400, "a body has a length or comes in chunks, and chunks need HTTP/1.1")
        if codings and codings != [b"chunked"]:
            raise _RefusedError(501, "chunked is the one transfer coding that is known here")
        if len(lengths) > 1 or not all(_LENGTH.fullmatch(one) for one in lengths):
            raise _RefusedError(400, "a length is one number")
        length = int(lengths.pop()) if lengths else 0
        if length > MOST_BODY_BYTES:
            raise _too_large()
        return None if codings else length

    def keeps_alive(self) -> bool:
        """Whether another request may follow on this connection."""
        tokens = self._tokens(b"connection")
        return b"close" not in tokens and (not self.is_old or b"keep-alive" in tokens)

    def waits(self) -> bool:
        """Whether the body comes when the client is told to send it."""
        expected = [] if self.is_old else self._tokens(b"expect")
        if expected not in ([], [b"100-continue"]):
            raise _RefusedError(417, "100-continue is the one expectation that is met here")
        return bool(expected)
