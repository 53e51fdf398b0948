"""What breaks an agent is made as small as it gets, whatever stands around it; shown by planted bugs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wrong_agent import wrong_agent
from wrong_agents import WRONG_AGENTS

from faultlab.errors import HarnessError, ScenarioError
from faultlab.found_file import found_file, write_found
from faultlab.playing import play
from faultlab.runner import loader, run, run_fully
from faultlab.shrink import shrink
from faultlab.shrink.plain import paths, without
from faultlab.shrink.search import behaviour
from faultlab.subject import Subject
from faultlab.trial import Trial
from faultlab.verdict import Outcome
from faultlab.written import laid_out

AGENTS = {agent.name: agent for agent in WRONG_AGENTS}
READER = loader()

# A bad day on which much happens that has nothing to do with what breaks.
AROUND = """
name: A bad day
why: it just is
env: {ODD: thing}
seed: 5
tools: {read_file: [one, two]}
limits: {primary: {requests_per_minute: 50, body_bytes: 900000}, fallback: {tokens_per_minute: 900000}}
history: {messages: 12, tokens: 600}
config:
  model: {provider: openai, default: gpt-5.1, max_tokens: 2000}
  fallback_model: {provider: openrouter, model: anthropic/claude-sonnet-4}
  agent: {api_max_retries: 5}
says:
  - {text: I look it up, tool_calls: [{name: read_file, arguments: {path: notes.txt}}], reasoning: well}
  - the first answer of several
  - the second one
  - the third one
faults:
  primary: [%s]
  fallback: [slow, {reset: {}, times: 2}, server_error]
turns:
  - {user: the first question, session: a}
  - {user: the second question, session: a, resume: true}
"""

PLANTED = {
    "treats an overflow as a client error": ("ok, context_overflow, {context_overflow: {limit: 3}}", "I3", 1),
    "ignores Retry-After": ("ok, reset, {rate_limit: {retry_after_s: 50, of: tokens}}, reset, refused", "I6", 1),
    "waits in steps that do not double": ("reset, unavailable, refused, server_error", "I6", 1),
    "keeps the old budget after a compression": ("reset, payload_too_large, refused, reset, reset", "I6", 3),
    "forgets the switch when a session is resumed": ("reset, payment_required, {ok: {}, times: 9}", "I2", 1),
    "runs each tool twice": ("reset, {server_error: {}, times: 2}", "I9", 0),
}


def bad_day(faults):
    (scenario,) = READER.read(AROUND % faults, "bad_day.yaml")
    return Subject("bad_day.yaml", scenario), Trial("hand", 0, scenario)


def breaks(subject, scenario, what):
    return what in {each.what for each in play(subject, Trial("hand", 0, scenario)).breaches}


def is_answered(scenario):
    """Whether each turn may have its answer, and nobody asked in vain: else what breaks may be nobody's fault."""
    if len(scenario.says) < len(scenario.turns):
        return False
    return not any(exchange.unexpected for exchange in run_fully(scenario).trace.exchanges)


def read(told):
    try:
        return READER.read(laid_out(told), "bad_day.yaml")[0]
    except ScenarioError:
        return None


@pytest.fixture
def planted(request):
    faults, what, entries = PLANTED[request.param]
    with wrong_agent(AGENTS[request.param]):
        yield (*bad_day(faults), what, entries)


all_planted = pytest.mark.parametrize(
    "planted", sorted(PLANTED), indirect=True, ids=lambda name: name.replace(" ", "-")
)


@all_planted
def test_what_is_left_breaks_the_same_and_without_any_one_thing_it_does_not(planted):
    subject, trial, what, entries = planted
    shrunk = shrink(subject, trial, what)
    assert shrunk.stopped == "1-minimal"
    assert breaks(subject, shrunk.scenario, what)
    assert shrunk.scenario.entries == entries
    told = behaviour(shrunk.scenario)
    for path in paths(told):
        less = read(without(told, path))
        if path != ("name",) and less is not None and is_answered(less):
            assert not breaks(subject, less, what), f"{path} may be left out"


def test_the_same_trial_comes_to_the_same():
    with wrong_agent(AGENTS["ignores Retry-After"]):
        subject, trial = bad_day("reset, {rate_limit: {retry_after_s: 50, of: tokens}}")
        assert shrink(subject, trial, "I6", most_tries=40) == shrink(subject, trial, "I6", most_tries=40)


def test_it_ends_when_it_has_cost_enough_and_says_so():
    with wrong_agent(AGENTS["ignores Retry-After"]):
        subject, trial = bad_day("reset, {rate_limit: {retry_after_s: 50, of: tokens}}")
        shrunk = shrink(subject, trial, "I6", most_tries=7)
        assert (shrunk.tries, shrunk.stopped) == (7, "stopped after 7 tries")
        assert breaks(subject, shrunk.scenario, "I6")


def test_what_does_not_break_cannot_be_made_smaller():
    with pytest.raises(HarnessError, match="number 0 of hand does not break I6"):
        shrink(*bad_day("reset"), "I6")


def test_pytest_shows_it_again_in_the_file_and_holds_when_the_agent_is_mended(pytester):
    with wrong_agent(AGENTS["treats an overflow as a client error"]):
        shrunk = shrink(*bad_day("context_overflow"), "I3")
        file = found_file(shrunk, of="hand", number=0, runs=1, found_by=["faultlab"], folder=pytester.path)
        path = write_found(pytester.path, file)
        alone = file.command(path).split()[1]
        options = ["-p", "no:cacheprovider", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
        result = pytester.runpytest_inprocess(*options, alone)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["I3 did not hold*", "*a switch after context_overflow*"])
    pytester.runpytest_inprocess(*options, alone).assert_outcomes(passed=1)
    assert run(loader().load(path)[0]).outcome is Outcome.HELD
