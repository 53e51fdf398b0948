"""Tools that the model may call, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

__all__ = ["Tool", "ToolRun"]


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
