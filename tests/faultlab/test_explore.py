"""Every schedule of failures: which walks are made, and that they come to what they were made for."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace

import pytest

from faultlab.passes.alphabet import ALPHABETS, ANSWER
from faultlab.passes.explore import Explore, Walks
from faultlab.passes.outline import Stepping
from faultlab.passes.schedules import Schedules
from faultlab.playing import play
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import ENTRIES, SdkTarget
from faultlab.sendable import Asking, sendable
from faultlab.trial import Standing
from tests.faultlab.walking import CONFIGS, TWO, first_steps, subject_for, walked


@pytest.fixture(scope="module")
def explored():
    """The stock configuration to a depth of two."""
    return walked(subject_for(TWO), Explore(2))


@pytest.mark.parametrize("name", CONFIGS)
def test_whatever_is_configured_each_walk_comes_to_its_end_and_holds(name):
    records = first_steps(name, "classes")
    assert {record.standing for record in records} == {Standing.HELD}
    assert all(record.edge for record in records)


def test_every_fault_of_the_catalogue_is_a_symbol_where_it_means_something_by_itself():
    records, _ = walked(subject_for(CONFIGS["the smallest budget, no compression"]), Explore(1, "every fault"))
    assert {record.standing for record in records} == {Standing.HELD}
    sent = {each.fault.name for each in sendable(Asking("openai"))}
    left_out = {"bad_tool_arguments", "unknown_tool", "wire"}
    assert sent - left_out <= {record.edge.by for record in records}


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_entrance_can_be_walked_through(entry):
    records, _ = walked(subject_for(TWO), Explore(1, "every kind", entry))
    assert {dict(record.labels)["entry"] for record in records} == {entry}
    assert {record.standing for record in records} == {Standing.HELD}
    assert {record.edge.by for record in records} == ALPHABETS["every kind"].symbols.keys()


def test_no_step_is_taken_twice(explored):
    records, _ = explored
    steps = Counter((record.edge.before, record.edge.by) for record in records)
    assert set(steps.values()) == {1}


def test_from_each_state_that_is_met_before_the_last_request_all_symbols_are_tried(explored):
    records, _ = explored
    before = {record.edge.before for record in records}
    ahead = {record.edge.after for record in records if record.edge.after and dict(record.labels)["depth"] != "2"}
    assert ahead <= before
    tried = {key: {each.edge.by for each in records if each.edge.before == key} for key in before}
    assert set.intersection(*tried.values()) == ALPHABETS["classes"].symbols.keys() - {ANSWER}


def test_a_state_that_two_schedules_lead_to_is_walked_from_once(explored):
    records, _ = explored
    paths = {dict(record.labels)["path"] for record in records}
    assert "client_error retry" in paths
    assert not any(path.startswith("unauthorized ") for path in paths)


def test_people_can_read_what_the_states_are(explored):
    records, _ = explored
    (edge,) = [record.edge for record in records if dict(record.labels)["path"] == "overflow retry"]
    assert (edge.shown, edge.then) == (
        "primary, 1 compression, after 2 s",
        "primary, 1 compression, 1 failed, after 4 s",
    )
    assert (edge.asked, edge.asked_next, edge.waited_s) == ("primary", "primary", 2.0)


def test_how_it_ended_stands_where_there_is_no_further_state():
    records = first_steps("no fallback", "classes")
    ends = {record.edge.by: (record.edge.after, record.edge.then) for record in records}
    assert ends["client_error"] == (None, "failed: forbidden")
    assert ends[ANSWER] == (None, "answered")


def test_a_part_of_a_range_has_the_trials_with_its_numbers():
    subject = subject_for(TWO)
    paths = tuple(((PRIMARY, name),) for name in ALPHABETS["classes"].symbols)
    walks = Walks("classes", 10, paths, 8)
    assert walks.numbers == range(10, 17)
    part = pickle.loads(pickle.dumps(walks.cut(range(12, 15))))  # noqa: S301  # our own
    assert list(part.trials(subject)) == [trial for trial in walks.trials(subject) if trial.number in range(12, 15)]


def test_numbers_follow_one_another_through_all_rounds(explored):
    records, why = explored
    assert [record.number for record in records] == list(range(len(records)))
    assert why.startswith("schedules of 2: ")


def test_it_tells_how_many_schedules_the_walks_stand_for(explored):
    stepping = Stepping(subject_for(TWO).healthy, ALPHABETS["classes"])

    def below(place, depth):
        """One by one, from no state merged with another."""
        if place is None or not depth:
            return 0
        names = [name for name in stepping.symbols(place) if name != ANSWER]
        return sum(1 + below(stepping.step(place, name).place, depth - 1) for name in names)

    _, why = explored
    schedules = 1 + below(stepping.model.begin(), 2)  # one in which nothing goes wrong
    assert why.endswith(f"edges, for {schedules} schedules")


def test_a_schedule_is_counted_for_each_path_that_leads_there():
    schedules = Schedules()
    for before, by, after in (("a", "x", "b"), ("a", "y", "b"), ("b", "x", "a"), ("b", "y", None), ("c", "x", "c")):
        schedules.add(before, by, after)
    assert [schedules.count("a", depth) for depth in range(5)] == [0, 2, 6, 10, 18]
    assert schedules.count("nowhere", 3) == 0


def test_as_many_steps_are_expected_as_the_walks_may_be():
    subject = subject_for(TWO)
    assert Explore(2).expected(subject) == 37
    assert Explore(10**6, most_walks=36).expected(subject) == 36


def test_what_users_say_later_is_walked_through_too():
    turns = [{"user": "ping"}, {"user": "and again"}]
    records, _ = walked(subject_for(CONFIGS["the smallest budget, no compression"], turns=turns), Explore(2))
    assert {record.standing for record in records} == {Standing.HELD}
    assert "turn 2, primary" in {record.edge.then for record in records}
    assert ("turn 2, primary", "retry") in {(record.edge.shown, record.edge.by) for record in records}


def test_a_walk_that_ends_before_the_depth_says_so():
    config = {**CONFIGS["the smallest budget, no compression"], "agent": {"api_max_retries": 1, "max_turns": 1}}
    _, why = walked(subject_for(config), Explore(8))
    assert why.startswith("all schedules, however long: ")


def test_a_walk_that_would_become_too_long_stops_and_says_how_far_it_came():
    records, why = walked(subject_for(TWO), Explore(8, most_walks=20))
    assert max(int(dict(record.labels)["depth"]) for record in records) == 1
    assert why.startswith("schedules of 1 only, as longer ones would take more than 20 walks: ")


@pytest.mark.parametrize("prompt", [2, 500, 2000])
def test_a_system_prompt_of_any_usual_length_leaves_room_for_all_compressions(prompt):
    subject = subject_for({**TWO, "agent": {"system_prompt": "p" * prompt}})
    path = ((PRIMARY, "overflow"),) * 3 + ((PRIMARY, "client_error"),) + ((FALLBACK, "overflow"),) * 3
    (trial,) = Walks("classes", 0, (path,), 8).trials(subject)
    record = play(subject, trial)
    assert (record.standing, record.edge.then) == (Standing.HELD, "fallback, 3 compressions, after 6 s")


def test_other_targets_tell_no_states():
    subject = subject_for(TWO)
    other = replace(subject, healthy=replace(subject.healthy, target=SdkTarget()))
    assert walked(other, Explore()) == ([], "nothing: only the agent tells its states")
