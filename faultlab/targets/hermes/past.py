"""The conversation before the first turn: as the agent stores it, and as a request would say it."""

from __future__ import annotations

from dataclasses import replace

from faultlab.dialogue import Dialogue, Said, gathered
from faultlab.made_up import conversation
from faultlab.open_calls import closed
from faultlab.scenario import DrawnHistory, Scenario
from hermes_agent.messages import Message, ToolCall

__all__ = ["as_dialogue", "past_of"]


def past_of(scenario: Scenario) -> tuple[Message, ...]:
    """The messages, written or made from the seed."""
    history = scenario.history
    if isinstance(history, DrawnHistory):
        return _drawn(history, scenario.seed)
    return tuple(
        Message(
            each.role,
            each.text,
            tuple(ToolCall(*call) for call in each.tool_calls),
            each.tool_call_id,
        )
        for each in history
    )


def _drawn(history: DrawnHistory, seed: int) -> tuple[Message, ...]:
    return tuple(
        Message(each.role, each.text, tuple(ToolCall(c.id, c.name, c.arguments) for c in each.calls), each.call_id)
        for each in conversation(history.messages, history.tokens, seed)
    )


def as_dialogue(scenario: Scenario) -> Dialogue:
    """The same, as a request says it: with no tool call left open."""
    history = scenario.history
    whole = history if isinstance(history, DrawnHistory) else tuple(closed(history))
    messages = past_of(replace(scenario, history=whole))
    calls = ((each, tuple((call.name, call.arguments) for call in each.tool_calls)) for each in messages)
    return gathered("", (Said(each.role, each.text, made) for each, made in calls))
