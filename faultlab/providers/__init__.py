"""In whose name errors are sent: the table of providers that have shapes of their own."""

from __future__ import annotations

from collections.abc import Mapping

from faultlab.providers.base import ErrorShape, Provider
from faultlab.providers.generic import GENERIC

__all__ = ["GENERIC", "PROVIDERS", "ErrorShape", "Provider", "provider"]

PROVIDERS: Mapping[str, Provider] = {}
"""Name → provider. Empty as yet: every provider's errors have the generic shape."""


def provider(name: str) -> Provider:
    """The provider of this name; one without shapes of its own sends the generic ones."""
    return PROVIDERS.get(name) or Provider(name, GENERIC.errors)
