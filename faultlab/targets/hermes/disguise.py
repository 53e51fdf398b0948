"""A made-up credential for each real one: the same prefix, length and classes of characters, and nothing else of it."""

from __future__ import annotations

import hashlib
import re
import string
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from faultlab.errors import HarnessError

__all__ = ["Disguise", "is_name"]

_PREFIXES: Final = (
    "sk-ant-api03-",
    "sk-svcacct-",
    "sk-or-v1-",
    "sk-proj-",
    "sk-nous-",
    "sk-kimi-",
    "sk-ant-",
    "tgp_v1_",
    "nvapi-",
    "AIzaSy",
    "pplx-",
    "csk-",
    "gsk_",
    "xai-",
    "eyJ",
    "fw_",
    "hf_",
    "sk-",
)
"""How keys of providers begin: these characters are public, all that follow are not. Longer ones first."""

_CLASSES: Final = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
_HEX_DIGITS: Final = string.digits + "abcdef"
_HEX: Final = frozenset(_HEX_DIGITS)
_LETTERS: Final = "àéîõüñøßçåæö"
"""What stands for a letter beyond ASCII."""

_OPAQUE: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w~.-]{20,}")
"""A part of a path that some gateways take a credential in."""

_TRIES: Final = 1000
"""The shortest credentials leave the fewest ways to be another one; so many tries find one of them."""


_NAME: Final = re.compile(r"[A-Z]{1,20}(_[A-Z0-9]{1,20})*")


def is_name(text: str) -> bool:
    """Whether this looks like the name of a variable: a key itself is often put where one belongs."""
    return bool(_NAME.fullmatch(text))


class Disguise:
    """Hands out made-up credentials: equal ones for equal ones, others for others, whatever was handed out before."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}

    def of(self, secret: str) -> str:
        """What stands for this one; nothing for nothing. Raises HarnessError where its shape allows no other."""
        if secret and secret not in self._made:
            self._made[secret] = self._another(secret)
        return self._made.get(secret, "")

    def url(self, url: str) -> str:
        """The URL with whatever may be a credential in it replaced; byte for byte the same where nothing may be."""
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
        told = ":".join(map(self.of, user.split(":"))) + at + host
        path = "/".join(self.of(each) if _is_opaque(each) else each for each in parts.path.split("/"))
        query = "&".join(map(self._parameter, parts.query.split("&")))
        changed = urlunsplit(parts._replace(netloc=told, path=path, query=query))
        return url if changed == urlunsplit(parts) else changed

    def _parameter(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        return pair if name == "api-version" else name + equals + self.of(value)

    def _another(self, secret: str) -> str:
        taken = {*self._made, *self._made.values(), secret}
        made = (_shaped_like(secret, len(self._made), attempt) for attempt in range(_TRIES))
        found = next((each for each in made if each not in taken), None)
        if found is None:
            raise HarnessError(f"a credential of {len(secret)} characters is too short to be replaced by a made-up one")
        return found


def _is_opaque(segment: str) -> bool:
    return bool(_OPAQUE.fullmatch(segment)) or segment.startswith(_PREFIXES)


def _shaped_like(secret: str, *parts: object) -> str:
    """What is drawn depends on the place in the shape and on `parts`, never on the secret's own characters."""
    prefix = next((each for each in _PREFIXES if secret.startswith(each)), "")
    rest = secret.removeprefix(prefix)
    if not any(map(str.isalnum, rest)):
        prefix, rest = "", secret if any(map(str.isalnum, secret)) else "x" * len(secret)
    is_hex = _HEX.issuperset(rest) and not rest.isdigit() and not rest.isalpha()
    classes = [_HEX_DIGITS] * len(rest) if is_hex else [_class_of(character) for character in rest]
    return prefix + "".join(_drawn(each, place, *parts) for place, each in enumerate(classes))


def _class_of(character: str) -> str:
    """The characters that may stand for this one: of its own class; what divides or fills stands for itself."""
    found = next((each for each in _CLASSES if character in each), None)
    if found is None and character.isalnum():
        return _LETTERS
    return found or character


def _drawn(characters: str, *parts: object) -> str:
    number = int.from_bytes(hashlib.blake2b(":".join(map(str, parts)).encode(), digest_size=8).digest(), "big")
    return characters[number % len(characters)]
