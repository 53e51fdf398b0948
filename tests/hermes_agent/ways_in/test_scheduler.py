"""A cron job: a session of its own, a document for the record, and never an exception (C16)."""

import pytest

from hermes_agent.cron.scheduler import run, run_job
from hermes_agent.messages import Outcome

JOB = {"id": "job-1", "name": "Morning", "prompt": "ping"}


def test_a_completed_job_is_answer_and_document(outside):
    success, document, final_response, error = run_job(JOB, runtime=outside.runtime)
    assert (success, final_response, error) == (True, "re: ping", None)
    assert document == (
        "# Cron job: Morning\n\n"
        "- Job: job-1\n- Run at: 2026-01-01T00:00:00Z\n- Result: completed\n\n"
        "## Prompt\n\nping\n\n"
        "## Response\n\nre: ping\n"
    )


def test_a_switch_is_told_in_the_document(primary_without_credit):
    success, document, final_response, _ = run_job(JOB, runtime=primary_without_credit.runtime)
    assert (success, final_response) == (True, "backup: ping")
    assert "## Notices\n\n- Switched from openai (gpt-5.1) to openrouter (backup)" in document


def test_every_run_starts_on_the_primary(primary_without_credit):
    for _ in range(2):
        run_job(JOB, runtime=primary_without_credit.runtime)
    hosts = [host for host, _ in primary_without_credit.asked]
    assert hosts == ["api.openai.com", "openrouter.ai"] * 2


def test_a_job_that_fails_says_so_everywhere(outside):
    outside.answer = lambda host, text: 402
    success, document, final_response, error = run_job(JOB, runtime=outside.runtime)
    assert success is False
    assert error
    assert final_response == error
    assert "- Result: failed" in document
    assert f"## Error\n\n{error}" in document
    assert "## Response" not in document


def test_the_result_is_handed_out_once(outside):
    run_job(JOB, runtime=outside.runtime)
    (result,) = outside.results
    assert result.outcome is Outcome.COMPLETED


def test_a_job_may_want_another_provider_and_model(outside):
    run_job({**JOB, "provider": "openrouter", "model": "special"}, runtime=outside.runtime)
    assert [host for host, _ in outside.asked] == ["openrouter.ai"]
    assert outside.bodies[0]["model"] == "special"


@pytest.mark.parametrize("wanted", ["groq", "no-such-provider"])
def test_a_provider_that_cannot_be_asked_leaves_the_fallback(outside, wanted):
    assert run_job({**JOB, "provider": wanted}, runtime=outside.runtime)[0]
    assert [host for host, _ in outside.asked] == ["openrouter.ai"]


def test_the_configured_providers_key_and_address_are_not_for_the_one_that_a_job_wants(outside):
    (outside.home / "config.yaml").write_text(
        "model: {provider: custom, default: m, base_url: 'https://own.example.com/v1', api_key_env: OPENAI_API_KEY}\n"
    )
    for wanted in "groq", "no-such-provider":
        assert not run_job({**JOB, "provider": wanted}, runtime=outside.runtime)[0]
    assert outside.asked == []


def test_a_primary_without_a_key_leaves_the_fallback(outside):
    del outside.environ["OPENAI_API_KEY"]
    assert run_job(JOB, runtime=outside.runtime)[0]
    assert [host for host, _ in outside.asked] == ["openrouter.ai"]


@pytest.mark.parametrize("job", [{}, {"prompt": ""}, {"prompt": ["ping"]}, {"name": "x", "prompt": None}])
def test_a_job_without_a_prompt_fails_without_a_request(outside, job):
    success, document, final_response, error = run_job(job, runtime=outside.runtime)
    assert success is False
    assert "prompt" in error
    assert final_response == error
    assert "- Result: failed" in document
    assert outside.asked == []


def test_a_configuration_that_cannot_be_read_fails_the_job(outside):
    (outside.home / "config.yaml").write_text("agent: {max_turns: many}\n")
    success, _, _, error = run_job(JOB, runtime=outside.runtime)
    assert success is False
    assert "agent.max_turns: found 'many'" in error


def test_the_outcome_is_there_for_who_wants_it(outside):
    assert run(JOB, runtime=outside.runtime).outcome is Outcome.COMPLETED
    assert run({}, runtime=outside.runtime).outcome is Outcome.FAILED


def test_no_key_is_in_the_record(primary_without_credit):
    document = run_job(JOB, runtime=primary_without_credit.runtime)[1]
    assert not any(key in document for key in primary_without_credit.environ.values())


def test_without_a_runtime_the_machine_itself_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("HERMES_HOME", str(tmp_path))
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    success, _, _, error = run_job(JOB)
    assert success is False
    assert "no key for openrouter" in error
