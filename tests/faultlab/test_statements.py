"""What an error says of itself is what an agent that keeps the contract goes by."""

from dataclasses import replace

import pytest

from faultlab.passes.ground import ground_of
from faultlab.passes.statements import statements
from faultlab.policy import PRIMARY
from faultlab.scenario import Side
from faultlab.schedule import Entry
from faultlab.sendable import Asking
from tests.faultlab.reducing import breaches_in
from tests.faultlab.walking import subject_for

BACKUP = {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"}
STREAMED = {"display": {"streaming": True}}
CONFIGS = {
    "chat": {"model": {"provider": "kimi-coding", "default": "m", "max_tokens": 4000}},
    "chat, streamed": {"model": {"provider": "openai", "default": "m", "max_tokens": 4000}, **STREAMED},
    "responses, streamed": {"model": {"provider": "openai-codex", "default": "m"}, **STREAMED},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_agent_does_what_the_contract_says_of_each(name):
    healthy = subject_for({**CONFIGS[name], "fallback_model": BACKUP}).healthy
    ground = ground_of(healthy)
    known = statements(ground.asking(PRIMARY), ground.max_tokens[0])
    assert len(known) > 12
    for fault in known:
        assert breaches_in(replace(healthy, primary=Side((Entry((fault,)),)))) == (), fault


def test_a_prompt_that_fits_alone_is_told_of_where_an_output_is_asked_for():
    asking = Asking("kimi-coding")
    assert set(statements(asking, 4000)) > set(statements(asking, None))
    assert {fault.requested for fault in statements(asking, 4000) if fault.name == "context_overflow"} == {
        100_001,
        99_999,
        98_000,
    }
