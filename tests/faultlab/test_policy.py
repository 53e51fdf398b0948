from dataclasses import replace

import pytest

from faultlab.policy import Backend, Policy

POLICY = Policy(Backend("openai", "m", "https://a"), Backend("openrouter", "n", "https://b"))


@pytest.mark.parametrize(
    ("policy", "usable"),
    [(POLICY, True), (replace(POLICY, refused="no_key"), False), (replace(POLICY, fallback=None), False)],
)
def test_a_fallback_is_usable_if_there_is_one_and_nothing_speaks_against_it(policy, usable):
    assert policy.usable_fallback is usable


def test_backends_are_found_by_the_upstream_s_name():
    assert POLICY.backend("primary").model == "m"
    assert POLICY.backend("fallback").model == "n"
    assert POLICY.backend("nobody") is None


def test_no_key_is_shown():
    assert "secret" not in repr(Policy(Backend("a", "b", "c", key="secret"), environ=(("A", "secret"),)))
