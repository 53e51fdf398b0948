"""Texts in the formats that JSON schemas name. A format that is not known is a remark, as the specification has it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Final

from faultlab.content.draw import Draw
from faultlab.made_up import text

__all__ = ["FORMATS"]

_WORDS: Final = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "larch", "maple")
_DOMAINS: Final = ("example.com", "example.org", "example.net")
_LONGEST_LABEL: Final = 63
_MONTH: Final = 28
"""Days that every month has."""


def _word(draw: Draw) -> str:
    return draw.choice(_WORDS)


def _date(draw: Draw, _: int = 0) -> str:
    return f"{draw.between(2000, 2035)}-{draw.between(1, 12):02}-{draw.between(1, _MONTH):02}"


def _time(draw: Draw, _: int = 0) -> str:
    return f"{draw.below(24):02}:{draw.below(60):02}:{draw.below(60):02}Z"


def _date_time(draw: Draw, _: int = 0) -> str:
    return f"{_date(draw)}T{_time(draw)}"


def _duration(draw: Draw, _: int = 0) -> str:
    days, minutes = draw.between(1, 30), draw.between(1, 90)
    return draw.choice((f"P{days}D", f"PT{minutes}M", f"P{days}DT{minutes}M"))


def _host(draw: Draw, at_least: int = 0) -> str:
    """Labels in front of a domain that belongs to nobody, until it is long enough."""
    made = f"{_word(draw)}.{draw.choice(_DOMAINS)}"
    while len(made) < at_least:
        label = "".join(_word(draw) for _ in range(10))[: min(_LONGEST_LABEL, max(1, at_least - len(made) - 1))]
        made = f"{label}.{made}"
    return made


def _email(draw: Draw, at_least: int = 0) -> str:
    local = f"{_word(draw)}.{_word(draw)}"
    return f"{local}@{_host(draw, at_least - len(local) - 1)}"


def _uri(draw: Draw, at_least: int = 0) -> str:
    made = f"https://{_host(draw)}/{_word(draw)}"
    while len(made) < at_least:
        made = f"{made}/{_word(draw)}"
    return made


def _path(draw: Draw, at_least: int = 0) -> str:
    made = f"/{_word(draw)}"
    while len(made) < at_least:
        made = f"{made}/{_word(draw)}"
    return made


def _uuid(draw: Draw, _: int = 0) -> str:
    made = draw.name[:12] + "4" + draw.name[13:16] + draw.choice("89ab") + f"{draw.below(16**15):015x}"
    return "-".join((made[:8], made[8:12], made[12:16], made[16:20], made[20:]))


def _ipv4(draw: Draw, _: int = 0) -> str:
    """Of a net that is set aside for documentation."""
    return f"192.0.2.{draw.below(256)}"


def _ipv6(draw: Draw, _: int = 0) -> str:
    return f"2001:db8::{draw.below(65536):x}:{draw.below(65535) + 1:x}"


def _base64(draw: Draw, at_least: int = 0) -> str:
    return base64.b64encode(text(max(6, at_least), draw.name).encode()).decode()


FORMATS: Final[Mapping[str, Callable[[Draw, int], str]]] = {
    "base64": _base64,
    "binary": _base64,
    "byte": _base64,
    "date": _date,
    "date-time": _date_time,
    "duration": _duration,
    "email": _email,
    "hostname": _host,
    "idn-email": _email,
    "idn-hostname": _host,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "iri": _uri,
    "iri-reference": _path,
    "json-pointer": _path,
    "regex": lambda draw, _: f"^{_word(draw)}[0-9]+$",
    "relative-json-pointer": lambda draw, at_least: f"{draw.below(9)}{_path(draw, at_least)}",
    "time": _time,
    "uri": _uri,
    "uri-reference": _path,
    "uri-template": lambda draw, at_least: f"{_path(draw, at_least)}/{{{_word(draw)}}}",
    "url": _uri,
    "uuid": _uuid,
}
"""Name → a text of that format, as long as is asked for where the format leaves that open."""
