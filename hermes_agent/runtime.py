"""All that the agent takes from outside, in one value: the one seam for tests and harnesses.

Only this module reads the time, draws chance or looks at the process's environment.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from hermes_agent.messages import TurnResult
from hermes_agent.situation import Situation
from hermes_agent.tools import Tool

__all__ = ["Clock", "Runtime", "SystemClock", "system_runtime"]


class Clock(Protocol):
    """Time as an object that can be held."""

    def time(self) -> float:
        """Seconds since 1970, for dates that a provider states."""

    def monotonic(self) -> float:
        """Seconds that never go back, for durations."""

    def sleep(self, seconds: float, interrupted: Event) -> None:
        """Wait so long, or until `interrupted` is set."""


class SystemClock:
    """The machine's own time."""

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float, interrupted: Event) -> None:
        """Wait so long, or until `interrupted` is set."""
        interrupted.wait(seconds)


def _new_http_client() -> Any:
    import openai  # half a second: not before the first call

    return openai.DefaultHttpxClient(follow_redirects=False)


def _keep_nothing(result: TurnResult) -> None:
    """Nobody watches the results."""


def _watch_nothing(situation: Situation) -> None:
    """Nobody watches the attempts."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The outside. `new_http_client` makes a fresh client each time, closed by who asked for it; redirects are off.

    `home` is HERMES_HOME, `cwd` the folder that tools work in and that AGENTS.md is looked for in. `tools` None: the
    real ones. `random` draws from 0 to 1, for jitter. `on_result` is handed each turn's result once (contract C16),
    `on_attempt` the situation just before each request for an answer.
    """

    clock: Clock
    new_http_client: Callable[[], Any]
    environ: Mapping[str, str]
    home: Path
    cwd: Path
    tools: Mapping[str, Tool] | None = None
    random: Callable[[], float] = random.random
    on_result: Callable[[TurnResult], None] = field(default=_keep_nothing)
    on_attempt: Callable[[Situation], None] = field(default=_watch_nothing)


def system_runtime() -> Runtime:
    """The real outside, read anew at each call."""
    home = os.environ.get("HERMES_HOME") or Path.home() / ".hermes"
    return Runtime(SystemClock(), _new_http_client, os.environ, Path(home).expanduser(), Path.cwd())
