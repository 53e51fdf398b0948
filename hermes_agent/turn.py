"""One turn: the tool loop around the model calls, and answers that come in pieces (contract section 3, C18, C19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Protocol

from hermes_agent.errors import Interrupted
from hermes_agent.messages import Message, Outcome, Reply, ToolCall
from hermes_agent.model_call import Caller, ModelCall, Talk, TurnEnded
from hermes_agent.situation import Used
from hermes_agent.tool_arguments import read_arguments
from hermes_agent.tools import Tool, ToolRun

__all__ = ["TurnCaller", "run_turn"]

_MAX_CONTINUATIONS = 2
_MAX_REPEATS = 1
_GO_ON = "Your answer was cut off at the output limit. Go on exactly where it ended; repeat nothing."


class TurnCaller(Caller, Protocol):
    """What a turn needs of the agent beyond a model call's needs."""

    tools: Mapping[str, Tool]

    @property
    def made_by(self) -> str:
        """Which backend an answer comes from, for reasoning that may only go back there."""


def run_turn(caller: TurnCaller, talk: Talk) -> str:
    """The model's answer to the conversation. Raises TurnEnded and Interrupted."""
    return _Turn(caller, talk).run()


class _Turn:
    def __init__(self, caller: TurnCaller, talk: Talk) -> None:
        self._caller = caller
        self._talk = talk
        self._passes = 0
        self._continuations = 0
        self._repeats = 0
        self._bad_arguments_used = False

    def run(self) -> str:
        max_turns = self._caller.config.agent.max_turns
        for _ in range(max_turns):
            reply = self._whole_answer()
            if not reply.tool_calls:
                answer = reply.text or reply.refusal
                self._keep(self._assistant(replace(reply, text=answer)))
                return answer
            self._run_tools(reply)
            self._passes += 1
        raise TurnEnded(Outcome.PARTIAL, None, f"stopped after {max_turns} passes of the tool loop (agent.max_turns)")

    def _whole_answer(self) -> Reply:
        """An answer cut at the output limit is continued, or asked for once more where it cannot be (section 3)."""
        pieces: list[str] = []
        room = 1
        while True:
            reply = self._model_call(room)
            if reply.finish_reason != "length":
                self._talk.pending = ()
                return replace(reply, text="".join([*pieces, reply.text]))
            can_go_on = bool(reply.text.strip()) and not reply.tool_calls
            if can_go_on:
                pieces.append(reply.text)
                self._caller.display.hold(reply.text)
                self._talk.pending += (self._assistant(reply), Message("user", _GO_ON))
            else:
                self._caller.display.withdraw()
            self._count_cut(can_go_on, "".join(pieces))
            room = 1 if can_go_on else 2

    def _model_call(self, room: int) -> Reply:
        """One model call, with `room` times the output that the provider is usually asked for."""
        max_tokens = self._caller.standing.max_tokens
        wanted = None if max_tokens is None else max_tokens * room
        used = Used(self._passes, self._continuations, self._repeats, self._bad_arguments_used)
        return ModelCall(self._caller, self._talk, wanted, used).answer()

    def _count_cut(self, can_go_on: bool, so_far: str) -> None:
        if can_go_on:
            self._continuations += 1
        else:
            self._repeats += 1
        if self._continuations > _MAX_CONTINUATIONS or self._repeats > _MAX_REPEATS:
            self._talk.pending = ()
            if so_far:
                self._keep(Message("assistant", so_far, made_by=self._caller.made_by))
            raise TurnEnded(Outcome.PARTIAL, None, "the answer was cut off at the output limit", so_far)

    def _assistant(self, reply: Reply) -> Message:
        return Message(
            "assistant",
            reply.text,
            reply.tool_calls,
            reasoning=reply.reasoning,
            reasoning_items=reply.reasoning_items,
            made_by=self._caller.made_by,
        )

    def _keep(self, message: Message) -> None:
        """What enters the conversation stays on the display, and nothing else does."""
        self._talk.kept += (message,)
        self._caller.keep()
        if message.role == "assistant":
            self._caller.display.keep(message.text)

    def _run_tools(self, reply: Reply) -> None:
        """Run each call once (C18). What an interrupt leaves open is closed where the turn ends."""
        calls = _completed(reply.tool_calls, self._talk)
        arguments = [read_arguments(call.arguments) for call in calls]
        if any(found is None for found in arguments):
            self._refuse(reply, calls, arguments)
            return
        self._keep(self._assistant(replace(reply, tool_calls=calls)))
        for call, given in zip(calls, arguments, strict=True):
            result = self._run_tool(call, given or {})
            self._keep(Message("tool", result, tool_call_id=call.id))

    def _refuse(self, reply: Reply, calls: Sequence[ToolCall], arguments: Sequence[object]) -> None:
        """Section 3: none of the tools runs, and each call is answered with an error."""
        self._bad_arguments_used = True
        pairs = zip(calls, arguments, strict=True)
        mended = tuple(call if found is not None else replace(call, arguments="{}") for call, found in pairs)
        self._keep(self._assistant(replace(reply, tool_calls=mended)))
        for call in mended:
            text = "error: not run, as the arguments of this answer's tool calls were not JSON objects"
            self._keep(Message("tool", text, tool_call_id=call.id))

    def _run_tool(self, call: ToolCall, arguments: Mapping[str, Any]) -> str:
        tools, interruption = self._caller.tools, self._caller.interruption
        tool = tools.get(call.name)
        if tool is None:
            return f"error: there is no tool called {call.name!r}; there are: {', '.join(sorted(tools)) or 'none'}"
        occasion = ToolRun(call.id, interruption.event)
        try:
            return interruption.run(lambda: tool.run(arguments, occasion), cancel=lambda: None)
        except Interrupted:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # section 3: a tool's error is for the model
            return f"error: {type(error).__name__}: {error}"


def _completed(calls: Sequence[ToolCall], talk: Talk) -> tuple[ToolCall, ...]:
    """Each with an id of its own, which its result refers to, and with arguments that are JSON.

    Some local servers leave either out, or use an id again; others refuse a conversation in which that was done.
    """
    taken = {call.id for message in talk.kept.messages for call in message.tool_calls} | {""}
    completed: list[ToolCall] = []
    for call in calls:
        fresh = next(f"call_{n}" for n in count() if f"call_{n}" not in taken)
        call_id = fresh if call.id in taken else call.id
        completed.append(ToolCall(call_id, call.name, call.arguments if call.arguments.strip() else "{}"))
        taken.add(call_id)
    return tuple(completed)
