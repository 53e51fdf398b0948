"""Tool calls that nobody answered, in a conversation from before: a crash or an interrupt may have left some open.

Contract C17: before anybody speaks on, each of them gets a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from faultlab.scenario import HistoryMessage

__all__ = ["INTERRUPTED", "closed"]

INTERRUPTED: Final = "interrupted"
"""The result that the contract gives them."""


def closed(history: Sequence[HistoryMessage], result: str = INTERRUPTED) -> Iterator[HistoryMessage]:
    """The same messages, with this result for each call that is open where somebody else speaks, or at the end."""
    left: list[str] = []
    for message in history:
        if message.role != "tool":
            yield from _results(left, result)
            left = [call_id for call_id, _, _ in message.tool_calls]
        elif message.tool_call_id in left:
            left.remove(message.tool_call_id)
        yield message
    yield from _results(left, result)


def _results(left: Sequence[str], result: str) -> Iterator[HistoryMessage]:
    return (HistoryMessage("tool", result, (), call_id) for call_id in left)
