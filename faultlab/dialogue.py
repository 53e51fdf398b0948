"""What a request says, in one form for both dialects: messages, tool calls, tool results. Reasoning is left out.

Reads only the request; who sent it and what was answered is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from faultlab.documents import mapping_in, mappings_in, text_in
from faultlab.wire import Request

__all__ = ["Dialogue", "Said", "dialogue_of", "gathered"]


@dataclass(frozen=True, slots=True)
class Said:
    """One message: who says what, which tools it calls (name, arguments), or a tool's result. Ids are left out.

    `shown` is what is no text, an image or a file: what it is, and what it consists of.
    """

    role: str
    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    shown: tuple[tuple[str, ...], ...] = ()

    @property
    def characters(self) -> int:
        """What the contract's estimate counts."""
        return len(self.text) + sum(len(arguments) for _, arguments in self.calls)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The conversation of one request, the system prompt apart."""

    system: str = ""
    messages: tuple[Said, ...] = ()

    def extends(self, earlier: Dialogue) -> bool:
        """Whether all of `earlier` is still there, in front."""
        return self.messages[: len(earlier.messages)] == earlier.messages

    def compresses(self, earlier: Dialogue) -> bool:
        """Whether messages out of the middle of `earlier` are gone: its head or its tail is there, not all of it."""
        if not earlier.messages or not self.messages or self.extends(earlier):
            return False
        return earlier.messages[-1] in self.messages or len(self.messages) < len(earlier.messages)


def dialogue_of(request: Request) -> Dialogue:
    """The conversation in the body; an empty one where there is none."""
    body = request.json
    if not isinstance(body, Mapping):
        return Dialogue()
    if "messages" in body:
        return gathered("", [_chat_message(each) for each in mappings_in(body["messages"])])
    items = body.get("input")
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    said = [_ITEMS.get(str(each.get("type", "message")), _nothing)(each) for each in mappings_in(items)]
    return gathered(text_in(body.get("instructions")), said)


def gathered(system: str, said: Iterable[Said | None]) -> Dialogue:
    """What was said, in order: system messages go in front, several messages of an assistant in a row are one."""
    messages: list[Said] = []
    for each in said:
        if each is None or each == Said("assistant"):
            continue
        if each.role in {"system", "developer"}:
            system += each.text
        elif messages and each.role == messages[-1].role == "assistant":
            last = messages[-1]
            messages[-1] = Said(last.role, last.text + each.text, last.calls + each.calls, last.shown + each.shown)
        else:
            messages.append(each)
    return Dialogue(system, tuple(messages))


def _chat_message(message: Mapping[str, Any]) -> Said:
    calls = tuple(map(_call, mappings_in(message.get("tool_calls"))))
    return _said(text_in(message.get("role")), message.get("content"), calls)


def _call(call: Mapping[str, Any]) -> tuple[str, str]:
    function = mapping_in(call.get("function"))
    return text_in(function.get("name")), text_in(function.get("arguments"))


def _message_item(item: Mapping[str, Any]) -> Said:
    return _said(text_in(item.get("role")), item.get("content"))


def _call_item(item: Mapping[str, Any]) -> Said:
    return Said("assistant", "", ((text_in(item.get("name")), text_in(item.get("arguments"))),))


def _result_item(item: Mapping[str, Any]) -> Said:
    return _said("tool", item.get("output"))


def _nothing(_: Mapping[str, Any]) -> None:
    """Reasoning and whatever else is a provider's own."""


_ITEMS: Final[dict[str, Callable[[Mapping[str, Any]], Said | None]]] = {
    "message": _message_item,
    "function_call": _call_item,
    "function_call_output": _result_item,
}


def _said(role: str, content: Any, calls: tuple[tuple[str, str], ...] = ()) -> Said:
    if isinstance(content, str):  # as nearly always
        return Said(role, content, calls)
    parts = mappings_in(content)
    return Said(role, text_in(content), calls, tuple(_shown(part) for part in parts if "text" not in part))


def _shown(part: Mapping[str, Any]) -> tuple[str, ...]:
    """What a part is and consists of, whichever dialect nests it how."""
    kind = text_in(part.get("type")).removeprefix("input_").removesuffix("_url")
    return kind, *sorted(_leaves({name: part[name] for name in part if name != "type"}))


def _leaves(value: Any) -> Iterator[str]:
    """The texts in it; how closely an image is to be looked at is none of its content."""
    if isinstance(value, Mapping):
        for name in value:
            yield from _leaves(value[name]) if name != "detail" else ()
    elif isinstance(value, str):
        yield value
