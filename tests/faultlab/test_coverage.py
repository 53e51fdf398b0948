import json

import pytest

from faultlab.coverage import covered, possible
from faultlab.runner import loader, run_fully


def _scenario(**more):
    document = {"name": "n", "says": ["one", "two"], "turns": [{"user": "hi"}], **more}
    (scenario,) = loader().read(json.dumps(document), "n.yaml")
    return scenario


def _covered(**more):
    scenario = _scenario(**more)
    return covered(scenario, run_fully(scenario).trace)


@pytest.mark.parametrize(
    ("more", "cells"),
    [
        ({}, ()),
        ({"faults": {"primary": ["slow"]}}, ()),
        (
            {"faults": {"primary": ["ok", "rate_limit", "reset"]}, "turns": [{"user": "a"}, {"user": "b"}]},
            (
                "rate_limited|1|primary|agent|chat_completions|whole",
                "unreachable|2|primary|agent|chat_completions|whole",
            ),
        ),
        (
            {"faults": {"primary": ["forbidden"], "fallback": ["empty_body"]}, "entry": "cli"},
            (
                "forbidden|1|primary|cli|chat_completions|whole",
                "invalid_response|1|fallback|cli|chat_completions|whole",
            ),
        ),
        (
            {
                "config": {"model": {"provider": "openai-codex", "default": "m"}, "display": {"streaming": True}},
                "faults": {"primary": ["missing_end"]},
            },
            ("unreachable|1|primary|agent|codex_responses|streamed",),
        ),
        (
            {"limits": {"primary": {"requests_per_minute": 1}}, "turns": [{"user": "a"}, {"user": "b"}]},
            ("rate_limited|1|primary|agent|chat_completions|whole",),
        ),
    ],
)
def test_a_cell_is_met_where_an_attempt_failed_and_only_there(more, cells):
    assert _covered(**more)[: len(cells)] == cells
    assert bool(cells) == bool(_covered(**more))


def test_attempts_beyond_the_budget_count_as_its_last():
    cells = _covered(faults={"primary": [{"context_overflow": {}, "times": 2}, "reset"]}, history=[], config=_small())
    assert {cell.split("|")[1] for cell in cells} <= {"1", "2"}


def _small():
    return {"model": {"provider": "openai", "default": "m"}, "agent": {"api_max_retries": 2}}


def test_whatever_is_met_was_possible():
    met = _covered(faults={"primary": [{"overloaded": {}, "times": 6}], "fallback": ["dns_failure", "token_expired"]})
    assert met
    assert set(met) <= set(possible([_scenario()], ["agent"]))


def test_what_is_possible_grows_with_entrances_and_ways_to_ask_and_ends_where_nobody_stands():
    alone, scenario = _scenario(config=_small()), _scenario()
    streamed = _scenario(config={**json.loads(scenario.config), "display": {"streaming": True}})
    cells = possible([scenario], ["agent", "cli"])
    assert len(cells) == len(set(cells)) == 2 * len(possible([scenario], ["agent"]))
    assert len(possible([scenario, streamed], ["agent"])) == len(cells)
    assert {cell.split("|")[2] for cell in possible([alone], ["agent"])} == {"primary"}
    assert {cell.split("|")[1] for cell in possible([alone], ["agent"])} == {"1", "2"}
