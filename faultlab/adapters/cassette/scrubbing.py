"""Traffic without what is secret in it: keys, cookies, ids of organisations and projects, wherever they stand.

What carried a credential is left out; every credential that was met is crossed out wherever else it stands, in whatever
writing. Knows no recorder and no file.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit, urlunsplit

from faultlab.adapters.cassette.unpacking import Headers
from faultlab.wire import REDACTED, SHORTEST_CREDENTIAL, carries_credential, without_secrets

__all__ = ["Scrubber"]

_OWNER: Final = re.compile(r"(?:^|-)(?:org|organi[sz]ation|project)(?:-id)?$")
"""Headers that name whose account it is."""

_NO_SECRET: Final = frozenset({"www-authenticate", "proxy-authenticate"})
"""Headers that ask for a credential, and carry none."""

_IN_PATHS: Final = "/:@!$&'()*+,;=~"
"""What clients leave as it is in a path."""

_FOR_URLS: Final = bytes.maketrans(b"+/", b"-_")

_LONGEST_WORD: Final = 16
"""A cookie that is no longer may be an ordinary word; as a value of its own it goes in any case."""

_NAMES: Final = (
    rb"(?:[a-z0-9]+[-_])*(?:api[-_]?key|(?:access|refresh|id|auth|bearer|session)[-_]?token|client[-_]?secret"
    rb"|secret(?:[-_]?(?:access[-_]?)?key)?|private[-_]?key|passw(?:or)?d)|authorization|(?:set[-_])?cookie"
)
_OWNER_NAMES: Final = rb"org(?:ani[sz]ation)?[-_]?id|project[-_]?id"

_NAME: Final = rb"(?i:(?P<credential>" + _NAMES + rb")|" + _OWNER_NAMES + rb")"
_FIELD: Final = re.compile(rb'(?P<open>"' + _NAME + rb'"\s*:\s*")(?P<value>(?:[^"\\]|\\.)*)', re.DOTALL)
"""A field of a JSON document, and its text."""

_WITHIN: Final = re.compile(
    rb'(?P<open>(?<!\\)(?P<escape>\\{1,15})"'
    + _NAME
    + rb'(?P=escape)"\s*:\s*(?P=escape)")'
    # A quote ends the text when the backslashes before it, beside its own, are whole ones of the text. One that has
    # fewer than its own ends the document around it.
    + rb'(?P<value>(?:[^"\\]|\\++[^"\\]|(?!(?:(?P=escape){2}\\\\)*(?P=escape)")(?=(?P=escape)\\)\\++")*'
    + rb'(?:(?:(?P=escape){2}\\\\)+(?=(?P=escape)"))?)'
)
"""The same where the document is a text in another one, as the arguments of a tool call are."""

_PART: Final = re.compile(
    rb'(?P<open>\r\nContent-Disposition:[^\r\n]*;\s*name="' + _NAME + rb'"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)'
    rb"(?P<value>(?:(?!\r\n--).)*)",
    re.DOTALL | re.IGNORECASE,
)
"""The same in a form of several parts."""

_SHAPES: Final = re.compile(
    rb"(?<![A-Za-z0-9])(?:"
    rb"[sr]k[-_](?=[A-Za-z_-]*[0-9*])[A-Za-z0-9*_-]{12,}|AIza[A-Za-z0-9_-]{30,}"
    rb"|(?:hf_|r8_|gsk_|xai-|pplx-|nvapi-)[A-Za-z0-9_-]{20,}"
    rb"|(?:org-|proj_)(?:(?=[A-Za-z]*[0-9])[A-Za-z0-9]{6,}|[A-Za-z]{16,})"
    rb")(?![A-Za-z0-9])"
)
"""What looks like a key or like an account's id, whosever it is; providers show keys with stars in them."""


