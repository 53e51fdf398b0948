"""A provider that answers from a script, time that costs nothing, and agents with the real client between the two."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import count
from typing import Any, NamedTuple

import pytest

from faultlab.adapters.transport import installed_library
from hermes_agent.run_agent import AIAgent
from hermes_agent.runtime import Runtime

HTTP = installed_library()


class VirtualClock:
    """Time that moves only when somebody waits or lets it pass; `waits` are all waits."""

    def __init__(self):
        self.now_s = 0.0
        self.waits = []

    def time(self):
        return 1_767_225_600.0 + self.now_s

    def monotonic(self):
        return self.now_s

    def sleep(self, seconds, interrupted):
        self.now_s += seconds
        self.waits.append(seconds)

    def advance(self, seconds):
        self.now_s += seconds


class Asked(NamedTuple):
    """One request as it was on the wire."""

    url: str
    key: str | None
    headers: dict[str, str]
    body: Any

    @property
    def messages(self):
        return self.body["messages"]

    @property
    def texts(self):
        """What it says, the system prompt apart."""
        return [message["content"] for message in self.messages[1:]]


class Provider(HTTP.BaseTransport):
    """Every provider there is: each request takes the next answer of the script.

    An answer is a text, a status, the JSON of a 200, (status, headers, JSON or text), an exception to be raised, or a
    function that makes one of these.
    """

    def __init__(self):
        self.script = []
        self.asked = []
        self.unexpected = []
        self.clients = []
        self._ids = count(1)

    def says(self, *answers):
        self.script += answers

    def new_http_client(self):
        self.clients.append(HTTP.Client(transport=self))
        return self.clients[-1]

    def handle_request(self, request):
        content = request.read().decode()
        is_json = request.headers.get("content-type") == "application/json"
        key = request.headers.get("authorization", "").removeprefix("Bearer ") or None
        body = json.loads(content) if is_json else content
        self.asked.append(Asked(str(request.url), key, dict(request.headers), body))
        if not self.script:
            self.unexpected.append(self.asked[-1])
            raise HTTP.ConnectError("nothing is left of the script")
        return self._response(self.script.pop(0))

    def _response(self, answer):
        match answer:
            case BaseException():
                raise answer
            case str():
                return self._response(self.text(answer))
            case int():
                return self._response(self.error(answer))
            case dict():
                return HTTP.Response(200, json=answer)
            case (status, headers, str() as body):
                return HTTP.Response(status, headers=headers, text=body)
            case (status, headers, body):
                return HTTP.Response(status, headers=headers, json=body)
            case _:
                return self._response(answer())

    @property
    def hosts(self):
        """Who was asked, in order: P for the primary, F for the fallback."""
        return "".join("P" if "api.openai.com" in asked.url else "F" for asked in self.asked)

    @staticmethod
    def text(text, finish_reason="stop", **message):
        answer = {"role": "assistant", "content": text, **message}
        return {"id": "x", "choices": [{"index": 0, "message": answer, "finish_reason": finish_reason}]}

    def calls(self, *calls, text=None, finish_reason="tool_calls", **message):
        """An answer with tool calls: each a name, or (name, arguments as text), or (name, arguments, id)."""
        made = []
        for call in calls:
            given = [call] if isinstance(call, str) else call
            name, arguments, call_id = (*given, *("{}", f"call_{next(self._ids)}")[len(given) - 1 :])
            made.append({"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}})
        return self.text(text, finish_reason, tool_calls=made, **message)

    @staticmethod
    def error(status, code=None, message="it failed", **headers):
        body = {"error": {"message": message, "code": code}}
        return status, {name.replace("_", "-"): str(value) for name, value in headers.items()}, body


class Agents:
    """Makes agents over one store, one script and one clock; `results` are what the runtime was handed."""

    def __init__(self, home, provider, clock):
        self.home = home
        self.clock = clock
        self.config = {
            "model": {"provider": "openai", "default": "gpt-5.1"},
            "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
        }
        self.environ = {"OPENAI_API_KEY": "sk-primary", "OPENROUTER_API_KEY": "sk-fallback"}
        self.tools = {}
        self.results = []
        self._provider = provider

    def new(self, session_id="s", **options):
        """A new agent, as a new process would make it; its caller closes it."""
        (self.home / "config.yaml").write_text(json.dumps(self.config))
        runtime = Runtime(
            self.clock,
            self._provider.new_http_client,
            self.environ,
            self.home,
            self.home,
            tools=self.tools,
            random=lambda: 0.0,
            on_result=self.results.append,
        )
        return AIAgent(runtime=runtime, session_id=session_id, **options)

    def turn(self, text="ping", session_id="s", history=None, **options):
        """One turn of a new agent, as its result."""
        with closing(self.new(session_id, **options)) as agent:
            agent.run_conversation(text, history)
        return self.results[-1]


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def provider():
    """The whole script has to be played, and nothing beyond it may be asked."""
    provider = Provider()
    yield provider
    assert not provider.unexpected
    assert not provider.script


@pytest.fixture
def agents(tmp_path, provider, clock):
    return Agents(tmp_path, provider, clock)
