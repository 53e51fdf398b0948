"""The environment of a program under test: where its models are, with which keys, and what its scenario says."""

from __future__ import annotations

from pathlib import Path

from faultlab.environment import kept, key_variable, leading_to
from faultlab.lab import Lab
from faultlab.policy import PRIMARY
from faultlab.scenario import Scenario

__all__ = ["key_variable", "variables"]


def variables(scenario: Scenario, lab: Lab, home: Path) -> dict[str, str]:
    """All of them but the way to the control path: it is not the program's to steer. The scenario's own `env` wins."""
    made = {**dict(scenario.policy.environ), **kept(), **_leading(lab), "HERMES_HOME": str(home)}
    return {name: value for name, value in {**made, **dict(scenario.env)}.items() if value is not None}


def _leading(lab: Lab) -> dict[str, str]:
    led = leading_to(lab)
    return led if PRIMARY in lab else {name: led[name] for name in led if not name.startswith("OPENAI_")}
