"""What shrinking makes of a scenario: conversations that break off, calls that nobody answered, other times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from faultlab.content.draw import Draw
from faultlab.errors import ScenarioError
from faultlab.foretelling import foretold
from faultlab.playing import breaches_of
from faultlab.policies import hermes_rules
from faultlab.runner import loader, run_fully
from faultlab.scenario import Scenario
from faultlab.shrink import reductions
from faultlab.shrink.search import behaviour
from faultlab.trial import Breach
from faultlab.written import laid_out

__all__ = ["breaches_in", "reduced"]

_STEPS = (1, 1, 2, 3, 5, 8)
"""Things that are left out of one."""


def reduced(scenario: Scenario, draw: Draw) -> Scenario | None:
    """The scenario with a few things left out, or smaller; None if no file may hold what is left."""
    told = behaviour(scenario)
    for _ in range(draw.choice(_STEPS)):
        simpler = list(reductions(told))
        if simpler:
            told = draw.choice(simpler)
    try:
        (read,) = loader().read(laid_out(told), "reduced.yaml", Path.cwd())
    except ScenarioError:
        return None
    return read


def breaches_in(scenario: Scenario) -> tuple[Breach, ...]:
    """What does not hold of it."""
    rules = hermes_rules()
    run = run_fully(foretold(replace(scenario, expectations=()), rules))
    assert run.verdict.trouble is None, run.verdict
    return breaches_of(run, rules)
