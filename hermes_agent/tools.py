"""Tools that the model may call, and the table of the real ones.

A tool knows the folder that it works in and nothing of conversations, models or the session.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from hermes_agent.terminal import run_command

__all__ = ["Tool", "ToolRun", "definitions", "real_tools"]


@dataclass(frozen=True, slots=True)
class ToolRun:
    """The occasion of one run: which call it answers, and the event that is set when the user interrupts."""

    call_id: str
    interrupted: Event


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what the model is told of it, and `run(arguments, occasion) -> text`.

    Whatever `run` raises becomes the tool's error, shown to the model. `parameters` is a JSON schema.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Callable[[Mapping[str, Any], ToolRun], str]


def definitions(tools: Mapping[str, Tool]) -> list[dict[str, Any]]:
    """What the model is told of these tools, as the chat API wants it."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in tools.values()
    ]


def real_tools(cwd: Path, environ: Mapping[str, str] | None = None) -> Mapping[str, Tool]:
    """The tools that act on this machine; relative paths start at `cwd`. Commands see `environ`, keys left out."""
    seen = None if environ is None else {name: environ[name] for name in environ if not name.endswith(_KEY_SUFFIX)}
    tools = (
        Tool("terminal", _TERMINAL, _TERMINAL_TAKES, lambda given, occasion: _terminal(cwd, seen, given, occasion)),
        Tool("read_file", _READ_FILE, _READ_FILE_TAKES, lambda given, _: _read_file(cwd, given)),
        Tool("write_file", _WRITE_FILE, _WRITE_FILE_TAKES, lambda given, _: _write_file(cwd, given)),
    )
    return {tool.name: tool for tool in tools}


_KEY_SUFFIX = "_API_KEY"
"""`env` would carry a provider's key into the conversation, and so to another provider."""

_TIMEOUT_S, _LONGEST_S = 60, 600
_MOST_CHARACTERS = 50_000
"""A conversation has to have room for a few files."""


def _takes(required: Mapping[str, str], **optional: Mapping[str, str]) -> Mapping[str, Any]:
    texts = {name: {"type": "string", "description": told} for name, told in required.items()}
    return {"type": "object", "properties": {**texts, **optional}, "required": list(required)}


_TERMINAL = (
    "Run a shell command; the result is its output and its exit code. It has no standard input, sees no variable named "
    "*_API_KEY, and what it leaves running in its process group is ended with it."
)
_TERMINAL_TAKES = _takes(
    {"command": "the command, for /bin/sh"},
    timeout={"type": "number", "description": f"seconds: {_TIMEOUT_S} if left out, at most {_LONGEST_S}"},
)
_READ_FILE = f"Read a text file; of a long one {_MOST_CHARACTERS} characters at a time."
_READ_FILE_TAKES = _takes(
    {"path": "the file"}, offset={"type": "integer", "description": "how many characters to leave out first"}
)
_WRITE_FILE = "Write a text file: a new one, or in place of what it held. Folders on the way are made."
_WRITE_FILE_TAKES = _takes({"path": "the file", "content": "all that it is to hold"})


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise TypeError(f"{name} is missing, or no text")
    return value


def _number(given: Mapping[str, Any], name: str, default: float) -> float:
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise TypeError(f"{name} is no number from 0")
    return value


def _terminal(cwd: Path, environ: Mapping[str, str] | None, given: Mapping[str, Any], occasion: ToolRun) -> str:
    timeout_s = min(_number(given, "timeout", _TIMEOUT_S), _LONGEST_S)
    return run_command(_text(given, "command"), cwd, environ, timeout_s, occasion.interrupted)


def _read_file(cwd: Path, given: Mapping[str, Any]) -> str:
    path = cwd / _text(given, "path")
    start = int(_number(given, "offset", 0))
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no file")  # a device or a pipe might never end
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        file.read(start)
        text = file.read(_MOST_CHARACTERS)
        more = bool(file.read(1))
    return text + (f"\n[more follows, from offset {start + len(text)}]" if more else "")


def _write_file(cwd: Path, given: Mapping[str, Any]) -> str:
    path, content = cwd / _text(given, "path"), _text(given, "content")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no file")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8", errors="replace", newline="")
    return f"wrote {len(content)} characters to {path}"
