import json
import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from faultlab.coverage import possible
from faultlab.foretelling import foretell, reached
from faultlab.passes.drawn import Drawn
from faultlab.passes.variants import variants
from faultlab.playing import play
from faultlab.policies import hermes_rules
from faultlab.runner import loader
from faultlab.scenario import ENTRIES, DrawnHistory
from faultlab.sendable import NEEDS_A_TOOL
from faultlab.trial import Record, Standing
from faultlab.written import scenario_text
from tests.faultlab.walking import drawn, subject_for

TWO_ENDS = {
    "model": {"provider": "openai", "default": "gpt-5.1", "max_tokens": 4096},
    "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
}
NO_OBJECTS = {"[]", "12", "null", '"notes.txt"'}
CONFIGS = {
    "two ends": TWO_ENDS,
    "renewable": {
        "model": {"provider": "openai-codex", "default": "gpt-5.1"},
        "fallback_model": {"provider": "gemini", "model": "gemini-3"},
        "display": {"streaming": True},
    },
    "alone, and soon at its end": {
        "model": {"provider": "custom", "default": "q", "base_url": "http://localhost:8000/v1"},
        "agent": {"api_max_retries": 2, "request_timeout_s": 30},
    },
}


def _drawn(subject, count, seed=0, **more):
    """Its trials, aimed at nothing."""
    return list(drawn(subject, seed, count, **more))


def _steered(subject, drawn, record=None):
    """All its trials, by rounds that are played (by default with what was planned, as a right agent would meet it)."""
    rounds, trials = drawn.rounds(subject), []
    parts = next(rounds)
    while True:
        new = [trial for part in parts for trial in part.trials(subject)]
        trials += new
        try:
            parts = rounds.send([(record or _unplayed)(trial) for trial in new])
        except StopIteration as ended:
            return trials, ended.value


def _unplayed(trial):
    return Record(trial.of, trial.number, Standing.HELD)


@pytest.mark.parametrize("name", CONFIGS)
def test_an_agent_that_keeps_the_contract_meets_all_that_is_planned_and_holds(name):
    subject = subject_for(CONFIGS[name])
    for trial in _drawn(subject, 12, seed=20):
        record = play(subject, trial)
        assert record.standing is Standing.HELD, (trial.number, record.breaches, record.reasons)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_a_run_must_come_to_is_known_by_drawing_it_as_it_is_from_its_scenario_alone(name):
    subject = replace(subject_for(CONFIGS[name]), rules=hermes_rules())
    trials = _drawn(subject, 60)
    assert [trial.expected for trial in trials] == [foretell(trial.scenario, subject.rules) for trial in trials]
    assert all(trial.expected for trial in trials if not _is_beyond_telling(trial.scenario))
    assert not any(reached(trial.scenario, subject.rules) is False for trial in trials)


def _is_beyond_telling(scenario):
    """From its first request on nobody can say what comes of it."""
    return reached(scenario, hermes_rules()) is None


def test_what_another_policy_says_of_a_run_is_worked_out_where_it_is_played():
    assert {trial.expected for trial in _drawn(subject_for(TWO_ENDS), 5)} == {None}


@pytest.mark.parametrize("name", CONFIGS)
def test_whatever_is_drawn_could_stand_in_a_file(name):
    for trial in _drawn(subject_for(CONFIGS[name]), 60):
        (read,) = loader().read(scenario_text(trial.scenario), "drawn.yaml")
        assert (read.turns, read.says, read.primary, read.fallback) == (
            trial.scenario.turns,
            trial.scenario.says,
            trial.scenario.primary,
            trial.scenario.fallback,
        )
        assert (read.policy, read.tools, read.history, read.env) == (
            trial.scenario.policy,
            trial.scenario.tools,
            trial.scenario.history,
            trial.scenario.env,
        )


_PRINTED = """
from hashlib import sha256
from tests.faultlab.test_drawn import TWO_ENDS, _drawn, subject_for
print(sha256(repr(_drawn(subject_for(TWO_ENDS), 40, seed=7)).encode()).hexdigest())
"""


