"""What the fake provider costs: CPU time beside the same with constant bytes, in one run.

Rounds of both are taken in turn, and the quieter quarters of both are compared: what else the machine does is not ours.
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
from faultlab.dialects import CHAT, Question
from faultlab.made_up import conversation
from faultlab.script import Reply, Script
from faultlab.trace import Trace
from faultlab.upstream import Stage, Upstream
from faultlab.wire import Data

ROUNDS = 40
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
    """CPU time of ours beside the floor's; one round of both goes before, to warm up."""
    ours(), floor()
    rounds = [(cpu_s(ours), cpu_s(floor)) for _ in range(ROUNDS)]
    quiet = [statistics.quantiles(times, n=4)[0] for times in zip(*rounds, strict=True)]
    return quiet[0] / quiet[1]


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    figures = [
        ("transport: handle_request / constant", ratio(*handled(SHORT, 400)), 2.0),
        ("transport: the same, 9,000 tokens asked again", ratio(*handled(LONG, 400)), 2.0),
        ("transport: a call / constant", ratio(*called(SHORT, 60)), 1.05),
        ("transport: the same, 9,000 tokens asked", ratio(*called(LONG, 20)), 1.05),
    ]
    for name, measured, target in figures:
        print(f"{name:50} {measured:6.2f}   target ≤ {target}")
    return int(any(measured > target for _, measured, target in figures))


if __name__ == "__main__":
    sys.exit(main())
