import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.made_up import conversation, key_for, text, token

_SAMPLE = """
from faultlab.made_up import conversation, key_for, text, token
print(token(24, 1, "x"), key_for("openai", 3, "primary"), text(80, 5), conversation(12, 900, 7))
"""


def _in_a_new_process(hash_seed):
    environ = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", _SAMPLE], env=environ, capture_output=True, text=True, check=True
    ).stdout


def test_the_same_seed_gives_the_same_bytes_in_every_process():
    assert _in_a_new_process("1") == _in_a_new_process("2") != ""


@given(st.integers(1, 90), st.integers(0, 4000), st.integers(0, 5))
def test_a_conversation_has_exactly_the_size_that_was_asked_for(messages, more, seed):
    tokens = messages * 6 + more
    made = conversation(messages, tokens, seed)
    assert len(made) == messages
    assert sum(message.characters for message in made) == tokens * 4


@given(st.integers(2, 60))
def test_a_conversation_is_one_that_a_provider_accepts(messages):
    made = conversation(messages, messages * 30)
    assert made[-1].role == "assistant"
    open_calls = set()
    for message in made:
        if message.role == "tool":
            open_calls.remove(message.call_id)
        else:
            assert open_calls == set()
        open_calls |= {call.id for call in message.calls}
        assert message.text or message.calls
    assert open_calls == set()
    ids = [call.id for message in made for call in message.calls]
    assert len(ids) == len(set(ids))


def test_a_long_conversation_uses_tools():
    assert any(message.calls for message in conversation(12, 900))


@pytest.mark.parametrize(("messages", "tokens"), [(0, 10), (-1, 10), (10, 1)])
def test_a_conversation_that_cannot_be_is_refused_with_a_sentence(messages, tokens):
    with pytest.raises(ValueError, match=r"from 1|at least"):
        conversation(messages, tokens)


@given(st.integers(0, 400), st.integers())
def test_a_text_has_exactly_so_many_characters_and_no_space_at_its_ends(characters, seed):
    made = text(characters, seed)
    assert len(made) == characters
    assert made == made.strip()


@given(st.integers(1, 300))
def test_a_token_is_as_long_as_asked_and_each_one_another(length):
    assert len(token(length, 1)) == length
    assert length < 8 or token(length, 1) != token(length, 2)


@pytest.mark.parametrize(("provider", "begins"), [("openai", "sk-proj-"), ("groq", "gsk_"), ("custom", "key-")])
def test_a_key_has_its_provider_s_style(provider, begins):
    assert key_for(provider, 0).startswith(begins)


def test_each_use_has_its_own_key():
    assert len({key_for("openai", seed, use) for seed in (0, 1) for use in ("primary", "fallback")}) == 4
