"""How a reply looks in bytes, whole or streamed: the table of dialects."""

from __future__ import annotations

from collections.abc import Mapping

from faultlab.dialects.base import Dialect, Question
from faultlab.dialects.chat import Chat
from faultlab.dialects.responses import Responses

__all__ = ["API_MODES", "CHAT", "DIALECTS", "RESPONSES", "Dialect", "Question"]

CHAT = Chat()
RESPONSES = Responses()

DIALECTS: Mapping[str, Dialect] = {"chat": CHAT, "responses": RESPONSES}

API_MODES: Mapping[str, str] = {"chat": "chat_completions", "responses": "codex_responses"}
"""What the agent's configuration calls each of them."""
