import pytest

from faultlab.trace import Exchange, Trace
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
