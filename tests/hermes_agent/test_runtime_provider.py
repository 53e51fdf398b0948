"""From settings to a backend that can be asked, or the reason why not (C10, C14)."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.config import Config, Endpoint
from hermes_agent.errors import ConfigError, NoKey, UnknownProvider
from hermes_agent.messages import Switch
from hermes_agent.runtime_provider import (
    PROVIDERS,
    Backend,
    Refusal,
    check,
    format_runtime_provider_error,
    resolve,
    resolve_fallback,
    resolve_runtime_provider,
    resolve_switch,
    same_backend,
)

KEY, OTHER_KEY = "sk-one", "sk-two"
OPENAI = Endpoint("openai", "gpt-5.1")
OPENROUTER = Endpoint("openrouter", "anthropic/claude-sonnet-4")
KEYS = {"OPENAI_API_KEY": KEY, "OPENROUTER_API_KEY": OTHER_KEY}

with_variables = [(name, variable) for name, row in PROVIDERS.items() for variable in row.key_variables]


def sign_in(home, provider="openai-codex", **more):
    entry = {"access_token": "token", "refresh_token": "r", "token_url": "https://t.example.com/", **more}
    (home / "auth.json").write_text(json.dumps({"providers": {provider: entry}}))


@pytest.mark.parametrize(("provider", "variable"), with_variables)
def test_a_provider_is_asked_at_its_own_address_with_its_own_key(tmp_path, provider, variable):
    backend = resolve(Endpoint(provider, "m"), {variable: KEY}, tmp_path)
    assert backend == Backend(provider, "m", PROVIDERS[provider].base_url, KEY, "chat_completions")


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"custom"}))
def test_without_its_key_a_provider_cannot_be_asked(tmp_path, provider):
    others = {variable: KEY for name, variable in with_variables if name != provider}
    with pytest.raises(NoKey, match=f"no key for {provider}: "):
        resolve(Endpoint(provider, "m"), others, tmp_path)


def test_the_first_variable_that_is_set_wins_and_empty_ones_are_not_set(tmp_path):
    gemini = Endpoint("gemini", "m")
    assert resolve(gemini, {"GEMINI_API_KEY": "a", "GOOGLE_API_KEY": "b"}, tmp_path).api_key == "a"
    assert resolve(gemini, {"GEMINI_API_KEY": " \n", "GOOGLE_API_KEY": " b\n"}, tmp_path).api_key == "b"


def test_a_key_may_stand_in_the_env_file_and_the_process_wins(tmp_path):
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-file\n")
    assert resolve(OPENAI, {}, tmp_path).api_key == "from-file"
    assert resolve(OPENAI, {"OPENAI_API_KEY": "from-process"}, tmp_path).api_key == "from-process"


def test_a_key_of_the_config_wins_over_everything(tmp_path):
    sign_in(tmp_path)
    settings = Endpoint("openai-codex", "m", api_key=KEY, api_key_env="MINE")
    backend = resolve(settings, {"MINE": OTHER_KEY}, tmp_path)
    assert (backend.api_key, backend.renewable) == (KEY, False)


def test_a_named_variable_wins_over_the_providers_own_and_must_be_set(tmp_path):
    settings = replace(OPENAI, api_key_env="MINE")
    assert resolve(settings, {"MINE": OTHER_KEY, **KEYS}, tmp_path).api_key == OTHER_KEY
    for unset in ({}, {"MINE": ""}):
        with pytest.raises(NoKey, match="the variable that api_key_env names is not set"):
            resolve(settings, {**KEYS, **unset}, tmp_path)


@pytest.mark.parametrize("provider", ["custom", "my-own"])
def test_a_custom_server_needs_an_address_and_no_key(tmp_path, provider):
    settings = Endpoint(provider, "m", "http://localhost:11434/v1")
    assert resolve(settings, KEYS, tmp_path) == Backend(
        provider, "m", "http://localhost:11434/v1", "", "chat_completions"
    )
    with pytest.raises(NoKey):
        resolve(replace(settings, api_key_env="MINE"), KEYS, tmp_path)
    with pytest.raises(UnknownProvider):
        resolve(replace(settings, base_url=""), KEYS, tmp_path)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://proxy.example.com/v1",
        "https://api.openai.com.example.com/v1",
        "https://api.openai.com@example.com/v1",
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
    ],
)
def test_a_providers_variable_serves_its_own_host_only(tmp_path, elsewhere):
    with pytest.raises(NoKey, match="another base_url than its own needs api_key or api_key_env"):
        resolve(replace(OPENAI, base_url=elsewhere), KEYS, tmp_path)
    assert resolve(replace(OPENAI, base_url=elsewhere, api_key="k"), KEYS, tmp_path).api_key == "k"
    assert resolve(replace(OPENAI, base_url=elsewhere, api_key_env="MINE"), {"MINE": "k"}, tmp_path).api_key == "k"


@pytest.mark.parametrize(
    "same", ["https://API.openai.com/v1", "https://api.openai.com:443/v2/", "HTTPS://api.openai.com"]
)
def test_another_spelling_of_its_own_host_is_its_own_host_and_stays_as_written(tmp_path, same):
    backend = resolve(replace(OPENAI, base_url=same), KEYS, tmp_path)
    assert (backend.base_url, backend.api_key) == (same, KEY)


def test_a_token_wins_over_the_key_variable_and_is_renewable(tmp_path):
    sign_in(tmp_path, "nous")
    backend = resolve(Endpoint("nous", "m"), {"NOUS_API_KEY": KEY}, tmp_path)
    assert (backend.api_key, backend.renewable) == ("token", True)
    sign_in(tmp_path, "nous", refresh_token="")
    assert not resolve(Endpoint("nous", "m"), {}, tmp_path).renewable


def test_a_token_is_not_sent_to_another_host(tmp_path):
    sign_in(tmp_path)
    assert resolve(Endpoint("openai-codex", "m"), {}, tmp_path).api_mode == "codex_responses"
    with pytest.raises(NoKey):
        resolve(Endpoint("openai-codex", "m", "https://example.com/codex"), {}, tmp_path)


def test_only_providers_that_sign_in_use_a_token(tmp_path):
    sign_in(tmp_path, "openai")
    with pytest.raises(NoKey):
        resolve(OPENAI, {}, tmp_path)


def test_an_explicit_api_mode_wins(tmp_path):
    sign_in(tmp_path)
    assert resolve(replace(OPENAI, api_mode="codex_responses"), KEYS, tmp_path).api_mode == "codex_responses"
    codex = Endpoint("openai-codex", "m", api_mode="chat_completions")
    assert resolve(codex, {}, tmp_path).api_mode == "chat_completions"


@pytest.mark.parametrize(
    ("settings", "provider"),
    [
        (Endpoint("", "m"), "openrouter"),
        (Endpoint("auto", "m"), "openrouter"),
        (Endpoint("auto", "m", "https://openrouter.ai/api/v1"), "openrouter"),
        (Endpoint("", "m", "https://api.openai.com/v1"), "openai"),
        (Endpoint("", "m", "http://localhost/v1"), "custom"),
        (Endpoint(" OpenAI ", "m"), "openai"),
    ],
)
def test_a_provider_that_is_not_named_is_found_by_its_host(tmp_path, settings, provider):
    assert resolve(settings, KEYS, tmp_path).provider == provider


def test_limits_are_handed_on(tmp_path):
    backend = resolve(replace(OPENAI, context_length=8000, max_tokens=50), KEYS, tmp_path)
    assert (backend.context_length, backend.max_tokens) == (8000, 50)


def test_no_key_shows_in_a_repr_or_an_error(tmp_path):
    assert KEY not in repr(resolve(OPENAI, KEYS, tmp_path))
    with pytest.raises(NoKey) as caught:
        resolve(replace(OPENAI, api_key_env="gsk_made_up"), {}, tmp_path)
    assert "gsk_made_up" not in str(caught.value)


BACKEND = Backend("openai", "m", "https://api.example.com/v1", KEY, "chat_completions")


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://api.example.com/v1/", True),
        ("https://API.Example.COM/v1", True),
        ("https://api.example.com:443/v1", True),
        ("HTTPS://api.example.com/v1", True),
        ("http://api.example.com/v1", False),
        ("https://api.example.com:444/v1", False),
        ("https://api.example.com/V1", False),
        ("https://api.example.com/v2", False),
        ("https://api2.example.com/v1", False),
        ("https://api.example.com/v1?region=eu", False),
    ],
)
def test_the_same_address_may_be_spelled_in_several_ways(url, same):
    assert same_backend(BACKEND, replace(BACKEND, base_url=url)) is same
    assert same_backend(BACKEND, replace(BACKEND, base_url=url, provider="custom", api_mode="codex_responses")) is same


@pytest.mark.parametrize("change", [{"model": "n"}, {"api_key": OTHER_KEY}])
def test_another_model_or_another_account_is_another_backend(change):
    assert not same_backend(BACKEND, replace(BACKEND, **change))


@given(st.text())
def test_comparing_addresses_never_raises_for_what_a_config_may_hold(text):
    assert same_backend(BACKEND, replace(BACKEND, base_url=f"https://api.example.com/v1/#{text}")) in {True, False}


@pytest.mark.parametrize("fallback", [Endpoint(), Endpoint("openrouter"), Endpoint("", "m"), Endpoint(api_key=KEY)])
def test_a_fallback_without_provider_or_model_is_none(tmp_path, fallback):
    assert resolve_fallback(Config(OPENAI, fallback), None, KEYS, tmp_path) is None


@pytest.mark.parametrize(
    ("fallback", "found"),
    [
        (replace(OPENROUTER, api_key_env="UNSET"), Refusal.NO_KEY),
        (Endpoint("groq", "m"), Refusal.NO_KEY),
        (replace(OPENROUTER, base_url="https://proxy.example.com/v1"), Refusal.NO_KEY),
        (Endpoint("opnerouter", "m"), Refusal.UNKNOWN_PROVIDER),
        (Endpoint("custom", "m"), Refusal.UNKNOWN_PROVIDER),
        (OPENAI, Refusal.SAME_BACKEND),
        (Endpoint("custom", "gpt-5.1", "https://API.openai.com:443/v1/", KEY), Refusal.SAME_BACKEND),
    ],
)
def test_an_unusable_fallback_is_refused_with_the_reason(tmp_path, fallback, found):
    primary = resolve(OPENAI, KEYS, tmp_path)
    assert resolve_fallback(Config(OPENAI, fallback), primary, KEYS, tmp_path) is found
    assert len(check(Config(OPENAI, fallback), KEYS, tmp_path)) == 1


@pytest.mark.parametrize("fallback", [OPENROUTER, replace(OPENAI, model="gpt-4"), replace(OPENAI, api_key=OTHER_KEY)])
def test_another_provider_model_or_account_is_a_usable_fallback(tmp_path, fallback):
    primary = resolve(OPENAI, KEYS, tmp_path)
    found = resolve_fallback(Config(OPENAI, fallback), primary, KEYS, tmp_path)
    assert isinstance(found, Backend)
    assert (found.provider, found.model) == (fallback.provider, fallback.model)
    assert check(Config(OPENAI, fallback), KEYS, tmp_path) == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config(OPENAI), "fallback_model is not set"),
        (Config(Endpoint("groq", "m"), OPENROUTER), "model cannot be asked: no key for groq: set GROQ_API_KEY"),
        (Config(Endpoint("grok", "m"), OPENROUTER), "model cannot be asked: unknown provider 'grok'"),
        (Config(Endpoint("openai-codex", "m"), OPENROUTER), "have a token in auth.json or set api_key"),
        (Config(OPENAI, Endpoint("zai", "m")), "fallback_model cannot be used: no key for zai: set ZAI_API_KEY or"),
        (Config(OPENAI, OPENAI), "it is the primary itself"),
        (
            Config(replace(OPENAI, context_length=8000), replace(OPENROUTER, context_length=4000)),
            "fallback_model has a smaller context_length (4000) than model (8000)",
        ),
    ],
)
def test_the_check_says_what_will_not_work_before_it_is_needed(tmp_path, config, said):
    (sentence,) = check(config, KEYS, tmp_path)
    assert said in sentence
    assert not any(key in sentence for key in KEYS.values())


def test_the_check_names_the_file_that_cannot_be_read(tmp_path):
    (tmp_path / ".env").write_text("nonsense\n")
    with pytest.raises(ConfigError, match=r"\.env:1"):
        check(Config(OPENAI), {}, tmp_path)


def switched(endpoint, base_url, mode="chat_completions"):
    return Switch(endpoint.provider, endpoint.model, base_url, mode, "client_error")


def test_a_resumed_session_finds_its_key_anew(tmp_path):
    stored = switched(OPENROUTER, "https://openrouter.ai/api/v1")
    backend = resolve_switch(stored, Config(), {"OPENROUTER_API_KEY": "rotated"}, tmp_path)
    assert (backend.provider, backend.model, backend.api_key) == ("openrouter", OPENROUTER.model, "rotated")
    with pytest.raises(NoKey):
        resolve_switch(stored, Config(), {}, tmp_path)


HERE = Endpoint("custom", "m", "https://here.example.com/v1", KEY, context_length=8000)


def test_the_fallbacks_own_key_is_used_while_it_is_at_the_stored_address(tmp_path):
    stored = switched(HERE, "https://HERE.example.com/v1/")
    backend = resolve_switch(stored, Config(OPENAI, HERE), {}, tmp_path)
    assert (backend.api_key, backend.base_url, backend.context_length) == (KEY, stored.base_url, 8000)
    renamed = replace(HERE, model="n")
    backend = resolve_switch(stored, Config(OPENAI, renamed), {}, tmp_path)
    assert (backend.model, backend.api_key, backend.context_length) == ("m", KEY, None)


def test_the_fallbacks_own_key_is_never_sent_to_the_address_of_before(tmp_path):
    moved = replace(HERE, base_url="https://there.example.com/v1")
    for now in (moved, Endpoint(), OPENROUTER):
        with pytest.raises(NoKey):
            resolve_switch(switched(HERE, HERE.base_url), Config(OPENAI, now), KEYS, tmp_path)


def test_a_resumed_session_keeps_its_api_mode(tmp_path):
    stored = switched(HERE, HERE.base_url, "codex_responses")
    now = replace(HERE, api_mode="chat_completions")
    assert resolve_switch(stored, Config(OPENAI, now), {}, tmp_path).api_mode == "codex_responses"


def outside(home, environ):
    return SimpleNamespace(home=home, environ=environ)


def test_the_name_that_a_hermes_user_knows_gives_the_primary(tmp_path):
    (tmp_path / "config.yaml").write_text("model: {provider: openai, default: gpt-5.1}\n")
    found = resolve_runtime_provider(runtime=outside(tmp_path, KEYS))
    assert found["provider"] == "openai"
    assert found["model"] == "gpt-5.1"
    assert (found["base_url"], found["api_key"]) == ("https://api.openai.com/v1", KEY)
    assert found["api_mode"] == "chat_completions"
    assert resolve_runtime_provider("openrouter", runtime=outside(tmp_path, KEYS))["api_key"] == OTHER_KEY


def test_the_name_that_a_hermes_user_knows_reads_the_machine_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("HERMES_HOME", str(tmp_path))
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    assert resolve_runtime_provider()["api_key"] == KEY


def test_an_error_is_one_line_and_a_foreign_one_is_only_named():
    assert format_runtime_provider_error(NoKey("no key for x")) == "no key for x"
    assert format_runtime_provider_error(ValueError(KEY)) == "the provider could not be resolved: ValueError"
