"""What a type checker makes of the door; `make types` holds it, and never runs this file itself."""

from typing import assert_type

from faultlab import Lab, Scenario, Verdict, faults, load, run
from faultlab.failover import FailoverTrace
from faultlab.fake_provider import FakeProvider
from faultlab.faults.status import RateLimit
from faultlab.findings import Attempts, Finding, Switch, Waits
from faultlab.trace import Exchange


def test_an_application(faultlab: Lab) -> None:
    primary = faultlab.upstream("openai", says=["hello"], faults=[(faults.rate_limit(retry_after_s=1), 3)])
    assert_type(primary, FakeProvider)
    assert_type(faultlab["openai"], FakeProvider)
    assert_type(primary.exchanges, tuple[Exchange, ...])
    faultlab.upstream("groq", faults=[faults.reset(), (faults.cut(after_events=2), None)])


def test_questions(lab: Lab) -> None:
    assert_type(lab.trace, FailoverTrace)
    assert_type(lab.trace.switched(), Switch)
    assert_type(lab.trace.switched(to="openai").after_calls, Attempts)
    assert_type(lab.trace.attempts(lab["openai"]), Attempts)
    assert_type(lab.trace.never_called("openai"), Finding)
    assert_type(lab.trace.waits_s, Waits)
    assert_type(lab.clock.slept_s, float)


def test_mistakes(lab: Lab) -> None:
    faults.rate_limit(retry_after_s="1")  # type: ignore[arg-type]
    faults.rate_limit(retry_after=1)  # type: ignore[call-arg]
    faults.rate_limits()  # type: ignore[attr-defined]
    lab.upstream("openai", faults=["rate_limit"])  # type: ignore[list-item]
    lab.upstream("openai", faults=[faults.rate_limit])  # type: ignore[list-item]
    lab.trace.attempts(3)  # type: ignore[arg-type]
    lab.trace.has_switched()  # type: ignore[attr-defined]
    faults.wire(7)  # type: ignore[arg-type]


async def test_blocks() -> None:
    with Lab(seed=7) as lab, lab.intercept(allow_loopback=True):
        assert_type(lab, Lab)
    async with Lab(virtual_time=False) as other:
        assert_type(other, Lab)
    assert_type(faults.rate_limit(), RateLimit)


def test_scenarios(path: str) -> None:
    assert_type(load(path), list[Scenario])
    assert_type(run(load(path)[0]), Verdict)