def test_the_same_seed_is_the_same_trials_in_every_process_and_another_seed_is_others():
    runs = [
        subprocess.run(
            [sys.executable, "-c", _PRINTED], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    assert len({run.stdout for run in runs}) == 1
    subject = subject_for(TWO_ENDS)
    assert _drawn(subject, 5, seed=7) == _drawn(subject, 5, seed=7) != _drawn(subject, 5, seed=8)


def test_what_nobody_would_write_is_drawn():
    scenarios = [trial.scenario for trial in _drawn(subject_for(TWO_ENDS), 150)]
    entries = [entry for each in scenarios for entry in (*each.primary.faults, *each.fallback.faults)]
    replies = [reply for each in scenarios for reply in each.says]
    turns = [turn for each in scenarios for turn in each.turns]
    assert {each.target.entry for each in scenarios} == set(ENTRIES)
    for what, is_there in {
        "several faults on one call": any(len(entry.faults) > 1 for entry in entries),
        "a fault for ever": any(entry.times is None for entry in entries),
        "a switch amid a tool loop": any(_switches_amid_a_loop(each) for each in scenarios),
        "limits that refill": any(
            each.primary.limits and each.primary.limits.requests_per_minute for each in scenarios
        ),
        "limits of the fallback after a switch": any(
            each.fallback.limits and each.primary.faults for each in scenarios
        ),
        "limits of who fails as well": any(each.primary.limits and each.primary.faults for each in scenarios),
        "an answer that is wrong and breaks off": any(
            {"length", "unknown_tool", "bad_tool_arguments"} & {f.name for f in entry.faults}
            and {"cut", "stall", "missing_end", "truncated", "error_event"} & {f.name for f in entry.faults}
            for entry in entries
        ),
        "a switch while an answer is gone on with": any(
            any(fault.name == "length" for fault in before.faults)
            and any(fault.name in ("forbidden", "model_not_found", "wire") for fault in after.faults)
            for each in scenarios
            for before, after in pairwise(each.primary.faults)
        ),
        "an interrupt": any(turn.interrupt_after_s for turn in turns),
        "a resumed session": any(turn.resume for turn in turns),
        "several sessions": any(len({turn.session for turn in each.turns}) > 1 for each in scenarios),
        "a huge message": any(len(turn.user) > 20_000 for turn in turns),
        "more than ASCII": any(not turn.user.isascii() for turn in turns),
        "what steers a terminal": any("\x1b" in (reply.text or "") for reply in replies),
        "tool calls in parallel": any(len(reply.tool_calls) > 1 for reply in replies),
        "arguments that are no object": any(
            call.arguments in NO_OBJECTS for reply in replies for call in reply.tool_calls
        ),
        "an answer cut at its limit": any(reply.finish_reason == "length" for reply in replies),
        "reasoning": any(reply.reasoning for reply in replies),
        "a stated wait at its edge": any(
            getattr(f, "retry_after_s", 0) in (120, 121) for e in entries for f in e.faults
        ),
        "a long conversation": any(isinstance(each.history, DrawnHistory) for each in scenarios),
        "somebody's variables": any(dict(each.env).get("OPENAI_ORG_ID") for each in scenarios),
        "both APIs": {each.policy.primary.dialect for each in scenarios} == {"chat", "responses"},
        "streams and whole answers": len(
            {json.loads(each.config).get("display", {}).get("streaming") for each in scenarios}
        )
        > 1,
    }.items():
        assert is_there, what


def _switches_amid_a_loop(scenario):
    healthy = scenario.primary.faults[0].faults == () if scenario.primary.faults else False
    return healthy and bool(scenario.says[0].tool_calls) and bool(scenario.fallback.faults)


def test_renewals_are_granted_refused_and_left_hanging():
    words = Counter(
        word for trial in _drawn(subject_for(CONFIGS["renewable"]), 60) for word in trial.scenario.primary.refresh
    )
    assert set(words) == {"ok", "refused", "hangs"}


def test_a_round_is_aimed_at_what_the_rounds_before_left_open():
    subject = subject_for(CONFIGS["alone, and soon at its end"])
    records = {}

    def played(trial):
        known = records.setdefault(repr(trial), None) or play(subject, trial)
        records[repr(trial)] = known
        return known

    met = {}
    for steered in (True, False):
        trials, told = _steered(subject, Drawn(4, 100, steered=steered), played)
        assert (len(trials), told) == (100, "100 runs from seed 4")
        met[steered] = {cell for trial in trials for cell in records[repr(trial)].covered}
    assert len(met[True]) > 1.2 * len(met[False])


def test_how_many_there_are_is_known_beforehand_unless_only_time_ends_them():
    subject = subject_for()
    assert Drawn(count=250).expected(subject) == len(_steered(subject, Drawn(count=250, steered=False))[0]) == 250
    assert Drawn().expected(subject) == 1000
    assert Drawn(time_s=60).expected(subject) is None
    assert [trial.number for trial in _steered(subject, Drawn(count=130))[0]] == list(range(130))


def test_time_that_is_up_ends_it_after_a_round():
    trials, told = _steered(subject_for(), Drawn(time_s=0.0001))
    assert len(trials) <= 100
    assert told.endswith("runs from seed 0")


def test_a_range_is_cut_travels_and_makes_the_same_trials_anywhere():
    subject = subject_for(TWO_ENDS)
    rounds = Drawn(5, 300).rounds(subject)
    next(rounds)
    part = rounds.send([])[1]
    cut = pickle.loads(pickle.dumps(part.cut(part.numbers[3:5])))  # noqa: S301  # our own, made a line above
    assert list(cut.trials(subject)) == list(part.trials(subject))[3:5]


def test_only_the_entrances_that_are_asked_for_are_drawn():
    drawn = _drawn(subject_for(), 40, entries=("cli", "cron"))
    assert {trial.scenario.target.entry for trial in drawn} == {"cli", "cron"}


def test_a_primary_that_cannot_be_asked_leaves_nothing_to_draw():
    subject = subject_for({"model": {"provider": "nobody", "default": "m"}})
    with pytest.raises(StopIteration, match="cannot be asked"):
        next(Drawn().rounds(subject))
    assert Drawn().expected(subject) == 0


def test_a_user_stops_a_wait_a_silence_and_words_that_come_slowly():
    subject = replace(subject_for(CONFIGS["renewable"]), rules=hermes_rules())
    amid = set()
    for trial in _drawn(subject, 130):
        stopped = {n for n, turn in enumerate(trial.scenario.turns, 1) if turn.interrupt_after_s is not None}
        lasts = {step.turn: step for step in (play(subject, trial).steps if stopped else ())}
        for last in (lasts[n] for n in stopped):
            amid |= set(last.sent.split(" + ")) if last.ended_s > last.started_s else {"a wait"}
    assert {"a wait", "stall", "slow"} <= amid


@pytest.mark.parametrize("target", [{"sdk": {"call": "chat"}}, {"callable": "somebody:answer"}])
def test_of_another_target_nothing_is_planned_that_it_might_not_meet(target):
    for trial in _drawn(subject_for(target=target), 30):
        scenario = trial.scenario
        assert scenario.turns[0].user == "hi"
        assert all(entry.times is None for entry in scenario.fallback.faults)
        assert len(scenario.primary.faults) == 1
        assert not NEEDS_A_TOOL & {fault.name for entry in scenario.primary.faults for fault in entry.faults}
        (read,) = loader().read(scenario_text(scenario), "drawn.yaml")
        assert read.primary == scenario.primary


def test_the_other_ways_to_ask_are_those_that_the_provider_has_and_the_user_did_not_choose():
    def ways(config):
        return [
            (each.policy.primary.dialect, "streaming" in each.config) for each in variants(subject_for(config).healthy)
        ]

    assert sorted(ways(TWO_ENDS)) == [("chat", False), ("chat", True), ("responses", False), ("responses", True)]
    chosen = {**TWO_ENDS, "model": {**TWO_ENDS["model"], "api_mode": "codex_responses"}}
    assert sorted(ways(chosen)) == [("responses", False), ("responses", True)]


def test_what_can_be_covered_are_all_ways_to_ask():
    cells = possible(variants(subject_for(TWO_ENDS).healthy), ["agent"])
    assert {tuple(cell.split("|")[4:]) for cell in cells} == {
        (mode, streaming) for mode in ("chat_completions", "codex_responses") for streaming in ("whole", "streamed")
    }
