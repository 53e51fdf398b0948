"""The agent over the wire: what holds in process holds over real sockets, against `faultlab serve` in another process.

The same scenarios, the same entrances, the same judges; only the upstreams are elsewhere. Waits move the clock there.

Left out is what sockets cannot show alike: a name that does not resolve, a certificate, a connection refused or never
made (nobody gets as far as a request there, and the trace of the server holds none), time-outs of minutes, which are
real ones here, and whatever an interrupt ends that only time in process can pass.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from faultlab.remote_lab import RemoteLab
from faultlab.runner import loader, run_fully
from faultlab.scenario import ENTRIES, HermesTarget
from faultlab.verdict import Outcome

ROOT = Path(__file__).parents[1]
STREAMING = ROOT / "tests" / "overlays" / "streaming.yaml"

WHOLE = [
    # Every entrance, each trigger and none.
    ("entrances/every_entrance_switches_on_each_trigger", "retries_exhausted-agent"),
    ("entrances/every_entrance_switches_on_each_trigger", "client_error-cli"),
    ("entrances/every_entrance_switches_on_each_trigger", "invalid_response-cron"),
    ("entrances/every_entrance_switches_on_each_trigger", "retries_exhausted-gateway"),
    ("entrances/no_entrance_switches_without_a_trigger", "a_failure_that_passes-cli"),
    ("entrances/no_entrance_switches_without_a_trigger", "a_size_that_cannot_be_helped-gateway"),
    ("entrances/every_entrance_speaks_both_apis", "responses_to_chat-cron"),
    ("entrances/a_chat_stays_where_it_is", "a-gateway-keeps-its-chats-apart"),
    ("switching/the_switch_outlives_the_process", "a-new-process-asks-a-fallback-of-the-other-api-in-that-api"),
    ("switching/the_fallback_speaks_another_api", "to-the-codex-backend-which-is-always-asked-for-a-stream"),
    ("results/an_interrupt_ends_the_turn_at_once", "an-interrupted-wait-is-cut-short-where-it-stood"),
    # Size, limits, renewal.
    ("compression/a_provider_that_behaves_like_a_real_one", "a-body-that-is-too-large-is-halved-until-it-passes"),
    (
        "compression/a_provider_that_behaves_like_a_real_one",
        "an-agent-that-obeys-the-stated-wait-passes-a-limit-of-requests-per-minute",
    ),
    (
        "compression/size_never_switches",
        "a-request-that-stays-too-large-is-compressed-three-times-then-the-turn-ends-partial-all_of_them_in_turn",
    ),
    ("renewal/an_expired_token_is_renewed_once", "the-new-token-serves-every-later-call-in-a-new-process-too"),
    ("renewal/a_refused_renewal_switches", "a-renewal-that-is-refused-switches-at-once-nous"),
    # What an answer holds.
    (
        "triggers/an_invalid_response_switches_on_the_last_attempt",
        "six-answers-that-cannot-be-used-spend-the-budget-and-the-fallback-answers-six_different_ones",
    ),
    ("answers/a_text_cut_at_the_output_limit_is_continued", "the-fallback-continues-what-the-primary-began"),
    ("faults/a_damaged_tool_call_runs_nothing", "damaged-tool-calls-look-the-same-in-the-responses-api-streamed"),
    (
        "results/side_effects_happen_once",
        "a-tool-runs-once-however-often-the-model-call-after-it-is-repeated-repeated_after_a_compression",
    ),
    # Connections.
    (
        "triggers/recovery_before_the_budget_ends_never_switches",
        "a-primary-that-recovers-on-the-last-attempt-keeps-the-session-unreachable",
    ),
    (
        "faults/a_connection_that_fails_is_retried",
        "a-connection-that-fails-costs-one-attempt-and-one-wait-in-the-responses-api-disconnected",
    ),
    (
        "faults/a_connection_that_fails_is_retried",
        "a-connection-that-fails-costs-one-attempt-and-one-wait-in-chat-completions-half_closed",
    ),
    (
        "faults/a_body_that_breaks_off_is_retried",
        "a-whole-answer-that-breaks-off-costs-one-attempt-and-nothing-of-it-is-used-truncated",
    ),
    (
        "faults/a_body_that_breaks_off_is_retried",
        "a-stream-cut-within-a-tool-call-runs-no-tool-and-the-repeated-call-runs-it-once-cut",
    ),
    (
        "faults/a_body_that_breaks_off_is_retried",
        "a-stream-that-keeps-breaking-off-spends-the-budget-like-any-other-failure-error_event",
    ),
    # Silence, which is real.
    (
        "faults/a_silent_provider_is_left_when_its_time_is_up",
        "silence-longer-than-the-configured-time-out-costs-one-attempt-and-one-wait-before_the_answer",
    ),
    (
        "faults/a_silent_provider_is_left_when_its_time_is_up",
        "silence-longer-than-the-configured-time-out-costs-one-attempt-and-one-wait-within_a_stream",
    ),
    ("faults/a_silent_provider_is_left_when_its_time_is_up", "silence-that-ends-in-time-is-no-failure-byte_by_byte"),
]

STREAMED = [
    ("entrances/every_entrance_switches_on_each_trigger", "retries_exhausted-cli"),
    ("entrances/every_entrance_switches_on_each_trigger", "client_error-gateway"),
    ("entrances/every_entrance_speaks_both_apis", "chat_to_responses-agent"),
    (
        "faults/a_body_that_breaks_off_is_retried",
        "a-whole-answer-that-breaks-off-costs-one-attempt-and-nothing-of-it-is-used-cut",
    ),
    (
        "faults/a_silent_provider_is_left_when_its_time_is_up",
        "silence-longer-than-the-configured-time-out-costs-one-attempt-and-one-wait-within_it",
    ),
    ("results/side_effects_happen_once", "tool-calls-of-an-answer-that-did-not-arrive-whole-never-run-stream_cut"),
]


def named(file, name):
    return f"{ROOT}/scenarios/{file}.yaml::{name}"


@cache
def _file(path, overlay):
    return {scenario.node_id: scenario for scenario in loader(overlay).load(path)}


def scenario_of(case, overlay=None):
    node_id = named(*case)
    return _file(node_id.partition("::")[0], overlay)[node_id]


@pytest.fixture(scope="module")
def whole(serving):
    paths = [named(*case) for case in WHOLE]
    with serving(*paths, "--virtual-time", labs=len(paths)) as (_, served):
        yield dict(zip(WHOLE, served, strict=True))


@pytest.fixture(scope="module")
def streamed(serving):
    paths = [named(*case) for case in STREAMED]
    with serving(*paths, "--virtual-time", "--overlay", STREAMING, labs=len(paths)) as (_, served):
        yield dict(zip(STREAMED, served, strict=True))


OF_ITS_OWN = [
    ("targets/the_agent_as_a_program", "the-agent-as-a-process-of-its-own-switches-when-the-primary-wants-money"),
    ("targets/the_agent_as_a_program", "the-agent-as-a-process-of-its-own-shows-an-answer-as-it-comes"),
]


def without_times(run):
    """What a run has come to, and how, without when."""
    return run.verdict, [exchange_seen(each) for each in run.trace.exchanges], [turn_seen(x) for x in run.trace.turns]


def exchange_seen(exchange):
    names = set(exchange.__slots__) - {"started_s", "ended_s", "request"}
    request = exchange.request
    asked = request.method, request.url, dict(request.headers), request.body
    return asked, {name: getattr(exchange, name) for name in sorted(names)}


def turn_seen(turn):
    names = set(turn.__slots__) - {"started_s", "ended_s"}
    return {name: getattr(turn, name) for name in sorted(names)}


def play_both_ways(scenario, served):
    there = run_fully(scenario, RemoteLab(served, scenario.seed))
    here = run_fully(scenario)
    assert here.verdict.outcome is Outcome.HELD, here.verdict
    assert without_times(there) == without_times(here)
    return there


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case[1])
def test_over_the_wire_it_is_the_same(whole, case):
    play_both_ways(scenario_of(case), whole[case])


@pytest.mark.parametrize("case", STREAMED, ids=lambda case: case[1])
def test_streamed_over_the_wire_it_is_the_same(streamed, case):
    run = play_both_ways(scenario_of(case, STREAMING), streamed[case])
    assert any(exchange.request.json.get("stream") for exchange in run.trace.exchanges)


@pytest.mark.parametrize("case", OF_ITS_OWN, ids=lambda case: case[1])
def test_three_processes_have_it_the_same_who_asks_who_answers_and_who_judges(serving, case):
    scenario = scenario_of(case)
    with serving(named(*case)) as (_, [served]):
        there = run_fully(scenario, RemoteLab(served))
    assert there.verdict.outcome is Outcome.HELD, there.verdict
    here = run_fully(replace(scenario, target=HermesTarget("cli")))
    assert [asked(x) for x in there.trace.exchanges] == [asked(x) for x in here.trace.exchanges]
    assert there.trace.turns[0].end.reply == here.trace.turns[0].end.reply


def asked(exchange):
    """Who was asked for what, and what came of it. A program has its real tools, a scenario its own."""
    request, said = exchange.request, exchange.request.json
    without_tools = {name: said[name] for name in said if name not in {"tools", "tool_choice"}}
    return exchange.upstream, request.url, without_tools, exchange.faults, exchange.status, exchange.key_of


def test_waits_are_the_same_to_the_millisecond_where_nobody_was_silent(serving):
    scenario = scenario_of(WHOLE[0])
    with serving(named(*WHOLE[0]), "--virtual-time") as (_, [served]):
        there = run_fully(scenario, RemoteLab(served))
    here = run_fully(scenario)
    assert there.trace.turns == here.trace.turns
    assert [x.started_s for x in there.trace.exchanges] == [x.started_s for x in here.trace.exchanges]
    assert there.trace.exchanges[-1].started_s == 62


@pytest.mark.parametrize(
    ("what", "covers"),
    [
        (lambda scenario: scenario.target.entry, set(ENTRIES)),
        (lambda scenario: scenario.policy.primary.dialect, {"chat", "responses"}),
        (
            lambda scenario: {each.value.reason for each in scenario.expectations if hasattr(each.value, "reason")},
            {"retries_exhausted", "client_error", "invalid_response"},
        ),
        (lambda scenario: {key for key in ("refresh", "limits") if _has(scenario, key)}, {"refresh", "limits"}),
    ],
    ids=["entrances", "APIs", "triggers", "renewals and limits"],
)
def test_the_suite_leaves_nothing_out(what, covers):
    scenarios = [scenario_of(case) for case in WHOLE] + [scenario_of(case, STREAMING) for case in STREAMED]
    assert len(scenarios) >= 30
    assert all(isinstance(scenario.target, HermesTarget) for scenario in scenarios)
    found = [what(scenario) for scenario in scenarios]
    assert {each for one in found for each in ({one} if isinstance(one, str) else one)} == covers


def _has(scenario, key):
    return any(getattr(side, key) is not None for side in (scenario.primary, scenario.fallback))
