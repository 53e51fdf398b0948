"""What is said at a token endpoint: the token that a renewal shows, and the answer (RFC 6749, sections 5 and 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from faultlab.wire import REDACTED, Request

__all__ = ["REFUSED", "granted", "refresh_token_of", "without_tokens"]

REFUSED: Final = {"error": "invalid_grant", "error_description": "The refresh token is invalid, expired or revoked."}
"""The body of a refusal."""

_LIFETIME_S: Final = 3600
_TOKENS: Final = re.compile(rb"""(?i)((?:refresh|access)_token["']?\s*[=:]\s*["']?)[^"'&\s]+""")


def granted(access_token: str, refresh_token: str) -> Mapping[str, object]:
    """The body of a renewal that went well."""
    tokens = {"access_token": access_token, "refresh_token": refresh_token}
    return tokens | {"token_type": "Bearer", "expires_in": _LIFETIME_S}


def refresh_token_of(request: Request) -> str | None:
    """The refresh token that a renewal carries, in a form or in JSON."""
    found = _TOKENS.search(request.body)
    return found[0].removeprefix(found[1]).decode("latin-1") if found else None


def without_tokens(body: bytes) -> bytes:
    """A body of either side with its tokens blacked out."""
    return _TOKENS.sub(rb"\1" + REDACTED.encode(), body)
