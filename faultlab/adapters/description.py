"""What the control path can be asked, as an OpenAPI document: data beside this module, filled in for one lab."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["FORMAT", "described", "operations"]

FORMAT: Final = 1
"""Raised when a key changes its meaning or goes; new keys may come at any time."""


def described(upstreams: Sequence[str], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document for upstreams of these names; `schemas` are those of what a script holds."""
    document = deepcopy(_read())
    document["components"]["schemas"] |= schemas
    if upstreams:
        document["components"]["schemas"]["Upstream"] |= {"enum": list(upstreams)}
        example = {"says": ["Hello"], "faults": {upstreams[0]: [{"rate_limit": {"retry_after_s": 1}, "times": 2}]}}
        (content,) = document["paths"]["/script"]["post"]["requestBody"]["content"].values()
        content["example"] = example
    return document


@cache
def operations(path: str) -> Mapping[str, str]:
    """The methods that mean something there, each with the id of its operation."""
    return {method.upper(): each["operationId"] for method, each in _read()["paths"].get(path, {}).items()}


@cache
def _read() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((Path(__file__).parent / "openapi.json").read_bytes())
    return document