class Scrubber:
    """Remembers every credential that it was shown, and takes them out of whatever it is given. Safe in threads."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[bytes] | None = None
        self._lock = Lock()
        self._learn(known)

    def look_at(self, url: str, headers: Headers, body: bytes) -> None:
        """Remember the credentials of a request, or of an answer (which has no URL)."""
        parts = urlsplit(url)
        found = [
            parts.username or "",
            parts.password or "",
            *_in_query(parts.query),
            *_in_headers(headers),
            *_in_body(headers, body),
        ]
        self._learn(found)

    def url(self, url: str) -> str:
        """A URL without credentials."""
        told, _ = without_secrets(url)
        parts = urlsplit(told)
        # A host in brackets would be an address, so the mark has none there.
        host = self.text(parts.netloc.rpartition("@")[2]).replace(REDACTED, REDACTED.strip("[]"))
        return urlunsplit(
            (parts.scheme, host, self.text(parts.path), self.text(parts.query), self.text(parts.fragment))
        )

    def headers(self, headers: Headers) -> Headers:
        """Headers without those that carry a credential or name an account."""
        return [(self.text(name), self.text(value)) for name, value in headers if not _is_left_out(name.lower())]

    def body(self, headers: Headers, body: bytes) -> bytes:
        """A body without credentials, whatever its kind."""
        if not body:
            return body
        if _is_form(headers):
            body = without_secrets(f"?{body.decode('latin-1')}")[0].removeprefix("?").encode("latin-1")
        for field in (_FIELD, _WITHIN, _PART):
            body = field.sub(rb"\g<open>" + REDACTED.encode(), body)
        return self._crossed_out(body)

    def text(self, text: str) -> str:
        """A text without credentials."""
        return self._crossed_out(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def _crossed_out(self, data: bytes) -> bytes:
        with self._lock:
            pattern = self._pattern
        data = pattern.sub(REDACTED.encode(), data) if pattern else data
        return _SHAPES.sub(REDACTED.encode(), data)

    def _learn(self, found: Iterable[str]) -> None:
        new = {each for each in found if len(each) >= SHORTEST_CREDENTIAL and each != REDACTED}
        with self._lock:
            if new <= self._known:
                return
            self._known |= new
            writings = {writing for secret in self._known for writing in _writings(secret)}
            ordered = sorted(writings, key=lambda each: (-len(each), each))
            self._pattern = re.compile(b"|".join(map(re.escape, ordered)))


def _writings(secret: str) -> Iterator[bytes]:
    """Every way in which a secret may be written: as it is, in JSON, in JSON within JSON, in a URL, in base64."""
    escaped = [json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (False, True)]
    within = [json.dumps(each)[1:-1] for each in escaped]
    for text in {
        secret,
        *escaped,
        *within,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe=_IN_PATHS),
    }:
        yield text.encode("utf-8", "surrogateescape")
    yield secret.encode("latin-1", "ignore")
    yield from _in_base64(secret.encode("utf-8", "surrogateescape"))


def _in_base64(secret: bytes) -> Iterator[bytes]:
    """Behind any text: what of it is the secret's alone."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + secret)
        for written in {whole, whole.translate(_FOR_URLS)}:
            yield written[(0, 2, 3)[before] : len(written) - (0, 3, 2)[(before + len(secret)) % 3]]


def _is_left_out(name: str) -> bool:
    return name not in _NO_SECRET and (carries_credential(name) or _OWNER.search(name) is not None)


def _in_headers(headers: Headers) -> Iterator[str]:
    for name, value in ((name.lower(), value) for name, value in headers):
        if "cookie" in name:
            yield from (word for word in _cookies(value) if len(word) > _LONGEST_WORD)
        elif _is_left_out(name) and not _OWNER.search(name):
            scheme, _, rest = value.strip().partition(" ")
            yield from (value.strip(), rest.strip()) if rest else (value.strip(),)
            yield from _basic(rest.strip()) if scheme.lower() == "basic" else ()


def _cookies(value: str) -> Iterator[str]:
    for pair in value.split(";"):
        yield pair.partition("=")[2].strip()


def _basic(encoded: str) -> Iterator[str]:
    """User and password, and the password alone."""
    try:
        pair = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return
    yield pair
    yield pair.partition(":")[2]


def _in_query(query: str) -> Iterator[str]:
    yield from (text for name, text in parse_qsl(query) if carries_credential(name.lower()))


def _in_body(headers: Headers, body: bytes) -> Iterator[str]:
    if _is_form(headers):
        yield from _in_query(body.decode("latin-1"))
    for depth, field in enumerate((_PART, _FIELD, _WITHIN)):
        yield from (_unescaped(found["value"], depth) for found in field.finditer(body) if found["credential"])


def _unescaped(value: bytes, depth: int) -> str:
    """The text of a field, as its document means it; `depth`: of how many documents it is a text."""
    text = value.decode("utf-8", "replace")
    for _ in range(depth):
        read = _read(f'"{text}"')
        text = read if isinstance(read, str) else text
    return text


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_form(headers: Headers) -> bool:
    kinds = (value for name, value in headers if name.lower() == "content-type")
    return any(kind.startswith("application/x-www-form-urlencoded") for kind in kinds)
