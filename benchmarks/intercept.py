"""What interception costs a call: a default client that a lab answers, beside the same client with constant bytes.

CPU time as in `transport.py`. What it takes to begin and to end it is told beside that, with no target.
"""

import sys
from collections.abc import Callable

import openai
from transport import BASE_URL, LONG, REPLY, SHORT, Constant, cpu_s, ratio

from faultlab import Lab

ENTERED = 200


def called(messages: list[dict[str, str]], calls: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """A call through openai's own default client, intercepted, and through one with constant bytes."""
    options = {"api_key": "sk-made-up", "base_url": BASE_URL}
    default = openai.OpenAI(**options)
    constant = openai.OpenAI(http_client=openai.DefaultHttpxClient(transport=Constant()), **options)

    def run(client: openai.OpenAI) -> None:
        for _ in range(calls):
            client.chat.completions.create(model="gpt-5.1", messages=messages)

    def intercepted() -> None:
        lab = Lab()
        lab.upstream("openai", base_url=BASE_URL, says=[REPLY] * calls)
        with lab.intercept():
            run(default)

    return intercepted, lambda: run(constant)


def entered() -> None:
    """Begin and end it, with nothing between."""
    for _ in range(ENTERED):
        with Lab().intercept():
            pass


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    figures = [
        ("intercepted: a call / constant", ratio(*called(SHORT, 60)), 1.10),
        ("intercepted: the same, 9,000 tokens asked", ratio(*called(LONG, 20)), 1.10),
    ]
    for name, measured, target in figures:
        print(f"{name:50} {measured:6.2f}   target ≤ {target}")
    print(f"(to begin and to end it: {min(cpu_s(entered) for _ in range(5)) / ENTERED * 1e6:.0f} µs)")
    return int(any(measured > target for _, measured, target in figures))


if __name__ == "__main__":
    sys.exit(main())
