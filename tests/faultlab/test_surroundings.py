import os

import pytest

from faultlab.runner import loader
from faultlab.targets.hermes.surroundings import surroundings

_NAME = "FAULTLAB_TEST_ACCOUNT"


def _scenario(tmp_path, value):
    path = tmp_path / "env.yaml"
    path.write_text(f"{{name: Env, env: {{{_NAME}: {value}}}, says: [hi], turns: [{{user: hello}}]}}", "utf-8")
    return loader().load(path)[0]


@pytest.mark.parametrize("before", [None, "mine"])
def test_the_process_has_the_variables_of_the_scenario_meanwhile_and_no_longer(tmp_path, monkeypatch, before):
    monkeypatch.delenv(_NAME, raising=False)
    if before is not None:
        monkeypatch.setenv(_NAME, before)
    with surroundings(_scenario(tmp_path, "theirs")):
        assert os.environ[_NAME] == "theirs"
    assert os.environ.get(_NAME) == before


def test_null_is_not_set(tmp_path, monkeypatch):
    monkeypatch.setenv(_NAME, "mine")
    with surroundings(_scenario(tmp_path, "null")):
        assert _NAME not in os.environ
    assert os.environ[_NAME] == "mine"


@pytest.mark.parametrize("name", ["OPENAI_ORG_ID", "OPENAI_CUSTOM_HEADERS", "ANY_SECRET", "HTTPS_PROXY"])
def test_no_other_variable_is_there_meanwhile_but_what_a_program_needs(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "mine")
    home = os.environ.get("HOME")
    with surroundings(_scenario(tmp_path, "theirs")):
        assert name not in os.environ
        assert os.environ.get("HOME") == home
    assert os.environ[name] == "mine"


def test_an_error_meanwhile_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.delenv(_NAME, raising=False)
    with pytest.raises(ValueError, match="meanwhile"), surroundings(_scenario(tmp_path, "theirs")):
        raise ValueError("meanwhile")
    assert _NAME not in os.environ
