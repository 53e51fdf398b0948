"""What an error says of itself is what an agent that keeps the contract goes by."""

from dataclasses import replace

import pytest

from faultlab.faults import status
from faultlab.foretelling import foretell
from faultlab.passes.ground import ground_of
from faultlab.passes.statements import statements
from faultlab.policies import hermes_rules
from faultlab.policies.named import UNTELLING
from faultlab.policy import PRIMARY
from faultlab.scenario import ENTRIES, HermesTarget, Side
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


@pytest.mark.parametrize("entry", ENTRIES)
def test_words_that_would_steer_a_terminal_are_told_without_that(entry):
    bad = Side((Entry((status(code=403, body=UNTELLING),)),))
    healthy = subject_for({**CONFIGS["chat"], "fallback_model": BACKUP}).healthy
    scenario = replace(healthy, primary=bad, fallback=bad, target=HermesTarget(entry))
    seen = {each.key: each.value for each in foretell(scenario, hermes_rules())}["user_sees"]
    assert "]0;mineNo[2J entry here1A" in seen.text or entry == "cron"
    assert breaches_in(scenario) == ()


def test_a_prompt_that_fits_alone_is_told_of_where_an_output_is_asked_for():
    asking = Asking("kimi-coding")
    assert len(statements(asking, 4000)) > len(statements(asking, None))
    assert {fault.requested for fault in statements(asking, 4000) if fault.name == "context_overflow"} == {
        100_001,
        99_999,
        98_000,
    }
