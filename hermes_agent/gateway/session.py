"""Who is speaking, and in which chat."""

from __future__ import annotations

from dataclasses import dataclass

from hermes_agent.gateway.config import Platform

__all__ = ["SessionSource"]


@dataclass(frozen=True, slots=True)
class SessionSource:
    """The chat that a message comes from; `chat_type` is `dm` or `group`."""

    platform: Platform
    chat_id: str
    chat_name: str = ""
    chat_type: str = "dm"
    user_id: str = ""

    @property
    def key(self) -> str:
        """What tells this chat from every other, also after a restart."""
        return f"agent:main:{self.platform}:{self.chat_type}:{self.chat_id}"
