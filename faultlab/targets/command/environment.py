"""The environment of a program under test: where its models are, with which keys, and what its scenario says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from faultlab.environment import kept, key_variable, leading_to
from faultlab.lab import Lab
from faultlab.policy import PRIMARY
from faultlab.scenario import Scenario

__all__ = ["key_variable", "variables"]


_HERE: Final = ("127.0.0.1", "localhost", "::1")
"""Where the lab is served, and whatever else is on this machine."""

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY")
_DIRECTLY: Final = "NO_PROXY"


def variables(scenario: Scenario, lab: Lab, home: Path, proxy: str, allowed: Iterable[str] = ()) -> dict[str, str]:
    """All of them but the way to the control path: it is not the program's to steer. The scenario's own `env` wins.

    Who heeds such variables asks whoever is not on this machine, and not `allowed`, by way of `proxy`.
    """
    ways = {**dict.fromkeys(_PROXIES, proxy), _DIRECTLY: ",".join((*_HERE, *allowed))}
    led = {each: value for name, value in ways.items() for each in (name, name.lower())}
    made = {**dict(scenario.policy.environ), **kept(), **led, **_leading(lab), "HERMES_HOME": str(home)}
    return {name: value for name, value in {**made, **dict(scenario.env)}.items() if value is not None}


def _leading(lab: Lab) -> dict[str, str]:
    led = leading_to(lab)
    return led if PRIMARY in lab else {name: led[name] for name in led if not name.startswith("OPENAI_")}
