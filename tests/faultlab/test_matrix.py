import pickle
from collections import Counter

import pytest

from faultlab.families import family_of
from faultlab.faults import FAULTS
from faultlab.passes.cells import PLACES, SIDES, STATING, TIMES, LeftOut
from faultlab.passes.matrix import Matrix
from faultlab.playing import play
from faultlab.scenario import ENTRIES
from faultlab.sendable import NEEDS_A_TOOL, Asking, sendable
from faultlab.trial import Standing
from tests.faultlab.walking import TWO, subject_for

CONFIGS = {
    "both speak chat": TWO,
    "streams of two APIs": {
        "model": {"provider": "openai-codex", "default": "gpt-5.1"},
        "fallback_model": {"provider": "groq", "model": "llama", "max_tokens": 2048},
        "display": {"streaming": True},
    },
    "a small budget": {
        "model": {"provider": "custom", "default": "q", "base_url": "http://localhost:8000/v1", "max_tokens": 4096},
        "fallback_model": {"provider": "gemini", "model": "gemini-3"},
        "agent": {"api_max_retries": 2},
    },
    "nobody after it": {"model": {"provider": "zai", "default": "glm"}},
}


def _trials(subject, entries=ENTRIES):
    """Every trial of the pass."""
    return [trial for part in next(Matrix(entries).rounds(subject)) for trial in part.trials(subject)]


def _ended(rounds):
    next(rounds)
    with pytest.raises(StopIteration) as ended:
        rounds.send([])
    return ended.value.value


def _labels(trials, name):
    return {dict(trial.labels)[name] for trial in trials}


@pytest.mark.parametrize("name", CONFIGS)
def test_an_agent_that_keeps_the_contract_meets_all_that_is_planned_and_holds(name):
    subject = subject_for(CONFIGS[name])
    trials = _trials(subject)
    for trial in trials[:: len(trials) // 9]:
        record = play(subject, trial)
        assert record.standing is Standing.HELD, (trial.scenario.name, record.breaches, record.reasons)
        tried = dict(trial.labels)["fault"].split()[0]
        assert record.family == (family_of(tried) if tried in FAULTS else family_of("wire", tried))


def test_every_fault_is_tried_at_every_place_so_often_on_each_side_by_each_entrance():
    trials = _trials(subject_for(CONFIGS["both speak chat"]))
    both = {*sendable(Asking("openai")), *sendable(Asking("openrouter")), *STATING}
    assert _labels(trials, "fault") == {sent.name for sent in both}
    assert _labels(trials, "at") == set(PLACES)
    assert _labels(trials, "times") == set(TIMES)
    assert _labels(trials, "side") == set(SIDES)
    assert _labels(trials, "entry") == set(ENTRIES)


def test_how_many_there_are_is_known_beforehand_and_each_has_a_number_and_labels_of_its_own():
    subject = subject_for()
    trials = _trials(subject)
    assert Matrix().expected(subject) == len(trials)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert len({trial.labels for trial in trials}) == len({trial.scenario.name for trial in trials}) == len(trials)


def test_what_is_left_out_is_counted_by_its_reason_and_told():
    subject = subject_for(CONFIGS["a small budget"])
    out = Matrix().left_out(subject)
    tried, sent = Matrix().expected(subject), [(*sendable(Asking(name)), *STATING) for name in ("custom", "gemini")]
    combinations = len(PLACES) * len(TIMES) * len(ENTRIES) * (2 * len(sent[0]) + len(sent[1]))
    assert tried + sum(out.values()) == combinations
    assert all(reason.value.islower() or " " in reason.value for reason in out)
    assert f"all {tried:,} cells; {combinations - tried:,} more" in _ended(Matrix().rounds(subject))


def test_only_the_entrances_that_are_asked_for_are_tried():
    assert _labels(_trials(subject_for(), ("cli", "cron")), "entry") == {"cli", "cron"}


def test_without_a_fallback_only_the_primary_fails():
    assert _labels(_trials(subject_for(CONFIGS["nobody after it"])), "side") == {"primary"}


def test_a_primary_that_cannot_be_asked_leaves_nothing_to_try():
    subject = subject_for({"model": {"provider": "nobody", "default": "m"}})
    assert Matrix().expected(subject) == 0
    assert "cannot be asked" in _ended(Matrix().rounds(subject))


def test_a_range_is_cut_travels_and_makes_the_same_trials_anywhere():
    subject = subject_for()
    part = next(Matrix().rounds(subject))[3]
    whole = list(part.trials(subject))
    cut = pickle.loads(pickle.dumps(part.cut(part.numbers[10:12])))  # noqa: S301  # our own, made a line above
    assert list(cut.trials(subject)) == whole[10:12]


@pytest.mark.parametrize("target", [{"sdk": {"call": "responses"}}, {"callable": "somebody:answer"}])
def test_of_another_target_only_the_first_request_and_all_of_them_are_planned(target):
    trials = _trials(subject_for(target=target))
    assert _labels(trials, "at") == {"first"}
    assert _labels(trials, "times") == {"once", "forever"}
    assert all(trial.scenario.turns[0].user == "hi" for trial in trials)


def test_a_loop_of_tools_that_has_no_end_is_played_for_one_turn():
    turns = {}
    for trial in _trials(subject_for(CONFIGS["both speak chat"]), ("agent",)):
        about = dict(trial.labels)
        turns.setdefault((about["fault"] == "unknown_tool", about["times"]), set()).add(len(trial.scenario.turns))
    assert turns == {
        (False, "once"): {1},
        (False, "exhausted"): {1},
        (False, "forever"): {2},
        (True, "once"): {1},
        (True, "forever"): {1},
    }


def test_what_spoils_a_tool_call_is_tried_with_another_target_only_where_its_model_calls_one():
    target = {"callable": "somebody:answer"}
    silent, calling = (
        subject_for(target=target),
        subject_for(target=target, says=[{"tool_calls": [{"name": "look"}]}, "hello"]),
    )
    assert not NEEDS_A_TOOL & _labels(_trials(silent), "fault")
    assert _labels(_trials(calling), "fault") >= NEEDS_A_TOOL
    assert Matrix().left_out(silent)[LeftOut.NO_TOOL_CALL] > 0
    assert LeftOut.NO_TOOL_CALL not in Matrix().left_out(calling)


def test_a_trial_says_what_it_is_about():
    counted = Counter(trial.scenario.name for trial in _trials(subject_for(), ("cron",)))
    assert "refused, middle attempt, until exhausted, both, by cron" in counted
