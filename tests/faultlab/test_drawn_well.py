"""What random generation brings of things that people would not write: enough of each, counted over many trials."""

from collections import Counter

import pytest

from faultlab.contract import OF_SIZE
from faultlab.faults import LEAVES_WHOLE
from faultlab.foretelling.course import accounts_of
from faultlab.foretelling.setting import setting_of
from faultlab.policies import hermes_rules
from faultlab.policy import FALLBACK
from tests.faultlab.walking import CONFIGS, drawn, subject_for

TRIALS = 200
HUGE = 20_000
LEAST = {
    "two faults on one call, none of them merely late": 12,
    "a switch amid a tool loop": 16,
    "an overflow on the fallback, in the turn of the switch": 3,
    "a limit that refills and is waited for": 2,
    "a limit of somebody who fails as well": 3,
    "an interrupt": 12,
    "a session that is resumed": 24,
    "more than ASCII": 50,
    "a huge message": 4,
    "tool calls in parallel": 8,
}
"""Of 200 trials those in which it is, at least: about half of what comes."""


def _in(scenario):
    """What there is of all that in one."""
    sides = (scenario.primary, scenario.fallback)
    entries = [entry for side in sides for entry in side.faults]
    late = [sum(fault.name not in LEAVES_WHOLE for fault in entry.faults) for entry in entries]
    yield "two faults on one call, none of them merely late", any(count > 1 for count in late)
    yield "a limit of somebody who fails as well", any(side.limits and side.faults for side in sides)
    yield "an interrupt", any(turn.interrupt_after_s is not None for turn in scenario.turns)
    yield "a session that is resumed", any(turn.resume for turn in scenario.turns)
    yield "more than ASCII", any(not turn.user.isascii() for turn in scenario.turns)
    yield "a huge message", any(len(turn.user) > HUGE for turn in scenario.turns)
    yield "tool calls in parallel", any(len(reply.tool_calls) > 1 for reply in scenario.says)
    is_limited = any(side.limits for side in sides)
    for account in accounts_of(scenario, setting_of(scenario, hermes_rules())):
        switches = account.switch is not None
        yield "a switch amid a tool loop", switches and bool(account.tool_runs) and account.after_calls > 1
        overflows = account.failure in OF_SIZE and account.requests[-1].to == FALLBACK
        yield "an overflow on the fallback, in the turn of the switch", switches and overflows
        answered = account.outcome == "completed"
        yield "a limit that refills and is waited for", is_limited and answered and bool(account.waits)


@pytest.mark.parametrize("name", ["two that speak chat", "a token that can be renewed, streams of Responses"])
def test_of_what_people_would_not_write_there_is_enough(name):
    counts = Counter()
    for trial in drawn(subject_for(CONFIGS[name]), 3, TRIALS):
        counts.update({what for what, is_there in _in(trial.scenario) if is_there})
    assert {what: counts[what] for what in LEAST if counts[what] < LEAST[what]} == {}
