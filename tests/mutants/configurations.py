"""The configurations that a wrong agent is hunted with: some stock ones, some special, one for each known provider."""

from __future__ import annotations

import json
from functools import cache

from faultlab.policies import hermes_rules
from faultlab.runner import loader
from faultlab.subject import Subject
from tests.faultlab.walking import TWO

BACKUP = {"provider": "openai", "model": "gpt-5.1"}

STOCK = {
    "openai": TWO,
    "codex": {
        "model": {"provider": "openai-codex", "default": "gpt-5.1-codex"},
        "fallback_model": {"provider": "anthropic", "model": "claude-sonnet-4-5"},
        "display": {"streaming": True},
    },
    "custom": {
        "model": {
            "provider": "custom",
            "default": "llama",
            "base_url": "http://localhost:8080/v1",
            "max_tokens": 4000,
            "context_length": 16000,
        },
        "fallback_model": {"provider": "nous", "model": "hermes-4-405b"},
        "agent": {"api_max_retries": 8, "max_turns": 3},
        "display": {"streaming": True},
    },
    "local": {
        "model": {"provider": "vllm", "default": "llama", "base_url": "http://localhost:8000/v1", "api_key": "none"},
        "fallback_model": {"provider": "ollama", "model": "qwen", "base_url": "http://localhost:11434/v1"},
        "agent": {"api_max_retries": 3},
        "display": {"streaming": True},
    },
}

SPECIAL = {
    "soon": {
        "model": {"provider": "openai-codex", "default": "gpt-5.1-codex"},
        "fallback_model": {"provider": "nous", "model": "hermes-4-405b", "max_tokens": 2000},
        "agent": {"api_max_retries": 2},
    },
    "second": {
        "model": {"provider": "openai", "default": "gpt-5.1"},
        "fallback_model": {
            "provider": "openai",
            "model": "gpt-5.1",
            "base_url": "https://second.example/v1",
            "api_key": "sk-of-the-second-0001",
            "api_mode": "codex_responses",
        },
    },
    "account": {
        "model": {"provider": "openrouter", "default": "deepseek/deepseek-chat"},
        "fallback_model": {
            "provider": "openrouter",
            "model": "deepseek/deepseek-chat",
            "api_key": "sk-or-of-the-second-0001",
        },
    },
    "small": {
        "model": {"provider": "openai", "default": "gpt-5.1", "context_length": 9000},
        "fallback_model": {"provider": "nous", "model": "hermes-4-405b", "context_length": 6000},
    },
    "responses": {
        "model": {"provider": "openai", "default": "gpt-5.1", "api_mode": "codex_responses"},
        "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
        "display": {"streaming": True},
    },
    "full": {
        "model": {"provider": "openrouter", "default": "m", "context_length": 9800},
        "fallback_model": BACKUP,
        "compression": {"threshold": 1},
        "display": {"streaming": True},
    },
    "twin": {
        "model": {"provider": "openai", "default": "gpt-5.1"},
        "fallback_model": {"provider": "openai", "model": "gpt-5.1", "base_url": "https://api.openai.com/v1/"},
    },
}
"""Configurations in which something else than the provider is of interest."""

PASTS = {"full": {"messages": 60, "tokens": 9000}}
"""Conversations that go on, where it is not a new one: of `full` more than nine tenths of the window."""


KNOWN = (
    "deepseek",
    "fireworks",
    "gemini",
    "groq",
    "kimi-coding",
    "minimax",
    "mistral",
    "nous",
    "openrouter",
    "together",
    "zai",
)
SELF_HOSTED = ("anthropic", "azure", "llamacpp", "lmstudio", "ollama", "vllm", "xai")
STREAMED = ("openrouter", "lmstudio", "ollama", "minimax", "azure")

CATALOGUED = {
    **{name: {"provider": name, "default": "m", "max_tokens": 4000} for name in KNOWN},
    **{
        name: {
            "provider": name,
            "default": "m",
            "max_tokens": 4000,
            "base_url": f"https://{name}.example/v1",
            "api_key": f"sk-of-{name}-0001",
        }
        for name in SELF_HOSTED
    },
}
"""Providers of whose own words the catalogue has some, and how they are asked."""


@cache
def subject(name: str) -> Subject:
    """A healthy agent with this configuration; `NAME, streamed` has every answer streamed."""
    told = {"name": name, "config": config(name), "says": ["Good morning."], "turns": [{"user": "hello"}]}
    past = {"history": PASTS[name]} if name in PASTS else {}
    (healthy,) = loader().read(json.dumps(told | past), f"{name}.yaml")
    return Subject(name, healthy, rules=hermes_rules())


def config(name: str) -> dict[str, object]:
    """What stands in its config.yaml."""
    known, _, streamed = name.partition(", ")
    found = (STOCK | SPECIAL).get(known) or {"model": CATALOGUED[known], "fallback_model": BACKUP}
    return {**found, "display": {"streaming": True}} if streamed else found
