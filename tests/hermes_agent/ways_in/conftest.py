"""An outside for the ways in: a home of its own, two providers that answer by a function, time that costs nothing."""

import json
from threading import Lock

import httpx2
import openai
import pytest

from hermes_agent.runtime import Runtime

CONFIG = """\
model: {provider: openai, default: gpt-5.1}
fallback_model: {provider: openrouter, model: backup}
"""
STREAMED = CONFIG + "display: {streaming: true}\n"
KEYS = {"OPENAI_API_KEY": "sk-primary", "OPENROUTER_API_KEY": "sk-fallback"}


class Clock:
    """Seconds since 1970 that pass only when somebody sleeps."""

    def __init__(self):
        self.now = 1_767_225_600.0  # 2026-01-01T00:00:00Z

    def time(self):
        return self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds, interrupted):
        if not interrupted.is_set():
            self.now += seconds


class BreaksOff(str):
    """What came of an answer before its stream ended: there is no finish reason."""

    __slots__ = ()


class Outside:
    """What an agent meets. `answer(host, text)` is the model's words, or a status; `asked` is who was asked what."""

    def __init__(self, home):
        self.home, self.clock, self.environ = home, Clock(), dict(KEYS)
        self.asked, self.bodies, self.results = [], [], []
        self.says_no = "no"
        self._lock = Lock()
        (home / "config.yaml").write_text(CONFIG)

    def answer(self, host, text):
        del host
        return f"re: {text}"

    @property
    def runtime(self):
        def new_http_client():
            return openai.DefaultHttpxClient(transport=httpx2.MockTransport(self._respond))

        return Runtime(
            self.clock, new_http_client, self.environ, self.home, self.home, {}, lambda: 0.0, self.results.append
        )

    def _respond(self, request):
        body = json.loads(request.content)
        text = body["messages"][-1]["content"]
        with self._lock:
            self.asked.append((request.url.host, text))
            self.bodies.append(body)
        said = self.answer(request.url.host, text)
        if isinstance(said, int):
            return httpx2.Response(said, json={"error": {"message": self.says_no}})
        if body.get("stream"):
            return _streamed(said)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        whole = {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
        return httpx2.Response(200, json=whole)


def _streamed(said):
    """In pieces of two characters."""
    deltas = [{"content": said[start : start + 2]} for start in range(0, len(said), 2)]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if not isinstance(said, BreaksOff):
        choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    text = "".join(f"data: {json.dumps({'id': 'x', 'choices': [choice]})}\n\n" for choice in choices)
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=text)


@pytest.fixture
def outside(tmp_path):
    return Outside(tmp_path)


@pytest.fixture
def streamed(outside):
    """The same, with streaming on; `breaks_off(text)` makes an answer that ends too early."""
    (outside.home / "config.yaml").write_text(STREAMED)
    outside.breaks_off = BreaksOff
    return outside


@pytest.fixture
def primary_without_credit(outside):
    """The primary answers 402: the first call of a session switches."""
    outside.answer = lambda host, text: 402 if host == "api.openai.com" else f"backup: {text}"
    return outside
