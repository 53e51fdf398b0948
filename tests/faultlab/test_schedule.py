import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab import faults
from faultlab.schedule import OK, Entry, Schedule, Unreached

_RATE_LIMIT, _RESET = faults.rate_limit(), faults.reset()


def test_one_entry_is_used_up_per_request_and_after_the_last_all_is_well():
    schedule = Schedule([Entry((_RATE_LIMIT,), 2), OK, Entry((_RESET, _RATE_LIMIT))])
    taken = [schedule.take() for _ in range(6)]
    assert taken == [(_RATE_LIMIT,), (_RATE_LIMIT,), (), (_RESET, _RATE_LIMIT), (), ()]


def test_what_comes_next_can_be_seen_without_using_it_up():
    schedule = Schedule([Entry((_RATE_LIMIT,)), OK, Entry((_RESET,))])
    assert schedule.faults == (_RATE_LIMIT, _RESET)
    for faults_of_one in ((_RATE_LIMIT,), (), (_RESET,), ()):
        assert schedule.peek() == schedule.peek() == schedule.take() == faults_of_one


def test_forever_has_no_end():
    schedule = Schedule([Entry((_RESET,), None), Entry((_RATE_LIMIT,))])
    assert {schedule.take() for _ in range(100)} == {(_RESET,)}


def test_what_was_not_reached_is_told_with_its_place_and_how_often_it_was_to_come():
    entries = [Entry((_RATE_LIMIT,), 3), OK, Entry((_RESET,)), Entry((_RESET,), None)]
    schedule = Schedule(entries)
    schedule.take()
    assert schedule.unreached() == (Unreached(0, entries[0], 2), Unreached(2, entries[2], 1))


def test_nothing_is_unreached_when_all_was_taken():
    schedule = Schedule([Entry((_RATE_LIMIT,)), Entry((_RESET,), None)])
    schedule.take()
    assert schedule.unreached() == ()


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=8), st.integers(0, 40))
def test_what_was_taken_and_what_is_left_are_all_there_is(plan, requests):
    entries = [Entry((_RESET,) if bad else (), times) for bad, times in plan]
    schedule = Schedule(entries)
    met = sum(bool(schedule.take()) for _ in range(requests))
    left = sum(unreached.left for unreached in schedule.unreached())
    assert met + left == sum(times for bad, times in plan if bad)


@pytest.mark.parametrize("times", [0, -1])
def test_an_entry_comes_at_least_once(times):
    with pytest.raises(ValueError, match="times"):
        Entry((), times)
