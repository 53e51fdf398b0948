"""Make a conversation fit a token budget by leaving out its oldest middle messages (contract C15).

Nothing here asks a model for a summary, or knows why the conversation has to be shorter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hermes_agent.messages import Conversation, Message

__all__ = ["compress", "target"]

_HEAD = 3
_TAIL = 4
_MARKER = Message("user", "[Earlier messages were left out to save space.]")
_MARKED = (_MARKER.role, _MARKER.text)


def target(estimate: int, window: int | None, threshold: float) -> int:
    """The estimate to aim at: half the present one, or `threshold` of the window if that is known and lower."""
    half = estimate // 2
    return half if window is None else min(half, int(threshold * window))


def compress(conversation: Conversation, target_tokens: int) -> Conversation | None:
    """The conversation without its oldest middle messages, so many that its estimate is at most `target_tokens`.

    The first 3 and the last 4 messages stay, and so does a tool exchange of which any message is among them. A marker
    stands in the place of what is lost. None when no message can be lost, or none has to be.
    """
    messages = [message for message in conversation.messages if (message.role, message.text) != _MARKED]
    units = _droppable(messages)
    if not units or conversation.estimate <= target_tokens:
        return None

    def without(last: int) -> Conversation:
        kept = (*messages[: units[0][0]], _MARKER, *messages[units[last][1] :])
        return replace(conversation, messages=kept)

    fitting = bisect_left(range(len(units) - 1), True, key=lambda last: without(last).estimate <= target_tokens)
    return without(fitting)


def _droppable(messages: Sequence[Message]) -> list[tuple[int, int]]:
    """Where the units lie, as (start, end), that touch neither the head nor the tail; they follow one another."""
    starts = [n for n, message in enumerate(messages) if message.role != "tool"]
    units = pairwise([*starts, len(messages)])
    return [(start, end) for start, end in units if start >= _HEAD and end <= len(messages) - _TAIL]
