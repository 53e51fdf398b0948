"""The suite proves itself: each wrong agent fails a scenario that the right one passes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wrong_agent import wrong_agent
from wrong_agents import WRONG_AGENTS

from faultlab.runner import load, run
from faultlab.verdict import Outcome

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.mark.parametrize("mutant", WRONG_AGENTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_some_scenario_fails_on_an_agent_that(mutant, record_property):
    scenarios = load(SCENARIOS / mutant.scenarios)
    with wrong_agent(mutant):
        shown_by = next((one for one in scenarios if run(one).outcome is Outcome.FAILED), None)
    assert shown_by is not None, f"nothing in {mutant.scenarios} fails on an agent that {mutant.name}"
    assert run(shown_by).outcome is Outcome.HELD
    record_property(mutant.name, f"{mutant.scenarios}::{shown_by.id}")


def test_there_are_at_least_forty_and_no_two_are_the_same():
    assert len({(mutant.module, mutant.old, mutant.new) for mutant in WRONG_AGENTS}) == len(WRONG_AGENTS) >= 40
