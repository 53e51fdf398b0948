"""Tools that run nothing: each gives what the scenario says, and every run is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from faultlab.scenario import ScriptedTool, ToolOutput
from faultlab.trace import ToolUse, Trace
from hermes_agent.tools import Tool, ToolRun

__all__ = ["ScriptedTools"]


class _ToolError(Exception):
    """What a scripted tool raises: its text is the tool's error."""


@dataclass(slots=True)
class ScriptedTools:
    """The tools of one scenario. `session` is whose turn it is; `runs` counts this turn's by name."""

    trace: Trace
    session: str = ""
    turn: int = 0

    def begin(self, session: str) -> None:
        """A turn of this session begins."""
        self.session, self.turn = session, self.turn + 1

    @property
    def runs(self) -> Mapping[str, int]:
        """This turn's runs, by tool."""
        return Counter(use.name for use in self.trace.tool_calls if use.turn == self.turn)

    def table(self, tools: Iterable[ScriptedTool]) -> dict[str, Tool]:
        """The agent's table of them."""
        return {tool.name: self._tool(tool) for tool in tools}

    def _tool(self, tool: ScriptedTool) -> Tool:
        used = iter(tool.outputs)
        last = tool.outputs[-1]

        def run(_: Mapping[str, Any], occasion: ToolRun) -> str:
            self.trace.tool_calls.append(ToolUse(self.turn, self.session, occasion.call_id, tool.name))
            return _given(next(used, last))

        return Tool(tool.name, f"Scripted: {tool.name}.", {"type": "object", "properties": {}}, run)


def _given(output: ToolOutput) -> str:
    if output.is_error:
        raise _ToolError(output.text)
    return output.text
