"""Renewable tokens in auth.json, which a real Hermes may share (contract C8).

It knows where a token stands and how a new one is asked for; not when: that is for recovery to decide. No token ever
stands in the text of an error.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from hermes_agent.errors import ConfigError, RenewalRefused
from hermes_agent.home import read_text, write_text

__all__ = ["SIGN_INS", "SignIn", "Token", "read_token", "renew"]

_TIMEOUT_S = 15
"""A renewal that takes longer is refused: it holds up a model call that has a fallback."""

_OK = 200
_LOCK_WAIT_S, _LOCK_POLL_S = 20.0, 0.05
"""Longer than one renewal of another process, so that its token can be taken."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a provider's token is renewed where auth.json does not say; a real Hermes keeps neither for openai-codex."""

    token_url: str = ""
    client_id: str = ""


SIGN_INS: Mapping[str, SignIn] = {
    "nous": SignIn(),
    "openai-codex": SignIn("https://auth.openai.com/oauth/token", "app_EMoamEEZ73f0CkXaXp7hrann"),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A provider's token. Renewable: there is something to renew it with, and somebody to ask."""

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    token_url: str = ""
    client_id: str = ""

    @property
    def renewable(self) -> bool:
        """Whether a renewal can be tried at all."""
        return bool(self.refresh_token and self.token_url)


def read_token(home: Path, provider: str) -> Token | None:
    """The token of this provider; None when there is none. Raises ConfigError if auth.json cannot be read."""
    return _token(_document(home / "auth.json"), provider)


def renew(home: Path, provider: str, stale: str, new_http_client: Callable[[], Any]) -> Token:
    """The token that follows the stale access token, stored before it is handed out. Raises RenewalRefused.

    One POST, or none when another process renewed it meanwhile. The same access token handed back is no failure here.
    """
    try:
        with _locked(home / "auth.lock"):
            return _renewed(home / "auth.json", provider, stale, new_http_client)
    except (ConfigError, OSError) as error:
        raise RenewalRefused(f"{provider}: the token was not renewed: {_reason(error)}") from None


def _renewed(path: Path, provider: str, stale: str, new_http_client: Callable[[], Any]) -> Token:
    document = _document(path)
    token = _token(document, provider)
    if token is None or not token.renewable:
        raise RenewalRefused(f"{provider}: auth.json holds nothing to renew with")
    if token.access_token != stale:
        return token
    fresh = _asked(token, provider, new_http_client)
    outer = _mapping(_mapping(document, "providers"), provider)
    (_mapping(outer, "tokens") or outer).update(access_token=fresh.access_token, refresh_token=fresh.refresh_token)
    write_text(path.resolve(), json.dumps(document, indent=2))  # before anybody uses it: the old one may be dead by now
    return fresh


def _token(document: Any, provider: str) -> Token | None:
    outer = _mapping(_mapping(document, "providers"), provider)
    inner = _mapping(outer, "tokens")
    held = {key: value for key, value in {**outer, **inner}.items() if isinstance(value, str)}
    if not held.get("access_token"):
        return None
    known = SIGN_INS.get(provider, SignIn())
    return Token(
        held["access_token"],
        held.get("refresh_token", ""),
        # Only a real Hermes's nested form leaves the address out; the flat one without it cannot be renewed.
        held.get("token_url") or (known.token_url if inner else ""),
        held.get("client_id") or known.client_id,
    )


def _mapping(document: Any, key: str) -> dict[str, Any]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def _document(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}: cannot be read as JSON") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, a list of thousands of levels
        raise ConfigError(f"{path}: cannot be read as JSON") from None


def _asked(token: Token, provider: str, new_http_client: Callable[[], Any]) -> Token:
    """The provider's answer to the one POST; all that can go wrong is a refusal, whose cause may hold the old token."""
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token, "client_id": token.client_id}
    sent = {key: value for key, value in form.items() if value}
    try:
        with contextlib.closing(new_http_client()) as client:
            response = client.post(token.token_url, data=sent, timeout=_TIMEOUT_S)
            body = response.json() if response.status_code == _OK else {"error": response.status_code}
    except Exception as error:  # noqa: BLE001  # C8: whatever goes wrong in a renewal is a refusal
        raise RenewalRefused(f"{provider}: the token was not renewed: {_reason(error)}") from None
    held = {key: value for key, value in body.items() if isinstance(value, str)} if isinstance(body, dict) else {}
    if not held.get("access_token"):
        told = f"HTTP {response.status_code}" if response.status_code != _OK else "no access_token in the answer"
        raise RenewalRefused(f"{provider}: the token was not renewed: {told}")
    return replace(
        token, access_token=held["access_token"], refresh_token=held.get("refresh_token") or token.refresh_token
    )


def _reason(error: Exception) -> str:
    """What may be told of it: our own words and the system's, of anything else only its name."""
    return str(error) if isinstance(error, ConfigError) else getattr(error, "strerror", None) or type(error).__name__


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock that a real Hermes takes too. Raises RenewalRefused if another process does not let go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for _ in range(int(_LOCK_WAIT_S / _LOCK_POLL_S)):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            Event().wait(_LOCK_POLL_S)
        else:
            raise RenewalRefused("the token was not renewed: another process holds auth.lock")
        yield
