"""The variables of the process itself, for one scenario: what a library reads there behind the agent's back.

Nobody's credential is among them, and nothing that leads elsewhere: only what a program needs to start is left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from faultlab.environment import is_kept
from faultlab.scenario import Scenario

__all__ = ["surroundings"]


@contextmanager
def surroundings(scenario: Scenario) -> Iterator[None]:
    """Meanwhile the process has the scenario's `env`: the openai client reads accounts and headers there."""
    meanwhile = {**{name: None for name in os.environ if not is_kept(name)}, **dict(scenario.env)}
    before = {name: os.environ.get(name) for name in meanwhile}
    try:
        for name, value in meanwhile.items():
            _set(name, value)
        yield
    finally:
        for name, value in before.items():
            _set(name, value)


def _set(name: str, value: str | None) -> None:
    """None: not set."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
