import pytest

from faultlab.trace import Exchange, Trace, Turn, TurnEnd
from faultlab.wire import Request


@pytest.mark.parametrize(
    ("faults", "fault"), [((), None), (("rate_limit",), "rate_limit"), (("slow", "rate_limit"), None)]
)
def test_the_fault_of_an_exchange_is_the_only_one(faults, fault):
    request = Request("POST", "https://api.openai.com/v1/responses", {}, b"")
    assert Exchange(1, "primary", request, 0.0, faults=faults).fault == fault


def test_traces_are_equal_when_they_hold_the_same():
    assert Trace() == Trace()
    assert "lock" not in repr(Trace())


def test_a_wait_is_a_pause_between_two_requests_of_a_turn_or_before_its_end():
    request = Request("POST", "https://api.openai.com/v1/responses", {}, b"")
    times = [(0.0, 1.0), (3.0, 3.5), (3.5, 4.0), (60.0, 60.0)]
    trace = Trace([Exchange(n, "primary", request, *each) for n, each in enumerate(times, 1)])
    ends = [(0.0, 4.25, 1, 3), (50.0, 60.0, 4, 4), (70.0, 80.0, 5, 4)]
    turns = [Turn("s", "hi", *each, TurnEnd("completed")) for each in ends]
    assert [trace.waits_of(turn) for turn in turns] == [[(2.0, 1), (0.25, 3)], [], []]
