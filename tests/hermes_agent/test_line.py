"""Who a session talks to: the primary until the one switch, the fallback ever after (C9 to C14)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hermes_agent.config import config_from_mapping
from hermes_agent.errors import NoKey
from hermes_agent.line import Line
from hermes_agent.messages import Failure, FailureKind, Switch
from hermes_agent.runtime_provider import Refusal

KEYS = {"OPENAI_API_KEY": "sk-primary", "OPENROUTER_API_KEY": "sk-fallback"}
PRIMARY = {"provider": "openai", "default": "gpt-5.1"}
FALLBACK = {"provider": "openrouter", "model": "backup"}
FAILURE = Failure(FailureKind.OVERLOADED, "too many")
STORED = Switch("openrouter", "backup", "https://openrouter.ai/api/v1", "chat_completions", "client_error")


def line(home, *, model=PRIMARY, fallback=FALLBACK, environ=KEYS, switched=None, renewable=None):
    config = config_from_mapping({"model": model, "fallback_model": fallback}, "test")
    return Line(config, environ, home, switched, renewable=renewable)


def switch(line, keep=lambda _: None):
    return line.switch("retries_exhausted", 6, FAILURE, keep)


def test_a_session_starts_on_the_primary(tmp_path):
    ours = line(tmp_path)
    assert (ours.asked.provider, ours.can_switch, ours.switched, ours.refused) == ("openai", True, None, None)


def test_the_switch_goes_to_the_fallback_and_is_the_only_one(tmp_path):
    ours = line(tmp_path)
    made = switch(ours)
    assert made == replace(STORED, reason="retries_exhausted", after_attempts=6, failure=FailureKind.OVERLOADED)
    assert (ours.asked.provider, ours.asked.api_key, ours.switched) == ("openrouter", "sk-fallback", made)
    assert not ours.can_switch
    with pytest.raises(TypeError):
        switch(ours)


def test_a_switch_that_cannot_be_kept_leaves_everything_as_it_was(tmp_path):
    ours = line(tmp_path)
    with pytest.raises(OSError, match="full"):
        switch(ours, keep=lambda _: (_ for _ in ()).throw(OSError("full")))
    assert (ours.asked.provider, ours.can_switch, ours.switched) == ("openai", True, None)


def test_a_session_that_was_switched_goes_on_with_the_fallback_and_has_no_shot_left(tmp_path):
    ours = line(tmp_path, switched=STORED)
    assert (ours.asked.provider, ours.asked.api_key, ours.can_switch) == ("openrouter", "sk-fallback", False)


@pytest.mark.parametrize(
    ("switched", "refusal", "kind"),
    [
        (STORED, Refusal.NO_KEY, FailureKind.UNAUTHORIZED),
        (replace(STORED, provider="gone", base_url=""), Refusal.UNKNOWN_PROVIDER, FailureKind.BAD_REQUEST),
    ],
)
def test_a_switched_session_whose_fallback_cannot_be_asked_any_more_has_nobody_to_ask(
    tmp_path, switched, refusal, kind
):
    ours = line(tmp_path, fallback={}, environ={"OPENAI_API_KEY": "sk-primary"}, switched=switched)
    assert (ours.backend, ours.refused, ours.problem.kind, ours.can_switch) == (None, refusal, kind, False)
    with pytest.raises(NoKey):
        _ = ours.asked


@pytest.mark.parametrize(
    ("fallback", "refusal"),
    [
        ({}, None),
        ({"provider": "openrouter"}, None),
        ({"provider": "groq", "model": "m"}, Refusal.NO_KEY),
        ({"provider": "nowhere", "model": "m"}, Refusal.UNKNOWN_PROVIDER),
        ({"provider": "openai", "model": "gpt-5.1"}, Refusal.SAME_BACKEND),
    ],
)
def test_there_is_no_shot_without_a_usable_fallback(tmp_path, fallback, refusal):
    ours = line(tmp_path, fallback=fallback)
    assert (ours.can_switch, ours.refused) == (False, refusal)


@pytest.mark.parametrize(
    ("provider", "kind"), [("groq", FailureKind.UNAUTHORIZED), ("nowhere", FailureKind.BAD_REQUEST)]
)
def test_a_primary_that_cannot_be_asked_is_a_problem_until_the_switch(tmp_path, provider, kind):
    ours = line(tmp_path, model={"provider": provider, "default": "m"})
    assert (ours.backend, ours.problem.kind, ours.can_switch) == (None, kind, True)
    switch(ours)
    assert (ours.problem, ours.asked.provider) == (None, "openrouter")


def test_a_renewed_credential_is_the_one_that_is_used(tmp_path):
    ours = line(tmp_path)
    ours.renewed("new")
    assert ours.asked.api_key == "new"


@pytest.mark.parametrize("renewable", [True, False])
def test_a_caller_may_say_whether_the_primary_s_key_can_be_renewed(tmp_path, renewable):
    ours = line(tmp_path, renewable=renewable)
    assert ours.asked.renewable is renewable
    switch(ours)
    assert ours.asked.renewable is False
