"""What is foretold of a run holds on the agent, and what cannot be foretold for sure is left alone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from faultlab.expectations import Switched
from faultlab.foretelling import foretell, foretold, reached
from faultlab.passes.oddities import oddities
from faultlab.playing import play
from faultlab.policies import hermes_rules, read_rules
from faultlab.policies.rules import Budget, Waits
from faultlab.runner import load, loader, run_fully
from faultlab.scenario import HermesTarget, Side
from faultlab.schedule import Entry
from faultlab.subject import Subject
from faultlab.trial import Standing, Trial
from faultlab.verdict import Outcome
from tests.faultlab.walking import TWO

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


def scenario(**keys):
    written = {"name": "one", "config": TWO, "says": ["Good morning."], "turns": [{"user": "hello"}]} | keys
    (read,) = loader().read(json.dumps(written), "one.yaml")
    return read


def expected(**keys):
    return {each.key: each.value for each in foretell(scenario(**keys), hermes_rules())}


def test_six_rate_limits_are_waited_for_and_then_the_fallback_answers():
    of_all = expected(faults={"primary": [{"rate_limit": {"retry_after_s": 5}, "times": 6}]})
    assert of_all["fallback"] == Switched("retries_exhausted", 6)
    assert of_all["order"] == "PPPPPPF"
    assert of_all["waits_s"] == (5, 5, 8, 16, 32)
    assert of_all["reply"] == "Good morning."
    assert "it limits our rate" in of_all["user_sees"]


@pytest.mark.parametrize(
    ("fault", "order", "waits"),
    [
        ({"rate_limit": {"retry_after_s": 121}}, "PF", ()),
        ({"rate_limit": {"retry_after_s": 120}}, "PP", (120,)),
        ("payment_required", "PF", ()),
        ("context_overflow", "P", ()),
        ("unauthorized", "PF", ()),
        ("missing_end", "P", ()),
        ("read_timeout", "PP", (2,)),
    ],
)
def test_one_failure_is_foretold_by_its_kind(fault, order, waits):
    of_all = expected(faults={"primary": [fault]})
    assert (of_all["order"], of_all["waits_s"]) == (order, waits)


def test_a_date_is_nearer_when_the_answer_that_states_it_comes_late():
    late = {"rate_limit": {"retry_after_date_s": 60}, "slow": {"first_s": 5}}
    assert expected(faults={"primary": [late]})["waits_s"] == (55,)


@pytest.mark.parametrize(("agent", "order"), [({}, "PPF"), ({"api_max_retries": 3}, "PPPF")])
def test_the_budget_is_the_policy_s_unless_the_configuration_names_one(agent, order):
    rules = replace(hermes_rules(), budget=Budget(attempts=2))
    one = scenario(config=TWO | {"agent": agent}, faults={"primary": [{"refused": {}, "times": "forever"}]})
    assert {each.key: each.value for each in foretell(one, rules)}["order"] == order


def test_a_policy_that_names_no_exit_codes_holds_a_command_line_to_none():
    one = scenario(entry="cli")
    keys = [
        {each.key for each in foretell(one, rules)}
        for rules in (hermes_rules(), replace(hermes_rules(), exit_codes=()))
    ]
    assert [("exit_code" in each, "outcome" in each) for each in keys] == [(True, True), (False, True)]


def test_whether_a_schedule_is_met_to_its_end_is_known_beforehand():
    rules = hermes_rules()
    assert reached(scenario(faults={"primary": [{"refused": {}, "times": 3}]}), rules) is True
    assert reached(scenario(faults={"primary": ["forbidden", "refused"]}), rules) is False
    assert reached(scenario(faults={"primary": [{"error_in_200": {"message": "who knows"}}]}), rules) is None


def test_of_a_token_that_both_would_renew_nothing_is_foretold_from_its_renewal_on():
    twins = {"model": {"provider": "openai-codex", "default": "gpt-5.1-codex"}}
    twins["fallback_model"] = {"provider": "openai-codex", "model": "gpt-5.1"}
    assert expected(config=twins, faults={"primary": ["forbidden"]})["order"] == "PF"
    assert expected(config=twins, faults={"primary": ["unauthorized"]}) == {}


def test_a_breach_is_named_by_its_line_of_the_policy():
    wrong = replace(hermes_rules(), rows=tuple(replace(row, reason=None) for row in hermes_rules().rows))
    wrong = replace(wrong, waits=Waits(first_s=3))
    one = scenario(faults={"primary": ["refused"]})
    record = play(Subject("one.yaml", one, rules=wrong), Trial("matrix", 0, one))
    assert record.standing is Standing.BROKEN
    assert {breach.what for breach in record.breaches} == {"unreachable.waits_s", "unreachable.ended_after_s"}


MINE = """
name: two clients
failures:
  no_failure: never
  overloaded: {after_calls: 2}
  rate_limit: {after_calls: 3}
  bad_request: {after_calls: 1}
  invalid_response: never
