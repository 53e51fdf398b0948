"""Every wrong agent is caught by the passes of a campaign, and what is left of it is small: `make hunt`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hunt import held_to_be_caught
from wrong_agents import WRONG_AGENTS

AT_LARGE = {
    "lets the primary's beginning stand above the switch": "2,600 runs broke nothing",
    "leaves standing what an interrupt cut off": "2,600 runs broke nothing",
    "takes prompt and output in one number for the prompt": "2,600 runs broke nothing",
    "leaves standing what stood beside a tool call that was cut": "not hunted to the end yet",
    "takes every 402 for an empty account": "not hunted to the end yet",
    "takes an answer that its upstream broke off for a full window": "not hunted to the end yet",
    "refuses arguments that are an object and no text": "not hunted to the end yet",
    "knows an error by its key alone": "not hunted to the end yet",
    "tells of a failure in the provider's own control characters": "not hunted to the end yet",
    "joins tool calls that come under one index": "caught; what was left failed with the right agent, too",
    "joins a name that comes with each piece": "caught; what was left failed with the right agent, too",
    "mixes the choices of a stream": "caught; what was left failed with the right agent, too",
    "takes arguments that are no text for none": "caught; what was left failed with the right agent, too",
}
"""Wrong agents that chaos is not known to catch, and why; whoever is caught is taken off the list."""


def _marked(agent):
    why = AT_LARGE.get(agent.name)
    return pytest.param(agent, marks=[pytest.mark.xfail(reason=why, strict=False)] if why else [])


@pytest.mark.parametrize(
    "agent", [_marked(each) for each in WRONG_AGENTS], ids=[each.name.replace(" ", "-") for each in WRONG_AGENTS]
)
def test_chaos_catches_an_agent_that(agent, record_property):
    record_property(agent.name, str(held_to_be_caught(agent)))
