from pathlib import Path

import pytest

from faultlab.errors import ScenarioError
from faultlab.expectations import Expectation
from faultlab.runner import load, run
from faultlab.subject import subject_of
from faultlab.verdict import Outcome

CONFIG = """\
model:
  provider: openai
  default: gpt-5.1
fallback_model:
  provider: openrouter
  model: anthropic/claude-sonnet-4
"""
ENV = "OPENAI_API_KEY=sk-proj-real0real\nOPENROUTER_API_KEY=sk-or-v1-0123abcd\n"

SCENARIO = """\
name: A day that goes wrong
config: {model: {provider: openai-codex, default: gpt-5.1-codex}}
says: [one, two]
limits: {primary: {context_tokens: 9000}}
refresh: {primary: refused}
tools: {read_file: text}
faults: {primary: [{rate_limit: {retry_after_s: 1}}]}
turns:
  - user: ping
    interrupt: {after_s: 99}
    expect: {waits_s: [2]}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    (tmp_path / ".env").write_text(ENV, "utf-8")
    return tmp_path


@pytest.mark.parametrize("named", ["", "config.yaml"])
def test_a_configuration_is_a_healthy_scenario_by_its_file_or_its_folder(home, named):
    subject = subject_of(home / named)
    assert not any(each.certain for each in subject.findings)
    assert subject.healthy.policy.usable_fallback
    assert run(subject.healthy).outcome is Outcome.HELD


@pytest.mark.parametrize("entry", ["agent", "cli", "cron", "gateway"])
def test_it_is_healthy_at_every_entrance(home, entry):
    assert run(subject_of(home, entry=entry).healthy).outcome is Outcome.HELD


def test_a_scenario_is_made_healthy(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(SCENARIO, "utf-8")
    (written,) = load(file)
    healthy = subject_of(file).healthy
    assert any(isinstance(each, Expectation) for each in written.expectations)
    assert (healthy.expectations, healthy.primary.faults, healthy.primary.limits) == ((), (), None)
    assert healthy.turns[0].interrupt_after_s is None
    assert (healthy.says, healthy.tools, healthy.config) == (written.says, written.tools, written.config)
    assert healthy.primary.refresh == ("refused",)
    assert run(healthy).outcome is Outcome.HELD


def test_one_of_several_scenarios_is_named(tmp_path):
    file = tmp_path / "two.yaml"
    file.write_text("name: One\nturns: [{user: a}]\n---\nname: Two\nturns: [{user: b}]\n", "utf-8")
    with pytest.raises(ScenarioError, match="2 scenarios, and one is to be chosen") as caught:
        subject_of(file)
    assert caught.value.allowed == (f"{file}::one", f"{file}::two")
    assert subject_of(f"{file}::two").healthy.turns[0].user == "b"
    with pytest.raises(ScenarioError, match="no scenario called 'three'"):
        subject_of(f"{file}::three")


def test_the_digest_is_the_same_by_whichever_path(home, monkeypatch):
    monkeypatch.chdir(home)
    assert len({subject_of(path).digest for path in (home, home / "config.yaml", ".", "config.yaml")}) == 1


CASSETTE = Path(__file__).parents[2] / "scenarios" / "recorded" / "cassettes" / "two_questions.yaml"


def test_the_digest_changes_with_a_recording(tmp_path):
    file, cassette = tmp_path / "mine.yaml", tmp_path / "tide.yaml"
    file.write_text("{name: Recorded, says: {cassette: tide.yaml}, turns: [{user: hello}]}", "utf-8")
    cassette.write_bytes(CASSETTE.read_bytes())
    before = subject_of(file).digest
    cassette.write_bytes(CASSETTE.read_bytes() + b"\n")
    assert subject_of(file).digest != before


def test_the_digest_changes_with_what_is_used_and_with_nothing_else(home):
    before = subject_of(home).digest
    assert subject_of(home).digest == before
    (home / "notes.txt").write_text("new", "utf-8")
    (home / "config.yaml").write_text(f"{CONFIG}terminal: {{backend: local}}\n", "utf-8")
    assert subject_of(home).digest == before
    (home / "config.yaml").write_text(f"{CONFIG}agent: {{api_max_retries: 3}}\n", "utf-8")
    changed = subject_of(home).digest
    assert changed != before
    (home / ".env").write_text("OPENAI_API_KEY=sk-proj-real0real\n", "utf-8")
    assert subject_of(home).digest not in {before, changed}
