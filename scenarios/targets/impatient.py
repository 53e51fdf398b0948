"""An application that asks again at once, whatever it is told to wait."""

from __future__ import annotations

import openai

from faultlab.lab import Lab

__all__ = ["ask"]

_ATTEMPTS = 4


def ask(lab: Lab, user: str) -> str:
    """The answer, if one of a few attempts in a row gets one."""
    provider = lab["primary"]
    with provider.client(max_retries=0) as client:
        for _ in range(_ATTEMPTS):
            try:
                return _answer(client, provider.model, user)
            except openai.RateLimitError:
                continue
    return "nothing"


def _answer(client: openai.OpenAI, model: str | None, user: str) -> str:
    asked = client.chat.completions.create(model=model or "", messages=[{"role": "user", "content": user}])
    return asked.choices[0].message.content or ""
