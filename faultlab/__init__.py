"""Fault injection for LLM agents: break the model provider on purpose, and prove what an agent does next.

from faultlab import Lab, Reply, faults, load, run

Names are resolved when they are asked for: importing this costs nothing.
"""

from importlib import import_module
from typing import Any

__all__ = ["Lab", "Limits", "Reply", "Scenario", "ToolCall", "Verdict", "faults", "load", "run"]

_HOMES = {
    "Lab": "faultlab.lab",
    "Limits": "faultlab.limits",
    "Reply": "faultlab.script",
    "Scenario": "faultlab.scenario",
    "ToolCall": "faultlab.script",
    "Verdict": "faultlab.verdict",
    "load": "faultlab.runner",
    "run": "faultlab.runner",
}


def __getattr__(name: str) -> Any:
    if name == "faults":
        return import_module("faultlab.faults")
    if name not in _HOMES:
        raise AttributeError(f"module 'faultlab' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
