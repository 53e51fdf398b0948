"""A HERMES_HOME for a program that is led by its configuration: the scenario's own, with the served addresses in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from faultlab.lab import Lab
from faultlab.policy import FALLBACK, PRIMARY, Backend
from faultlab.scenario import Scenario
from faultlab.targets.command.environment import key_variable

__all__ = ["fresh_home", "leftovers"]

_SECTIONS: Final = {PRIMARY: ("model", "default"), FALLBACK: ("fallback_model", "model")}
"""Where an endpoint stands in config.yaml, and the key that names its model."""


@contextmanager
def fresh_home(scenario: Scenario, lab: Lab) -> Iterator[Path]:
    """A home that holds what the scenario configures, gone afterwards."""
    with TemporaryDirectory(prefix="faultlab-") as name:
        home = Path(name)
        (home / "config.yaml").write_text(json.dumps(_config(scenario, lab), indent=2), encoding="utf-8")
        yield home


def _config(scenario: Scenario, lab: Lab) -> dict[str, Any]:
    config = dict(json.loads(scenario.config))
    for name, (section, model) in _SECTIONS.items():
        backend = scenario.policy.backend(name)
        if backend is not None and backend.base_url:
            given = config.get(section)
            kept = given if isinstance(given, dict) else {}
            config[section] = kept | {model: backend.model} | _address(backend, lab)
    return config


def _address(backend: Backend, lab: Lab) -> dict[str, str | None]:
    """Where it is asked here. A key is read from a variable: at another address no provider's own serves."""
    found: dict[str, str | None] = {"provider": backend.provider, "base_url": lab.served(backend.base_url.rstrip("/"))}
    if not backend.key:
        return found
    owner = next(one.name for one in lab if one.api_key == backend.key)
    return found | {"api_key": None, "api_key_env": key_variable(owner)}


def leftovers(home: Path) -> dict[str, str]:
    """Every file in it, by its name, as text; the configuration holds no key."""
    files = sorted(path for path in home.rglob("*") if path.is_file())
    return {f"the file {path.relative_to(home)}": path.read_bytes().decode("latin-1") for path in files}
