"""One turn as the contract has it: the tool loop, and answers that come in pieces (sections 2 and 3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from faultlab.foretelling.answers import has_bad_arguments
from faultlab.foretelling.call import ModelCall, Run, TurnEnds
from faultlab.foretelling.talk import Line
from faultlab.scenario import ToolOutput
from faultlab.script import Reply, ToolCall

__all__ = ["TurnRun", "answer_of"]


class TurnRun(Run, Protocol):
    """What a turn needs of the run that it is part of."""

    tools: Mapping[str, Callable[[], ToolOutput]]


def answer_of(run: TurnRun) -> str:
    """The answer to the conversation. Raises TurnEnds, Interrupted and Unforeseen."""
    return _Turn(run).answer()


class _Turn:
    def __init__(self, run: TurnRun) -> None:
        self._run = run
        self._continuations = self._repeats = self._bad_arguments = 0

    def answer(self) -> str:
        for _ in range(self._run.setting.passes):
            reply = self._whole_answer()
            if not reply.tool_calls:
                text = reply.text or ""
                self._run.talk.add(Line("assistant", text, reasons=bool(reply.reasoning)))
                self._run.display.keep(text)
                return text
            self._take_tools(reply)
        raise TurnEnds("partial", None)

    def _whole_answer(self) -> Reply:
        """An answer that was cut is gone on with, or asked for once more."""
        run, pieces, room = self._run, "", 1
        while True:
            reply = self._call(room)
            if reply.finish != "length":
                run.talk.drop_pending()
                return replace(reply, text=pieces + (reply.text or "")) if pieces else reply
            goes_on = bool((reply.text or "").strip()) and not reply.tool_calls
            if goes_on:
                pieces += reply.text or ""
                run.display.hold(reply.text or "")
                said = Line("assistant", reply.text or "", reasons=bool(reply.reasoning))
                run.talk.hold(said, Line("user", run.setting.rules.texts.go_on))
            else:
                run.display.withdraw()
            self._count_cut(goes_on, pieces)
            room = 1 if goes_on else 2

    def _call(self, room: int) -> Reply:
        used = self._bad_arguments >= self._run.setting.rules.pieces.bad_arguments
        return ModelCall(self._run, room, bad_arguments_used=used).answer()

    def _count_cut(self, goes_on: bool, so_far: str) -> None:
        if goes_on:
            self._continuations += 1
        else:
            self._repeats += 1
        most = self._run.setting.rules.pieces
        if self._continuations > most.continuations or self._repeats > most.repeats:
            self._run.talk.drop_pending()
            if so_far:
                self._run.talk.add(Line("assistant", so_far))
                self._run.display.keep(so_far)
            raise TurnEnds("partial", None, so_far)

    def _take_tools(self, reply: Reply) -> None:
        run = self._run
        refused = has_bad_arguments(reply)
        calls = tuple((call.name, _written(call, refused=refused)) for call in reply.tool_calls)
        run.account.told_from = len(run.talk.kept)
        run.talk.add(Line("assistant", reply.text or "", calls, reasons=bool(reply.reasoning)))
        run.display.keep(reply.text or "")
        if refused:
            self._bad_arguments += 1
        for call in reply.tool_calls:
            run.talk.add(Line("tool", run.setting.rules.texts.not_run if refused else self._result(call)))

    def _result(self, call: ToolCall) -> str:
        run, texts = self._run, self._run.setting.rules.texts
        tool = run.tools.get(call.name)
        if tool is None:
            return texts.unknown_tool.format(name=repr(call.name), tools=run.setting.tools)
        counts = run.account.tool_runs
        counts[call.name] = counts.get(call.name, 0) + 1
        given = tool()
        return texts.tool_failed.format(text=given.text) if given.is_error else given.text


def _written(call: ToolCall, *, refused: bool) -> str:
    """Its arguments as they stand in the conversation: `{}` for none, and for what is no object."""
    if not call.arguments.strip() or (refused and not _is_object(call.arguments)):
        return "{}"
    return call.arguments


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False
