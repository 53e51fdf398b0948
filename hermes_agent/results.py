"""How a turn is told: the sentence a chat user reads, and the mapping that a Hermes user knows. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hermes_agent.api_modes.chat_completions import message_dict
from hermes_agent.messages import Failure, FailureKind, Outcome, Switch, TurnResult

__all__ = ["as_dict", "describe", "switch_notice"]

_IN_WORDS: Mapping[FailureKind, str] = {
    FailureKind.RATE_LIMITED: "it limits our rate",
    FailureKind.OVERLOADED: "it is overloaded",
    FailureKind.SERVER_ERROR: "it has an error of its own",
    FailureKind.UNREACHABLE: "it cannot be reached",
    FailureKind.TIMED_OUT: "it did not answer in time",
    FailureKind.INVALID_RESPONSE: "its answers cannot be used",
    FailureKind.UNAUTHORIZED: "it does not accept our credentials",
    FailureKind.BILLING: "there is no credit or quota left",
    FailureKind.FORBIDDEN: "it does not allow this",
    FailureKind.NOT_FOUND: "it does not know the model or the address",
    FailureKind.BAD_REQUEST: "it refuses the request",
    FailureKind.CONTEXT_OVERFLOW: "the conversation no longer fits its window",
    FailureKind.PAYLOAD_TOO_LARGE: "the request is too large for it",
    FailureKind.OUTPUT_TOO_LARGE: "the answer asked for is too long for it",
    FailureKind.INTERNAL: "the agent itself has a fault",
}

_REFUSED: Mapping[str, str] = {
    "no_key": "The fallback could not be used: it has no key.",
    "unknown_provider": "The fallback could not be used: its provider is unknown and it has no base_url.",
    "same_backend": "The fallback could not be used: it is the same backend as the primary.",
}


def switch_notice(switch: Switch, left: str) -> str:
    """The one line that tells a user of the switch; `left` is who was left."""
    why = _IN_WORDS[switch.failure] if switch.failure is not None else "it failed"
    return f"Switched from {left} to {switch.provider} ({switch.model}) for this session: {why}."


def describe(
    outcome: Outcome,
    provider: str,
    failure: Failure | None,
    detail: str,
    refused: str | None,
    primary: FailureKind | None,
) -> str:
    """What a user reads when there is no whole answer; empty only for a completed turn."""
    if outcome is Outcome.COMPLETED:
        return ""
    if outcome is Outcome.INTERRUPTED:
        return "Interrupted."
    why = f"{provider or 'The model'}: {_IN_WORDS[failure.kind]}" if failure else ""
    said = "; ".join(part for part in (why, detail) if part)
    sentences = [f"The turn ended without a whole answer ({said})."]
    if primary is not None:
        sentences.append(f"The primary had failed before: {_IN_WORDS[primary]}.")
    if refused is not None:
        sentences.append(_REFUSED[refused])
    return " ".join(sentences)


def as_dict(result: TurnResult) -> dict[str, Any]:
    """The result with the keys that a Hermes user knows, and what was switched, why and after how many attempts."""
    return {
        "final_response": result.final_response,
        "messages": [message_dict(message) for message in result.messages],
        "api_calls": result.api_calls,
        **{outcome.value: result.outcome is outcome for outcome in Outcome},
        "error": result.error,
        "outcome": result.outcome.value,
        "failure": result.failure,
        "primary_failure": result.primary_failure,
        "switched": None if result.switch is None else asdict(result.switch),
        "refused": result.refused,
        "provider": result.provider,
        "model": result.model,
        "session_id": result.session_id,
        "compressions": result.compressions,
        "notices": list(result.notices),
    }
