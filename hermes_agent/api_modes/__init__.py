"""The two APIs that a provider may speak, by the name that the configuration gives them."""

from collections.abc import Mapping
from types import ModuleType

from hermes_agent.api_modes import chat_completions, codex_responses

__all__ = ["API_MODES"]

API_MODES: Mapping[str, ModuleType] = {
    "chat_completions": chat_completions,
    "codex_responses": codex_responses,
}
