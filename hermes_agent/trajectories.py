"""Trajectories: a line of JSON for each turn, with the conversation up to there, for whoever learns from it later.

It knows no key and takes out all that looks like one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hermes_agent.messages import TurnResult
from hermes_agent.redaction import redact
from hermes_agent.results import as_dict

__all__ = ["FILE", "append"]

FILE = "hermes_agent_trajectories.jsonl"
"""In HERMES_HOME."""

_FIELDS = (
    "timestamp",
    "session_id",
    "model",
    "provider",
    "completed",
    "outcome",
    "user_message",
    "messages",
    "switched",
)


def append(home: Path, result: TurnResult, user_message: str, now_s: float) -> None:
    """Add the line of a turn that has ended. Raises OSError if the file does not take it."""
    moment = datetime.fromtimestamp(now_s, UTC)
    told = {**as_dict(result), "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "user_message": user_message}
    record = _redacted({name: told[name] for name in _FIELDS})
    _write(home / FILE, json.dumps(record).encode() + b"\n")


def _redacted(value: Any) -> Any:
    """The same with every text in it redacted; what is no JSON becomes a text."""
    if isinstance(value, Mapping):
        return {name: _redacted(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(held) for held in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))


def _write(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)  # conversations are nobody else's business
    with path.open("ab", buffering=0) as file:
        if file.write(line) < len(line):  # one call, so that the lines of sessions side by side do not mix
            raise OSError(f"{path} took only a part of the line")
