"""Two wrong agents are caught here, so that it is known soon when none is; `make hunt` catches all of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hunt import held_to_be_caught
from wrong_agents import WRONG_AGENTS

TWO = ["waits half as long", "retries what is forbidden"]


@pytest.mark.parametrize("name", TWO, ids=lambda name: name.replace(" ", "-"))
def test_chaos_catches_an_agent_that(name, record_property):
    (agent,) = (each for each in WRONG_AGENTS if each.name == name)
    record_property(name, str(held_to_be_caught(agent)))
