"""The real openai client by itself, as the thing under test: one call for each turn, with its own retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from faultlab.environment import surroundings
from faultlab.errors import HarnessError
from faultlab.fake_provider import FakeProvider
from faultlab.invariants import ON_THE_WIRE
from faultlab.lab import Lab
from faultlab.made_up import drawing_from
from faultlab.policy import PRIMARY
from faultlab.scenario import Scenario, SdkTarget
from faultlab.targets.base import Played, outcome_of, played
from faultlab.virtual_time import virtual_time

__all__ = ["play"]


def play(scenario: Scenario, lab: Lab) -> Played:
    """Each turn is one call to the primary, all of them with one client."""
    how = scenario.target
    if not isinstance(how, SdkTarget):
        raise HarnessError(f"target sdk was handed a scenario for {how}")
    env = dict(scenario.env)  # the client reads accounts, headers and proxies there
    with surroundings(env), drawing_from(scenario.seed), _caller(lab[PRIMARY], how) as ask:
        for plan in scenario.turns:
            with played(lab, plan) as told:
                told.end = outcome_of(partial(ask, plan.user))
                told.shown = told.end.reply
    return Played(lab, ON_THE_WIRE)


@contextmanager
def _caller(provider: FakeProvider, how: SdkTarget) -> Iterator[Callable[[str], str]]:
    """What asks the client once and gives the text of its answer."""
    if not how.is_async:
        with virtual_time(provider.clock), provider.client(max_retries=how.max_retries) as client:
            yield lambda user: _ask(client, provider, how, user)
        return
    with virtual_time(provider.clock), asyncio.Runner() as runner:
        client = provider.async_client(max_retries=how.max_retries)
        yield lambda user: runner.run(_ask_async(client, provider, how, user))
        runner.run(client.close())


def _ask(client: Any, provider: FakeProvider, how: SdkTarget, user: str) -> str:
    answer = _create(client, how)(**_request(provider, how, user))
    return "".join(map(_piece, answer)) if how.stream else _text(answer, how)


async def _ask_async(client: Any, provider: FakeProvider, how: SdkTarget, user: str) -> str:
    answer = await _create(client, how)(**_request(provider, how, user))
    return "".join([_piece(each) async for each in answer]) if how.stream else _text(answer, how)


def _create(client: Any, how: SdkTarget) -> Any:
    return client.responses.create if how.call == "responses" else client.chat.completions.create


def _request(provider: FakeProvider, how: SdkTarget, user: str) -> dict[str, Any]:
    said = [{"role": "user", "content": user}]
    body: dict[str, Any] = {"model": provider.model, "input" if how.call == "responses" else "messages": said}
    return body | ({"stream": True} if how.stream else {})


def _text(answer: Any, how: SdkTarget) -> str:
    """The text of a whole answer; the client hands on whatever a 200 held, so that anything may be missing."""
    text = answer.output_text if how.call == "responses" else answer.choices[0].message.content
    return text or ""


def _piece(chunk: Any) -> str:
    """The text of one piece of a stream, of either API."""
    if getattr(chunk, "type", None) == "response.output_text.delta":
        return chunk.delta or ""
    choices = getattr(chunk, "choices", None) or ()
    return "".join(choice.delta.content or "" for choice in choices)
