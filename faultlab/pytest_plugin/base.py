"""What the parts of the plugin share: where they keep what they know, and what the user asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

__all__ = ["LAB", "UNREADABLE", "seed_asked_for", "trace_folder"]

LAB = pytest.StashKey[Any]()
"""Of an item: its `faultlab.Lab`, from the fixture's beginning."""

UNREADABLE = pytest.StashKey[int]()
"""Of a session: scenario files that could not be read."""


def seed_asked_for(config: pytest.Config) -> int | None:
    """The seed of the command line, else of the ini file; None when neither states one."""
    given = config.getoption("faultlab_seed")
    if given is None and config.getini("faultlab_seed"):
        given = _whole(config.getini("faultlab_seed"))
    return None if given is None else int(given)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise pytest.UsageError(f"faultlab_seed: a whole number from 0, not {text!r}")
    return int(text)


def trace_folder(config: pytest.Config) -> Path | None:
    """Where traces of failing tests go; None when they go nowhere."""
    given = config.getoption("faultlab_trace")
    return None if given is None else config.invocation_params.dir / given
