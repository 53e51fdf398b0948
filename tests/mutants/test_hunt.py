"""A handful of wrong agents is caught here, of each sort one; `make hunt` catches all of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hunt import held_to_be_caught
from wrong_agents import WRONG_AGENTS

HANDFUL = [
    "treats an overflow as a client error",
    "waits half as long",
    "retries what is forbidden",
    "never renews a credential",
]


@pytest.mark.parametrize("name", HANDFUL, ids=lambda name: name.replace(" ", "-"))
def test_chaos_catches_an_agent_that(name, record_property):
    (agent,) = (each for each in WRONG_AGENTS if each.name == name)
    record_property(name, str(held_to_be_caught(agent)))
