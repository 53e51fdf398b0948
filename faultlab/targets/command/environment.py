"""The environment of a program under test: where its models are, with which keys, and nobody's real credential."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from faultlab.lab import Lab
from faultlab.policy import PRIMARY, UPSTREAMS
from faultlab.scenario import Scenario

__all__ = ["key_variable", "variables"]

_PASSED_ON: Final = re.compile(
    r"PATH|PATHEXT|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM"
    r"|TMPDIR|TMP|TEMP|SYSTEMROOT|WINDIR|COMSPEC|USERPROFILE|APPDATA|LOCALAPPDATA"
    r"|PYTHON[A-Z]+|VIRTUAL_ENV|JAVA_HOME|NODE_PATH"
)
"""What a program needs to start. A credential may have any other name, and so may what leads elsewhere."""


def variables(scenario: Scenario, lab: Lab, home: Path) -> dict[str, str]:
    """All of them. The scenario's own `env` has the last word."""
    kept = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    made = {**kept, **dict(scenario.policy.environ), **dict(_made(lab)), "HERMES_HOME": str(home)}
    return {name: value for name, value in {**made, **dict(scenario.env)}.items() if value is not None}


def _made(lab: Lab) -> Iterator[tuple[str, str]]:
    for name in UPSTREAMS:
        if name not in lab:
            continue
        provider = lab[name]
        yield _variable(name, "BASE_URL"), provider.served_url
        yield key_variable(name), provider.api_key
        if provider.model is not None:
            yield _variable(name, "MODEL"), provider.model
    if PRIMARY in lab:
        yield "OPENAI_BASE_URL", lab[PRIMARY].served_url
        yield "OPENAI_API_KEY", lab[PRIMARY].api_key


def key_variable(upstream: str) -> str:
    """The variable that holds the key of an upstream."""
    return _variable(upstream, "API_KEY")


def _variable(upstream: str, what: str) -> str:
    return f"FAULTLAB_{upstream.upper()}_{what}"
