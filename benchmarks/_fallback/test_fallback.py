"""One application, and the same test of it three times: with faultlab, with httpx2-pytest, with respx.

OpenAI says 503 three times, which the client's own two retries do not outlive; then the backup answers.
"""

import os
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest

from faultlab import Lab, faults

BACKUP = "https://openrouter.ai/api/v1"
PATH = "/chat/completions"
SERVER_ERROR = {"error": {"message": "The server is overloaded", "type": "server_error", "code": None, "param": None}}
ANSWER = {
    "id": "gen-1",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "anthropic/claude-sonnet-4",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello from the backup"}}
    ],
}

every_round = pytest.mark.parametrize("number", range(int(os.environ["ROUNDS"])))


class Application:
    """OpenAI, and OpenRouter when that fails. It makes its clients once, before any test."""

    def __init__(self, http: Callable[[], Any] = lambda: None) -> None:
        self.primary = openai.OpenAI(api_key="sk-made-up", http_client=http())
        self.backup = openai.OpenAI(base_url=BACKUP, api_key="sk-or-made-up", http_client=http())

    def ask(self, user: str) -> str | None:
        """The answer of whoever has one."""
        try:
            return answer(self.primary, "gpt-5.1", user)
        except openai.APIError:
            return answer(self.backup, "anthropic/claude-sonnet-4", user)


def answer(client: openai.OpenAI, model: str, user: str) -> str | None:
    """What a model says."""
    messages: list[Any] = [{"role": "user", "content": user}]
    return client.chat.completions.create(model=model, messages=messages).choices[0].message.content


AS_IT_IS, OVER_HTTPX = Application(), Application(httpx.Client)


@every_round
def test_with_faultlab(number: int, faultlab: Lab) -> None:
    """Its sleeps move the lab's clock."""
    primary = faultlab.upstream("openai", faults=[(faults.unavailable(), 3)])
    backup = faultlab.upstream("openrouter", says=["Hello from the backup"])
    faultlab.intercept()
    assert AS_IT_IS.ask("hi") == "Hello from the backup"
    assert [len(primary.exchanges), len(backup.exchanges)] == [3, 1]


@every_round
def test_with_httpx2_pytest(number: int, httpx2_mock: Any) -> None:
    """Its sleeps are real."""
    for _ in range(3):
        httpx2_mock.add_response(url=f"https://api.openai.com/v1{PATH}", status_code=503, json=SERVER_ERROR)
    httpx2_mock.add_response(url=f"{BACKUP}{PATH}", json=ANSWER)
    assert AS_IT_IS.ask("hi") == "Hello from the backup"
    assert len(httpx2_mock.get_requests()) == 4


@every_round
def test_with_respx(number: int, respx_mock: Any) -> None:
    """It mocks httpx, which openai 3 speaks only if it is handed a client of it. Its sleeps are real."""
    primary = respx_mock.post(f"https://api.openai.com/v1{PATH}").respond(503, json=SERVER_ERROR)
    backup = respx_mock.post(f"{BACKUP}{PATH}").respond(json=ANSWER)
    assert OVER_HTTPX.ask("hi") == "Hello from the backup"
    assert [primary.call_count, backup.call_count] == [3, 1]
