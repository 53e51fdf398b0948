"""The two APIs that a provider may speak, by the name that the configuration gives them."""

from collections.abc import Mapping

from hermes_agent.api_modes import chat_completions, codex_responses
from hermes_agent.api_modes.base import ApiMode

__all__ = ["API_MODES"]

API_MODES: Mapping[str, ApiMode] = {
    "chat_completions": chat_completions,
    "codex_responses": codex_responses,
}
