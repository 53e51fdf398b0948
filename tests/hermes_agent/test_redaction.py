"""A message for people holds no credential, whoever echoed it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.redaction import one_line, printable, redact


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: {}. You can find your API key at https://x.test",
        "Incorrect API key provided: {}",
        "Authorization: Bearer {}",
        "Your api key: {} is invalid",
        "token={} expired",
        'the key "{}" is wrong: key: "{}"',
        "{} was refused; {} too",
        '{"text": "one\\n{}"}',
    ],
)
@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop",
        "sk-or-v1-0123456789abcdef0123",
        "sk-primary-made-up",
        "gsk_abcdefghij0123456789",
        "xai-abcdefghij0123456789",
        "AIzaSyA0123456789abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ],
)
def test_a_credential_is_replaced(text, secret):
    assert secret not in redact(text.replace("{}", secret))
    assert "[key]" in redact(text.replace("{}", secret))


@pytest.mark.parametrize("secret", ["0123456789abcdef", "correct-horse-battery", "na***ys-and-more", "****abcdefgh"])
@pytest.mark.parametrize(
    "text", ["Incorrect API key provided: {}.", "bearer {}", "api_key={}", "access token: '{}'", '{"key": "{}"}']
)
def test_a_text_of_any_look_is_replaced_where_a_credential_is_named(text, secret):
    assert secret not in redact(text.replace("{}", secret))


@pytest.mark.parametrize(
    "text",
    [
        "The model `gpt-9` does not exist or you do not have access to it.",
        "API key not valid. Please pass a valid API key.",
        "This model's maximum context length is 8192 tokens.",
        "Please carry the API secret key in the 'X-Api-Key' field",
        "model 'Mixtral-8x22B-Instruct-v0.1' is not available",
        "risk-averse, ask-me-anything",
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert redact(text) == text


def test_json_stays_json():
    written = json.dumps({"api_key": "opaque-0123", "command": 'curl -H "Authorization: Bearer opaque-4567" x.test'})
    twice = json.dumps({"arguments": written})
    held = json.loads(json.loads(redact(twice))["arguments"])
    assert held == {"api_key": "[key]", "command": 'curl -H "Authorization: Bearer [key]" x.test'}


@given(st.text())
def test_a_line_is_one_line_and_not_too_long(text):
    line = one_line(text)
    assert len(line) <= 300
    assert len(line.splitlines()) <= 1


CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]


@given(st.text(st.sampled_from([*CONTROLS, "a", "é", "\u2028", "…", "\U0001f600"])))
def test_nothing_that_a_terminal_would_obey_is_left(text):
    assert not set(CONTROLS) & set(one_line(text))
    assert printable(text) == "".join(each for each in text if each in "\n\t" or each not in CONTROLS)


def test_words_that_a_control_character_stands_between_stay_apart_where_it_is_a_space():
    assert one_line("\x1b]0;mine\x07one\rtwo\x85three\x00\x9b2J") == "]0;mineone two three2J"


def test_a_credential_that_control_characters_are_strewn_in_is_replaced_all_the_same():
    assert one_line("your key sk-\x00proj-\x1babcdefghijklmnop") == "your key [key]"


def test_a_long_text_shows_that_it_goes_on():
    assert one_line("a" * 400) == "a" * 299 + "…"
