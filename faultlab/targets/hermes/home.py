"""A fresh HERMES_HOME for one scenario: config.yaml, auth.json with made-up tokens, and what the agent left there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from faultlab.lab import Lab
from faultlab.policy import UPSTREAMS
from faultlab.scenario import Scenario

__all__ = ["fresh_home", "leftovers"]

_IN_MEMORY: Final = "/dev/shm"  # noqa: S108  # a folder of our own is made in it, as in any other
"""Where there is one, homes stand on a file system in memory: the agent's store flushes every message to the disk."""

_OURS: Final = frozenset({"auth.json", "config.yaml"})
"""Files that hold credentials because they are the place for them."""


@contextmanager
def fresh_home(scenario: Scenario, lab: Lab) -> Iterator[Path]:
    """A home that holds what the scenario configures, gone afterwards."""
    with TemporaryDirectory(prefix="faultlab-", dir=_IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None) as name:
        home = Path(name)
        (home / "config.yaml").write_text(scenario.config, encoding="utf-8")
        tokens = _tokens(scenario, lab)
        if tokens:
            (home / "auth.json").write_text(json.dumps({"providers": tokens}), encoding="utf-8")
        yield home


def _tokens(scenario: Scenario, lab: Lab) -> dict[str, dict[str, str]]:
    tokens = {}
    for name in UPSTREAMS:
        backend = scenario.policy.backend(name)
        if backend is not None and backend.token_url is not None and name in lab:
            behind = lab[name].behind
            tokens[backend.provider] = {
                "access_token": behind.api_key,
                "refresh_token": behind.refresh_token,
                "token_url": backend.token_url,
            }
    return tokens


def leftovers(home: Path) -> dict[str, str]:
    """Every file that the agent wrote, by its name below home, as text."""
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.name not in _OURS)
    return {f"the file {path.relative_to(home)}": path.read_bytes().decode("latin-1") for path in files}
