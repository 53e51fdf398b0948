"""A Faker provider: whatever a test of an application that talks to a model wants made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from faker.providers import BaseProvider

from faultlab.content.answers import answer
from faultlab.content.draw import Draw
from faultlab.content.headers import rate_limit_headers, request_id, request_id_header
from faultlab.content.messages import as_chat, as_responses
from faultlab.content.personal import KINDS, PersonalPrompt, prompt
from faultlab.content.schema import value_for
from faultlab.errors import UnusableSchema
from faultlab.made_up import MadeMessage, conversation, fewest_tokens, key_for
from faultlab.script import Reply, ToolCall

__all__ = ["ModelProvider"]

_SEED_BITS: Final = 64
_CHARACTERS_PER_TOKEN: Final = 4
"""The estimate that faultlab counts by."""

_TOKENS_PER_MESSAGE: Final = 60
_MOST_MESSAGES: Final = 200

_Schema = Mapping[str, Any] | bool
_Tool = Mapping[str, Any]


class ModelProvider(BaseProvider):
    """What models, their users and their providers say: `fake.add_provider(ModelProvider)`.

    The same seed of the Faker instance gives the same bytes in every process, on every Python and with every version of
    Faker: each call takes one number of the instance, and makes the rest from it.
    """

    def model_answer(self, tokens: int | None = None, *, characters: int | None = None, style: str = "plain") -> str:
        """A text of exactly so many tokens (four characters each) or characters; some fifty tokens if neither is said.

        `style` is `plain`, `markdown`, `code` (with fenced blocks) or `unicode` (many scripts, emoji, right-to-left).
        """
        draw = self._draw("answer")
        if characters is None:
            characters = _CHARACTERS_PER_TOKEN * (draw.between(30, 70) if tokens is None else tokens)
        return answer(characters, style, draw)

    def model_reply(self, tokens: int | None = None, *, style: str = "plain") -> Reply:
        """The same as what a fake provider says: `lab.upstream("openai", says=[fake.model_reply()])`."""
        return Reply(self.model_answer(tokens, style=style))

    def tool_arguments(self, schema: _Schema) -> str:
        """The JSON text of arguments that hold a tool's JSON schema. Raises UnusableSchema where there are none."""
        return _arguments(schema, self._draw("arguments"))

    def tool_call(self, tool: _Tool | str, schema: _Schema | None = None) -> ToolCall:
        """A valid call of a tool: described as the chat or the Responses API is sent it, or by name and schema."""
        return _call(tool, schema, self._draw("call"))

    def tool_reply(self, *tools: _Tool) -> Reply:
        """A model's answer that calls each of these tools once, in this order."""
        draw = self._draw("reply")
        return Reply(tool_calls=tuple(_call(tool, None, draw.fork(place)) for place, tool in enumerate(tools)))

    def conversation(self, tokens: int = 900, *, messages: int | None = None) -> tuple[MadeMessage, ...]:
        """User, assistant and tools in turn, whose texts and arguments are exactly so many tokens, up to an answer."""
        count = _messages_for(tokens) if messages is None else messages
        return conversation(count, tokens, self._draw("conversation").below(2**63))

    def chat_messages(self, tokens: int = 900, *, messages: int | None = None) -> list[dict[str, Any]]:
        """A conversation as `messages` of chat completions."""
        return as_chat(self.conversation(tokens, messages=messages))

    def responses_input(self, tokens: int = 900, *, messages: int | None = None) -> list[dict[str, Any]]:
        """A conversation as `input` of the Responses API."""
        return as_responses(self.conversation(tokens, messages=messages))

    def model_key(self, provider: str = "openai") -> str:
        """A key in a provider's style, which opens nothing."""
        return key_for(provider, self._draw("key").below(2**63))

    def request_id(self, provider: str = "openai") -> str:
        """The id of a request as this provider makes it."""
        return request_id(provider, self._draw("request id"))

    def rate_limit_headers(self, provider: str = "openai", **given: float) -> dict[str, str]:
        """What this provider tells of its limits with every answer; empty where no such header of it is known.

        `requests_limit`, `requests_remaining`, `requests_reset` (seconds) and the same of `tokens` may be given.
        """
        return rate_limit_headers(provider, self._draw("limits"), given)

    def response_headers(self, provider: str = "openai", **given: float) -> dict[str, str]:
        """The id of a request and the limits, under this provider's names."""
        return {request_id_header(provider): self.request_id(provider), **self.rate_limit_headers(provider, **given)}

    def personal_prompt(self, *kinds: str) -> PersonalPrompt:
        """A prompt with personal data in it, one value of each kind, and a list of them; all kinds if none is named.

        Kinds are `name`, `email`, `phone`, `address`, `card`, `iban`, `ssn`, `birth_date` and `ip_address`.
        """
        return prompt(kinds or tuple(KINDS), self._draw("prompt"))

    def _draw(self, use: str) -> Draw:
        return Draw(use, self.generator.random.getrandbits(_SEED_BITS))


def _messages_for(tokens: int) -> int:
    """As many as a conversation of that size might have."""
    most = min(_MOST_MESSAGES, tokens // _TOKENS_PER_MESSAGE) // 2 * 2
    return next((count for count in range(max(most, 2), 0, -2) if fewest_tokens(count) <= tokens), 1)


def _call(tool: _Tool | str, schema: _Schema | None, draw: Draw) -> ToolCall:
    if isinstance(tool, str):
        return ToolCall(tool, _arguments({} if schema is None else schema, draw))
    told = tool.get("function", tool)
    if not isinstance(told, Mapping) or not isinstance(told.get("name"), str):
        raise UnusableSchema("#", f"a tool has a name, and its parameters beside it, not {tool!r:.80}")
    return ToolCall(told["name"], _arguments(told.get("parameters") or {}, draw))


def _arguments(schema: _Schema, draw: Draw) -> str:
    """Arguments are an object, whether the schema says so or not."""
    schema = {} if schema is True else schema
    if isinstance(schema, Mapping) and "type" not in schema:
        schema = {"type": "object", **schema}
    return json.dumps(value_for(schema, draw.name), ensure_ascii=False)
