"""The environment of whatever is under test: where its models are, with which keys, and nobody's real credential."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from faultlab.errors import HarnessError
from faultlab.policy import PRIMARY

__all__ = ["CONTROL_VARIABLE", "Served", "is_kept", "kept", "key_variable", "leading_to", "surroundings", "trusting"]

CONTROL_VARIABLE: Final = "FAULTLAB_CONTROL_URL"
"""Where the control path is."""

_PASSED_ON: Final = re.compile(
    r"PATH|PATHEXT|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM"
    r"|TMPDIR|TMP|TEMP|SYSTEMROOT|WINDIR|COMSPEC|USERPROFILE|APPDATA|LOCALAPPDATA"
    r"|PYTHON[A-Z]+|VIRTUAL_ENV|JAVA_HOME|NODE_PATH"
)
"""What a program needs to start. A credential may have any other name, and so may what leads elsewhere."""

_TRUSTED: Final = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where OpenSSL and what is built on it, Node, requests and curl look for whom to trust."""


def kept() -> dict[str, str]:
    """Of the variables of this process, those that a program needs to start."""
    return {name: value for name, value in os.environ.items() if is_kept(name)}


@lru_cache(maxsize=1024)
def is_kept(name: str) -> bool:
    """Whether a program needs this variable to start."""
    return bool(_PASSED_ON.fullmatch(name))


@contextmanager
def surroundings(env: Mapping[str, str | None]) -> Iterator[None]:
    """Meanwhile this process has these variables (None: not set), those that a program needs to start, and no other.

    What a library reads there behind everybody's back is nobody's account, and leads nowhere else.
    """
    meanwhile = {**{name: None for name in os.environ if not is_kept(name)}, **env}
    before = {name: os.environ.get(name) for name in meanwhile}
    try:
        for name, value in meanwhile.items():
            _set(name, value)
        yield
    finally:
        for name, value in before.items():
            _set(name, value)


def _set(name: str, value: str | None) -> None:
    """None: not set."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


class Served(Protocol):
    """What a child process is told of an upstream."""

    @property
    def name(self) -> str:
        """Its name in the lab."""

    @property
    def model(self) -> str | None:
        """The model that it stands for."""

    @property
    def served_url(self) -> str:
        """Its base URL on the loopback."""

    @property
    def api_key(self) -> str:
        """Its made-up key."""


def leading_to(upstreams: Iterable[Served], first: str | None = None) -> dict[str, str]:
    """Where each upstream is, with its key and its model.

    `first` is the one that the official clients ask; None: the primary, or without one whichever was set up first.
    Raises HarnessError when there is none of that name, or two of them would have the same variables.
    """
    named = {one.name: one for one in upstreams}
    found: dict[str, str] = {}
    for one in named.values():
        made = dict(_of_one(one))
        if not made.keys().isdisjoint(found):
            raise HarnessError(f"the variables of {one.name!r} would be another upstream's: give it another `name`")
        found |= made
    if first is not None and first not in named:
        raise HarnessError(f"no upstream called {first!r}; there are: {', '.join(named) or 'none'}")
    asked = named.get(first or PRIMARY) or next(iter(named.values()), None)
    return found | ({"OPENAI_BASE_URL": asked.served_url, "OPENAI_API_KEY": asked.api_key} if asked else {})


def _of_one(upstream: Served) -> Iterator[tuple[str, str]]:
    yield _variable(upstream.name, "BASE_URL"), upstream.served_url
    yield key_variable(upstream.name), upstream.api_key
    if upstream.model is not None:
        yield _variable(upstream.name, "MODEL"), upstream.model


def key_variable(upstream: str) -> str:
    """The variable that holds the key of an upstream."""
    return _variable(upstream, "API_KEY")


def _variable(upstream: str, what: str) -> str:
    return f"FAULTLAB_{re.sub('[^A-Z0-9]', '_', upstream.upper())}_{what}"


def trusting(ca_file: Path) -> dict[str, str]:
    """Variables by which programs trust those certificates that the ones in this file vouch for."""
    return dict.fromkeys(_TRUSTED, str(ca_file))
