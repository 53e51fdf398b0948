"""What the fake provider costs: CPU time beside the same with constant bytes, in one run.

Rounds of both are taken in turn and the median of their ratios is told: a busy machine slows both down alike.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx2
import openai

from faultlab.adapters.base import Router
from faultlab.adapters.transport import transport
from faultlab.clock import VirtualClock
from faultlab.content import conversation
from faultlab.dialects import CHAT, Question
from faultlab.script import Reply, Script
from faultlab.trace import Trace
from faultlab.upstream import Stage, Upstream
from faultlab.wire import Data

ROUNDS = 15
BASE_URL = "https://api.openai.com/v1"
SHORT = [{"role": "system", "content": "You are a helpful agent."}, {"role": "user", "content": "What is the time?"}]
LONG = [{"role": one.role, "content": one.text} for one in conversation(60, 9000) if one.role != "tool" and one.text]
REPLY = Reply("It is noon.")


def rendered() -> bytes:
    """The bytes that the fake provider sends, for the floor to send them too."""
    head, body = CHAT.render(REPLY, Question("gpt-5.1", estimate=15), "made-up", 1767225600)
    assert isinstance(body, Data), head
    return body.data


CONSTANT = rendered()


class Constant(httpx2.BaseTransport):
    """The floor: the same bytes whatever is asked."""

    def handle_request(self, _request: httpx2.Request) -> httpx2.Response:
        """Whatever was asked."""
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=CONSTANT)


def fake(calls: int) -> Any:
    """A transport with an upstream that has an answer for so many calls."""
    stage = Stage(VirtualClock(), Trace())
    upstream = Upstream("primary", "openai", BASE_URL, stage, script=Script([REPLY] * calls))
    return transport(Router([upstream]), stage.clock, httpx2)


def captured(messages: list[dict[str, str]]) -> httpx2.Request:
    """The request that the real client sends."""
    seen: list[httpx2.Request] = []

    class Capture(Constant):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            """Remember it."""
            seen.append(request)
            return super().handle_request(request)

    client(Capture()).chat.completions.create(model="gpt-5.1", messages=messages)
    return seen[0]


def client(through: httpx2.BaseTransport) -> openai.OpenAI:
    """The real client over a transport."""
    return openai.OpenAI(api_key="sk-made-up", base_url=BASE_URL, http_client=httpx2.Client(transport=through))


def handled(messages: list[dict[str, str]], calls: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """`handle_request` alone, ours and the constant one."""
    request = captured(messages)

    def run(through: httpx2.BaseTransport) -> None:
        for _ in range(calls):
            through.handle_request(request)

    return lambda: run(fake(calls)), lambda: run(Constant())


def called(messages: list[dict[str, str]], calls: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """A call through the real client, ours and the constant one."""

    def run(through: httpx2.BaseTransport) -> None:
        asked = client(through)
        for _ in range(calls):
            asked.chat.completions.create(model="gpt-5.1", messages=messages)

    return lambda: run(fake(calls)), lambda: run(Constant())


def cpu_s(run: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    started = time.process_time()
    run()
    return time.process_time() - started


def ratio(ours: Callable[[], object], floor: Callable[[], object]) -> float:
    """The median of paired ratios; one round of both goes before, to warm up."""
    ours(), floor()
    return statistics.median(cpu_s(ours) / cpu_s(floor) for _ in range(ROUNDS))


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    figures = [
        ("handle_request / constant", ratio(*handled(SHORT, 2000)), 2.0),
        ("handle_request / constant, 9,000 tokens asked", ratio(*handled(LONG, 1000)), None),
        ("call / constant", ratio(*called(SHORT, 150)), 1.05),
        ("call / constant, 9,000 tokens asked", ratio(*called(LONG, 50)), 1.05),
    ]
    for name, measured, target in figures:
        print(f"{name:48} {measured:6.2f}" + (f"   target ≤ {target}" if target else ""))
    return int(any(target and measured > target for _, measured, target in figures))


if __name__ == "__main__":
    sys.exit(main())
