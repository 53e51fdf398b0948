"""One job, run to its end: a session of its own, a Markdown document for the record.

When a job is due is not its business.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hermes_agent import run_agent, runtime_provider
from hermes_agent.errors import ConfigError, ProviderError
from hermes_agent.messages import Outcome
from hermes_agent.runtime import Runtime, system_runtime

__all__ = ["JobRun", "run", "run_job"]


@dataclass(frozen=True, slots=True)
class JobRun:
    """How a run ended. `document` is for the record, `final_response` for whoever waits for the job's answer."""

    outcome: Outcome
    document: str
    final_response: str
    error: str | None


def run_job(job: Mapping[str, Any], *, runtime: Runtime | None = None) -> tuple[bool, str, str, str | None]:
    """Run a job and return (success, document, final_response, error). Never raises (C16).

    A job has `id`, `name`, `prompt`, and `provider` or `model` if it wants others than the configured ones. Everything
    but a completed turn is no success.
    """
    done = run(job, runtime=runtime)
    return done.outcome is Outcome.COMPLETED, done.document, done.final_response, done.error


def run(job: Mapping[str, Any], *, runtime: Runtime | None = None) -> JobRun:
    """The same as a value, with the outcome."""
    try:
        result = _turn(job, runtime)
    except Exception as fault:  # noqa: BLE001  # C16: a job that could not even begin is a result too
        told = runtime_provider.format_runtime_provider_error(fault)
        result = {"outcome": Outcome.FAILED, "final_response": told, "error": told}
    outcome = Outcome(result["outcome"])
    wrong = None if outcome is Outcome.COMPLETED else result["error"]
    document = _document(job, result, wrong, (runtime or system_runtime()).clock.time())
    return JobRun(outcome, document, result["final_response"], wrong)


def _turn(job: Mapping[str, Any], runtime: Runtime | None) -> Mapping[str, Any]:
    prompt = job.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ConfigError("job", ("prompt",), "nothing" if prompt is None else "what is no text", "what to ask")
    agent = run_agent.AIAgent(runtime=runtime, **_backend(job, runtime))
    with closing(agent):
        result: Mapping[str, Any] = agent.run_conversation(prompt)
    return result


def _backend(job: Mapping[str, Any], runtime: Runtime | None) -> dict[str, Any]:
    """What the agent is told of its primary. One that cannot be asked is the agent's business: it has a fallback."""
    requested = job.get("provider") or None
    given = {} if runtime is None else {"runtime": runtime}
    try:
        backend = runtime_provider.resolve_runtime_provider(requested=requested, **given)
    except ProviderError:
        backend = {"provider": requested, **_NOBODYS} if requested else {}
    return {**backend, "model": job["model"]} if job.get("model") else backend


_NOBODYS = {"base_url": "", "api_key": "", "api_key_env": ""}
"""The configured provider's address and key are not for the one that the job wants."""


def _document(job: Mapping[str, Any], result: Mapping[str, Any], wrong: str | None, now_s: float) -> str:
    moment = datetime.fromtimestamp(now_s, UTC)
    facts = [f"- Job: {job.get('id', '?')}", f"- Run at: {moment:%Y-%m-%dT%H:%M:%SZ}", f"- Result: {result['outcome']}"]
    notices = [f"- {notice}" for notice in result.get("notices", ())]
    parts = {
        "Prompt": str(job.get("prompt", "")),
        "Notices": "\n".join(notices),
        "Response": result.get("reply", "") if wrong else result["final_response"],
        "Error": wrong or "",
    }
    sections = [f"## {title}\n\n{text}" for title, text in parts.items() if text]
    return (
        "\n\n".join([f"# Cron job: {job.get('name') or job.get('id') or 'unnamed'}", "\n".join(facts), *sections])
        + "\n"
    )