"""

SECOND, THIRD = Switched(None, 2), Switched(None, 3)


@pytest.mark.parametrize(
    ("faults", "found"),
    [
        ([], {"no_failure.outcome": "completed", "no_failure.fallback": "never"}),
        (
            [{"unavailable": {}, "times": 3}],
            {"overloaded.fallback": Switched(None, 2), "overloaded.outcome": "completed"},
        ),
        (
            [{"rate_limit": {}, "times": 3}],
            {"rate_limit.fallback": Switched(None, 3), "rate_limit.outcome": "completed"},
        ),
        ([{"rate_limit": {}, "times": 2}], {"rate_limit.fallback": "never", "rate_limit.outcome": "completed"}),
        (["empty_choices"], {"invalid_response.fallback": "never"}),
        (["refused"], {}),
        (["refused", {"unavailable": {}, "times": 3}], {}),
    ],
)
def test_of_another_target_a_policy_of_one_s_own_says_what_the_wire_shows(tmp_path, faults, found):
    (tmp_path / "mine.yaml").write_text(MINE)
    rules = read_rules(tmp_path / "mine.yaml")
    one = scenario(target={"callable": "my_app:ask"}, faults={"primary": faults})
    foretold_of = foretell(one, rules)
    assert {f"{rules.row_at(each.place).name}.{each.key}": each.value for each in foretold_of} == found


def test_a_client_without_a_fallback_gives_up_after_so_many_calls(tmp_path):
    (tmp_path / "mine.yaml").write_text("name: the client\nfailures: {overloaded: {after_calls: 3}}\n")
    one = scenario(target="sdk", faults={"primary": [{"unavailable": {}, "times": "forever"}]})
    record = play(Subject("one.yaml", one, rules=read_rules(tmp_path / "mine.yaml")), Trial("matrix", 0, one))
    assert (record.standing, record.calls) == (Standing.HELD, (3, 0))


TURNS = [{"user": text} for text in ("one", "two", "three")]


@pytest.mark.parametrize(
    ("target", "faults", "found"),
    [
        (
            "sdk",
            [{"unavailable": {}, "times": 4}, {"capacity": {}, "times": 1}],
            {1: ["failed", 3], 2: ["completed", "never"], 3: ["completed", "never"]},
        ),
        ("sdk", [{"unavailable": {}, "times": "forever"}], {turn: ["failed", 3] for turn in (1, 2, 3)}),
        ("sdk", [{"unavailable": {}, "times": 3}, "refused"], {1: ["failed", 3]}),
        ("sdk", [{"unavailable": {}, "times": 2}, "refused"], {}),
        ("sdk", [], {turn: ["completed", "never"] for turn in (1, 2, 3)}),
        ({"callable": "a:b"}, [], {1: ["completed", "never"]}),
        ({"callable": "a:b"}, [{"empty_choices": {}, "times": "forever"}], {turn: ["never"] for turn in (1, 2, 3)}),
        ({"callable": "a:b"}, [{"unavailable": {}, "times": "forever"}], {1: ["completed", Switched(None, 3)]}),
    ],
)
def test_later_turns_are_told_of_as_far_as_it_is_known_with_what_they_begin(tmp_path, target, faults, found):
    (tmp_path / "mine.yaml").write_text(MINE.replace("overloaded: {after_calls: 2}", "overloaded: {after_calls: 3}"))
    rules = read_rules(tmp_path / "mine.yaml")
    one = scenario(target=target, faults={"primary": faults}, turns=TURNS, says=["a", "b", "c"])
    told = {}
    for each in foretell(one, rules):
        told.setdefault(each.turn, []).append(each.value[0][1] if each.key == "calls" else each.value)
    assert {turn: sorted(values, key=str) for turn, values in told.items()} == {
        turn: sorted(values, key=str) for turn, values in found.items()
    }
    if target == "sdk":
        assert run_fully(foretold(one, rules)).verdict.violations == ()


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_an_answer_that_is_oddly_spelled_says_what_it_says(streaming):
    config = {"model": {"provider": "groq", "default": "m"}, "display": {"streaming": streaming}}
    healthy = scenario(config=config, tools={"read_file": "apples", "terminal": "ok"})
    odd = oddities("chat", streaming)
    assert len(odd) >= 4
    for fault in odd:
        run = run_fully(foretold(replace(healthy, primary=Side((Entry((fault,)),))), hermes_rules()))
        assert run.scenario.expectations
        assert run.verdict.outcome is Outcome.HELD, fault


def test_what_a_silent_stream_had_shown_is_taken_back_when_its_turn_is_interrupted():
    turns = [{"user": "hello", "interrupt": {"after_s": 5}}]
    config = TWO | {"display": {"streaming": True}}
    one = scenario(config=config, faults={"primary": [{"stall": {"after_events": 2}}]}, turns=turns)
    run = run_fully(foretold(one, hermes_rules()))
    assert run.verdict.outcome is Outcome.HELD
    seen = {each.key: each.value for each in run.scenario.expectations}["user_sees"]
    assert seen == "Good mor\n[withdrawn]\nInterrupted.\n"
