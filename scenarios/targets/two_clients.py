"""The simplest application that has a backup: two clients, the second one behind the first."""

from __future__ import annotations

import openai

from faultlab.lab import Lab

__all__ = ["ask"]


def ask(lab: Lab, user: str) -> str:
    """The answer of the first model that gives one."""
    first, backup = lab["primary"], lab["fallback"]
    try:
        return _answer(first.client(max_retries=2), first.model, user)
    except openai.APIError:
        return _answer(backup.client(), backup.model, user)


def _answer(client: openai.OpenAI, model: str | None, user: str) -> str:
    with client:
        asked = client.chat.completions.create(model=model or "", messages=[{"role": "user", "content": user}])
        return asked.choices[0].message.content or ""
