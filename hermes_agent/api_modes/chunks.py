"""The chunks of a streamed chat answer, put together into the document that a whole answer is. Judges nothing.

Providers differ in what they repeat, leave out and null, and the SDK checks none of it: any chunk can be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hermes_agent.api_modes.base import Show, content, field, is_object, items, own_error, text
from hermes_agent.errors import StreamEndedEarly
from hermes_agent.tool_arguments import arguments_text

__all__ = ["put_together"]


def put_together(chunks: Iterable[object], show: Show, complete: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """The answer whose pieces these are; `show` gets its text as it comes.

    Raises StreamEndedEarly, and what the stream raises. Once the finish reason is there, only an
    error that the provider sends changes anything: usage, `[DONE]` and a connection that breaks are of no account.
    `complete` is called then, and with each chunk that follows.
    """
    answer = _Answer(show)
    try:
        for chunk in chunks:
            answer.take(chunk)
            if answer.error:
                break
            if answer.finish_reason:
                complete()
    except Exception as error:
        if not answer.finish_reason or field(error, "body"):  # the SDK raises an error chunk, with what it says as body
            raise
    return answer.document()


class _Answer:
    """What has come so far of the first choice."""

    def __init__(self, show: Show) -> None:
        self.error: object | None = None
        self._finishes = dict.fromkeys(_FINISHES, "")
        self._show = show
        self._index: object = None
        self._choices: object = _NOTHING
        self._has_choice = self._has_message = False
        self._texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
        self._calls: list[_Call | None] = []

    @property
    def finish_reason(self) -> str:
        """Why the answer is complete; empty as long as it is not."""
        return self._finishes["finish_reason"]

    def take(self, chunk: object) -> None:
        """One more chunk."""
        self.error = self.error or own_error(chunk)
        self._choices = field(chunk, "choices")
        choice = next((each for each in items(self._choices) if self._is_the_first(each)), None)
        if choice is not None:
            self._has_choice = True
            self._take_choice(choice)

    def document(self) -> dict[str, Any]:
        """What a whole answer would have been."""
        if self.error:
            return {"choices": [{"error": self.error}]}
        if not self._has_choice and self._choices is not _NOTHING:
            return {"choices": self._choices}
        if not self.finish_reason:
            raise StreamEndedEarly("the stream ended before its finish reason")
        return {"choices": [{"message": self._message(), **self._finishes}]}

    def _is_the_first(self, choice: object) -> bool:
        """Whether it is the choice that the first chunk began with; some give no index, or not always one."""
        index = field(choice, "index")
        if self._index is None:
            self._index = index
        return is_object(choice) and index in (None, self._index)

    def _take_choice(self, choice: object) -> None:
        self.error = self.error or field(choice, "error")
        self._finishes |= {name: told for name in _FINISHES if (told := text(field(choice, name)))}
        delta = field(choice, "delta")
        if not is_object(delta):
            return
        self._has_message = True
        for name, pieces in self._texts.items():
            piece = content(field(delta, name))
            if piece:
                pieces.append(piece)
                if name == "content" or (name == "refusal" and not self._texts["content"]):
                    self._show(piece)
        for piece in items(field(delta, "tool_calls")):
            self._take_call(piece)

    def _take_call(self, piece: object) -> None:
        if piece is None:
            self._calls.append(None)
            return
        known = [call for call in self._calls if call is not None]
        call = _belonging(known, piece)
        if call is None:
            call = _Call(field(piece, "index"))
            self._calls.append(call)
        call.take(piece)

    def _message(self) -> dict[str, Any] | None:
        if not self._has_message:
            return None
        calls = [call and call.document() for call in self._calls]
        return {name: "".join(pieces) for name, pieces in self._texts.items()} | {"tool_calls": calls}


_NOTHING = object()
_FINISHES = ("finish_reason", "native_finish_reason")
_TEXTS = ("content", "refusal", "reasoning_content", "reasoning")


class _Call:
    """A tool call as it comes: the index and the id that its pieces are known by."""

    def __init__(self, index: object) -> None:
        self.index = index
        self.id = self._name = ""
        self._arguments: list[str] = []

    def take(self, piece: object) -> None:
        """One more piece. A name may come in several, or whole in each."""
        function = field(piece, "function")
        self.id = self.id or text(field(piece, "id"))
        name = text(field(function, "name"))
        if name != self._name:
            self._name += name
        self._arguments.append(arguments_text(field(function, "arguments")))

    def document(self) -> dict[str, Any]:
        """The call as a whole answer has it."""
        return {"id": self.id, "function": {"name": self._name, "arguments": "".join(self._arguments)}}


def _belonging(known: list[_Call], piece: object) -> _Call | None:
    """The call that a piece is of; None: it begins another.

    The index tells, where there is one. But some send every call under index 0, or none, each whole and with an id of
    its own: a name and another id begin another call. And some give every piece an id of its own, and the first a name.
    """
    index, call_id = field(piece, "index"), text(field(piece, "id"))
    name = text(field(field(piece, "function"), "name"))
    same = [call for call in reversed(known) if index is None or call.index == index]
    if not same:
        return None
    if call_id:
        called_so = next((call for call in same if call.id == call_id), None)
        return called_so or (None if name and same[0].id else same[0])
    return None if index is None and name else same[0]
