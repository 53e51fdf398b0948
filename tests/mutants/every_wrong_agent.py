"""Every wrong agent is caught by the passes of a campaign, and what is left of it is small: `make hunt`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hunt import held_to_be_caught
from wrong_agents import WRONG_AGENTS


@pytest.mark.parametrize("agent", WRONG_AGENTS, ids=lambda agent: agent.name.replace(" ", "-"))
def test_chaos_catches_an_agent_that(agent, record_property):
    record_property(agent.name, str(held_to_be_caught(agent)))
