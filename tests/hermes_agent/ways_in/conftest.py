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


class Outside:
    """What an agent meets. `answer(host, text)` is the model's words, or a status; `asked` is who was asked what."""

    def __init__(self, home):
        self.home, self.clock, self.environ = home, Clock(), dict(KEYS)
        self.asked, self.bodies, self.results = [], [], []
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
            return httpx2.Response(said, json={"error": {"message": "no"}})
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        whole = {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
        return httpx2.Response(200, json=whole)


@pytest.fixture
def outside(tmp_path):
    return Outside(tmp_path)


@pytest.fixture
def primary_without_credit(outside):
    """The primary answers 402: the first call of a session switches."""
    outside.answer = lambda host, text: 402 if host == "api.openai.com" else f"backup: {text}"
    return outside
