"""What may stand in a configuration, and what one line says of what may not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.errors import ConfigError
from hermes_agent.settings import DEFAULT_MODEL, SECTIONS, Config, config_from_mapping

SECRET = "sk-made-up-0123456789"


def said_of(mapping):
    """The error's line; nothing if the mapping can be used."""
    try:
        return str(config_from_mapping(mapping, "x") and "")
    except ConfigError as error:
        return str(error)


def refused(mapping):
    with pytest.raises(ConfigError) as caught:
        config_from_mapping(mapping, "here.yaml")
    return caught.value


def test_an_empty_mapping_means_the_defaults():
    config = config_from_mapping({}, "here.yaml")
    assert config == Config()
    assert config.model.model == DEFAULT_MODEL
    assert (config.agent.api_max_retries, config.agent.request_timeout_s, config.agent.max_turns) == (6, 120.0, 90)
    assert (config.compression.enabled, config.compression.threshold) == (True, 0.85)
    assert not config.display.streaming
    assert config.agent.system_prompt


def test_a_model_may_be_a_text():
    assert config_from_mapping({"model": "some/model"}, "x") == config_from_mapping(
        {"model": {"default": "some/model"}}, "x"
    )


def test_every_key_that_is_used_arrives():
    endpoint = {
        "provider": "custom",
        "base_url": "http://localhost:8080/v1",
        "api_key": SECRET,
        "api_key_env": "MY_KEY",
        "api_mode": "codex_responses",
        "context_length": 8000,
        "max_tokens": 500,
    }
    config = config_from_mapping(
        {
            "model": {"default": "one", **endpoint},
            "fallback_model": {"model": "two", **endpoint},
            "agent": {
                "api_max_retries": 1,
                "request_timeout_s": 7,
                "max_turns": 3,
                "system_prompt": "Be brief.",
                "save_trajectories": True,
            },
            "compression": {"enabled": False, "threshold": 0.5},
            "display": {"streaming": True, "skin": "mono"},
        },
        "x",
    )
    assert config.model.model == "one"
    assert config.fallback_model.model == "two"
    for side in (config.model, config.fallback_model):
        assert {name: getattr(side, name) for name in endpoint} == endpoint
    assert (config.agent.api_max_retries, config.agent.request_timeout_s) == (1, 7)
    assert (config.agent.max_turns, config.agent.system_prompt) == (3, "Be brief.")
    assert config.agent.save_trajectories
    assert (config.compression.enabled, config.compression.threshold) == (False, 0.5)
    assert config.display.streaming


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_an_empty_text_mean_that_a_key_was_left_out(nothing):
    sections = {name: dict.fromkeys(keys, nothing) for name, keys in SECTIONS.items()}
    assert config_from_mapping(sections, "x") == Config()
    assert config_from_mapping(dict.fromkeys(SECTIONS), "x") == Config()


def test_keys_of_a_full_hermes_config_are_passed_over():
    full = {"toolsets": ["all"], "agent": {"reasoning_effort": "high"}, "model": {"default": "m", "colour": 1}, 7: {}}
    assert config_from_mapping(full, "x") == config_from_mapping({"model": "m"}, "x")


@pytest.mark.parametrize(
    ("section", "key", "values", "allowed"),
    [
        ("agent", "api_max_retries", [0, -1, 2.0, True, "6", [], {}], "a whole number from 1"),
        ("agent", "max_turns", [0, False, "many"], "a whole number from 1"),
        ("agent", "request_timeout_s", [0, -1, True, "120", math.inf, math.nan, 86401, 10**400], "seconds"),
        ("agent", "system_prompt", [True, 1, ["a"]], "a text"),
        ("agent", "save_trajectories", ["yes", 1, {}], "true or false"),
        ("compression", "enabled", ["yes", 1, 0], "true or false"),
        ("display", "streaming", ["yes", 1, {}], "true or false"),
        ("compression", "threshold", [0, 85, -0.1, True, "0.85", math.nan], "a number above 0 and up to 1"),
        ("model", "default", [True, 4.1, {}], "a text"),
        ("model", "provider", [True, 1], "a text"),
        (
            "model",
            "base_url",
            ["localhost:80/v1", "ftp://h/v1", "https://", "https://h:x/", "a b", 3],
            "http:// or https://",
        ),
        ("fallback_model", "base_url", ["http://[::1/v1", "https://h/ v1", "https://h/v1\n"], "http:// or https://"),
        (
            "fallback_model",
            "api_mode",
            ["anthropic_messages", True, ["chat_completions"]],
            "chat_completions or codex_responses",
        ),
        ("fallback_model", "context_length", [0, 1.5, "8k"], "a whole number from 1"),
        ("fallback_model", "max_tokens", [-5, True], "a whole number from 1"),
    ],
)
def test_a_wrong_value_gets_one_line_with_place_value_and_what_is_allowed(section, key, values, allowed):
    for value in values:
        error = refused({section: {"default": "m", key: value}})
        assert error.path == (section, key)
        assert allowed in error.allowed
        assert str(error) == f"here.yaml: {section}.{key}: found {error.found}; allowed: {error.allowed}"
        assert "\n" not in str(error)


@pytest.mark.parametrize("section", ["model", "fallback_model", "agent", "compression", "display"])
def test_a_section_of_the_wrong_shape_is_named(section):
    assert refused({section: [1]}).path == (section,)
    assert "a list" in str(refused({section: ["sk-1"]}))


@pytest.mark.parametrize("whole", [[], "text", 7, None])
def test_what_is_no_mapping_at_all_is_said(whole):
    assert "a mapping" in str(refused(whole))


@pytest.mark.parametrize("elsewhere", [{"provider": "openai"}, {"base_url": "http://h/v1"}, {"provider": "custom"}])
def test_another_provider_than_the_default_needs_a_model_of_its_own(elsewhere):
    assert refused({"model": elsewhere}).path == ("model", "default")


@pytest.mark.parametrize("here", [{}, {"provider": "auto"}, {"provider": "openrouter"}, {"max_tokens": 5}])
def test_openrouter_has_a_default_model(here):
    assert config_from_mapping({"model": here}, "x").model.model == DEFAULT_MODEL


@pytest.mark.parametrize("key", ["api_key", "api_key_env"])
@pytest.mark.parametrize("value", [f"{SECRET} ", f"Bearer {SECRET}", [SECRET], {SECRET: 1}, 5, "sk-\u00e9", "a\nb"])
def test_a_key_is_never_shown(key, value):
    text = str(refused({"fallback_model": {key: value}}))
    assert SECRET not in text
    assert "not shown" in text


def test_a_password_in_an_address_is_not_shown():
    assert "hunter2" not in str(refused({"model": {"default": "m", "base_url": "ftp://me:hunter2@host/v1"}}))


def test_a_key_is_in_no_repr():
    config = config_from_mapping({"model": {"default": "m", "api_key": SECRET}}, "x")
    assert SECRET not in repr(config)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: json_like | st.fixed_dictionaries({}, optional=dict.fromkeys(keys, json_like))
            for name, keys in SECTIONS.items()
        },
    )
)
def test_whatever_stands_there_is_a_config_or_one_line(mapping):
    assert "\n" not in said_of(mapping)
