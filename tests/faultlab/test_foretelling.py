"""What is foretold of a run holds on the agent, and what cannot be foretold for sure is left alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from faultlab.foretelling import foretell, foretold
from faultlab.policies import hermes_rules
from faultlab.runner import load, loader, run_fully
from faultlab.scenario import HermesTarget
from faultlab.verdict import Outcome

SCENARIOS = Path(__file__).parents[2] / "scenarios"
STREAMING = Path(__file__).parents[1] / "overlays" / "streaming.yaml"


def some(overlay, every):
    found = [each for each in loader(overlay).load(SCENARIOS) if isinstance(each.target, HermesTarget)]
    return found[::every]


@pytest.mark.parametrize(("overlay", "every"), [(None, 41), (STREAMING, 97)], ids=["whole", "streamed"])
def test_no_scenario_of_the_suite_comes_to_anything_else_than_was_foretold(overlay, every):
    broken = [
        (scenario.node_id, violations)
        for scenario in some(overlay, every)
        if (violations := run_fully(foretold(scenario, hermes_rules())).verdict.violations)
    ]
    assert broken == []


def test_most_of_the_suite_is_foretold():
    scenarios = some(None, 11)
    known = [each for each in scenarios if foretell(each, hermes_rules())]
    assert len(known) > 0.8 * len(scenarios)


def test_an_expectation_stands_at_the_line_of_the_policy_that_it_comes_of():
    (scenario, *_) = load(SCENARIOS / "triggers" / "the_last_failure_names_the_reason.yaml")
    rules = hermes_rules()
    expected = {each.key: rules.row_at(each.place).name for each in foretell(scenario, rules)}
    assert set(expected.values()) == {"invalid_response"}
    assert {"outcome", "fallback", "waits_s", "order", "reply", "final_model"} <= expected.keys()


def test_from_the_first_turn_that_cannot_be_foretold_nothing_is():
    (scenario, *_) = load(SCENARIOS / "recorded" / "a_recorded_session_has_a_bad_day.yaml")
    assert foretell(scenario, hermes_rules()) == ()
    assert run_fully(replace(scenario, expectations=())).verdict.outcome is Outcome.HELD
