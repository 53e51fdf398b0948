from dataclasses import replace

import pytest

from faultlab.errors import ScenarioError
from faultlab.runner import check_config, load, run, run_fully
from faultlab.scenario import CallableTarget
from faultlab.verdict import Outcome

SIX = """\
name: Six rate limits spend the budget, and the fallback answers
clauses: [C1, C2, C4]
says: [Hello from the fallback]
faults:
  primary:
    - {rate_limit: {retry_after_s: 1}, times: 6}
turns:
  - user: ping
    expect:
      outcome: completed
      reply: Hello from the fallback
      fallback: {reason: retries_exhausted, after_calls: 6}
      calls: {primary: 6, fallback: 1}
      waits_s: [2, 4, 8, 16, 32]
"""


@pytest.fixture
def one(tmp_path):
    def read(text):
        path = tmp_path / "s.yaml"
        path.write_text(text, "utf-8")
        (scenario,) = load(path)
        return scenario

    return read


def test_a_scenario_that_holds(one):
    assert run(one(SIX)).outcome is Outcome.HELD


def test_a_scenario_that_fails_says_where_it_first_differs(one):
    verdict = run(one(SIX.replace("[2, 4, 8, 16, 32]", "[2, 4, 9, 16, 32]")))
    (violation,) = verdict.violations
    assert verdict.outcome is Outcome.FAILED
    assert (violation.what, violation.step, violation.place.line) == ("waits_s", 3, 14)


def test_the_same_scenario_gives_the_same_trace_ten_times_over(one):
    scenario = one(SIX)
    runs = [run_fully(scenario) for _ in range(10)]
    assert len({repr([(x.sent, x.request.body, x.started_s) for x in each.trace.exchanges]) for each in runs}) == 1
    assert len({each.verdict for each in runs}) == 1


def test_a_fault_that_was_never_reached_makes_an_error_and_says_what_to_do(one):
    verdict = run(one(SIX.replace("times: 6}", "times: 6}\n    - {reset: {}, times: 2}")))
    assert verdict.outcome is Outcome.ERROR
    (sign,) = verdict.signs
    assert sign.startswith("entry 2 of faults.primary, reset (2 times), was never reached: remove it, or let the turn")


def test_what_is_left_for_ever_need_not_be_reached(one):
    assert run(one(SIX.replace("times: 6}", "times: 6}\n    - {reset: {}, times: forever}"))).outcome is Outcome.HELD


def test_a_request_that_nobody_expected_is_a_sign(one):
    text = "name: n\nturns: [{user: x, expect: {outcome: failed, fallback: {reason: retries_exhausted}}}]\n"
    verdict = run(one(text))
    assert verdict.outcome is Outcome.ERROR
    assert verdict.signs[0] == "request 1 to the primary met no answer: add one to `says`"


def test_a_fault_that_could_not_apply_is_a_sign(one):
    verdict = run(one("name: n\nsays: [hi]\nfaults: {primary: [error_event]}\nturns: [{user: x}]\n"))
    assert verdict.outcome is Outcome.ERROR or verdict.violations
    assert "fault error_event could not apply to what request 1 met" in verdict.signs[0]


def test_left_over_answers_are_no_error(one):
    assert run(one("name: n\nsays: [hi, there]\nturns: [{user: x}]\n")).outcome is Outcome.HELD


def test_what_is_under_test_and_cannot_be_had_is_an_error(one):
    verdict = run(replace(one(SIX), target=CallableTarget("no.such:thing")))
    assert verdict.outcome is Outcome.ERROR
    assert verdict.trouble == "target no.such:thing cannot be imported: ModuleNotFoundError: No module named 'no'"


def test_a_run_keeps_its_credentials_to_itself(one):
    done = run_fully(one(SIX))
    assert len(done.secrets) >= 2
    assert not any(secret in repr(done) for secret in done.secrets)


def test_a_config_of_a_user_s_own_is_checked(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config.yaml"
    path.write_text("model: {provider: openai, default: m}\n")
    assert check_config(path)[0].text.startswith("model cannot be asked: no key for openai")
    path.write_text("model: {provider: openai, default: [m]}\n")
    with pytest.raises(ScenarioError, match=r"config\.yaml:1"):
        check_config(path)
