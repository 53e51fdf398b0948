"""Bodies out of what compressed them. A recorder may have unpacked one already and left the header as it was."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

__all__ = ["Headers", "unpackable", "unpacked"]

Headers = list[tuple[str, str]]
_Undo = Callable[[bytes], bytes]

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16


def unpacked(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """Headers and body of an answer without its content-encoding; both as they are when that cannot be undone."""
    codings = [coding for name, text in headers if name.lower() == "content-encoding" for coding in _codings(text)]
    if not codings or not unpackable(codings):
        return headers, body
    for coding in reversed(codings):
        body = _undone(coding, body)
    return [(name, text) for name, text in headers if name.lower() != "content-encoding"], body


def unpackable(codings: Iterable[str]) -> bool:
    """Whether all of these can be undone here."""
    return all(coding in _UNDO or (coding == "br" and _brotli() is not None) for coding in codings)


def _codings(text: str) -> list[str]:
    return [coding.strip().lower() for coding in text.split(",") if coding.strip()]


def _undone(coding: str, body: bytes) -> bytes:
    undo = _UNDO.get(coding) or _brotli()
    return undo(body) if undo and body else body


def _gunzip(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(body)  # one that was cut short gives what there is
    except zlib.error:
        return body


def _inflate(body: bytes) -> bytes:
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return zlib.decompress(body, window)
        except zlib.error:
            continue
    return body


@lru_cache(maxsize=1)
def _brotli() -> _Undo | None:
    """By whichever library there is for it; None where there is none."""
    try:
        import brotli as library
    except ImportError:
        try:
            import brotlicffi as library
        except ImportError:
            return None

    def undo(body: bytes) -> bytes:
        try:
            return bytes(library.decompress(body))
        except library.error:
            return body

    return undo


_UNDO: Final[dict[str, _Undo]] = {"gzip": _gunzip, "x-gzip": _gunzip, "deflate": _inflate, "identity": bytes}
