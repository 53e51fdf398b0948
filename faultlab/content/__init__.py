"""Made-up content for tests: a Faker provider, and what it is made of.

`fake.add_provider(faultlab.content.ModelProvider)`; faker is imported when the provider is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from faultlab.content.personal import Personal, PersonalPrompt
from faultlab.content.schema import value_for

__all__ = ["ModelProvider", "Personal", "PersonalPrompt", "value_for"]


def __getattr__(name: str) -> Any:
    if name != "ModelProvider":
        raise AttributeError(f"module 'faultlab.content' has no attribute {name!r}")
    return import_module("faultlab.content.provider").ModelProvider
