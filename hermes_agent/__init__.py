"""A small agent runtime with one one-shot fallback model; importing it costs no openai until a name is used."""

from importlib import import_module
from typing import Any

__all__ = ["AIAgent", "TurnResult", "load_config"]

_HOMES = {
    "AIAgent": "hermes_agent.run_agent",
    "TurnResult": "hermes_agent.messages",
    "load_config": "hermes_agent.config",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hermes_agent' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
