"""How a turn is told: the sentence a chat user reads, and the mapping that a Hermes user knows. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from hermes_agent.api_modes.chat_completions import message_dict
from hermes_agent.messages import FailureKind, Outcome, Switch, TurnResult
from hermes_agent.runtime_provider import Backend

__all__ = ["as_dict", "described", "switch_notice"]

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


def switch_notice(switch: Switch, left: Backend | None) -> str:
    """The one line that tells a user of the switch; `left` is who was left, None if it could not even be asked."""
    whom = f"{left.provider} ({left.model})" if left else "the primary"
    why = _IN_WORDS[switch.failure] if switch.failure else "it failed"
    return f"Switched from {whom} to {switch.provider} ({switch.model}) for this session: {why}."


def described(result: TurnResult, detail: str = "") -> TurnResult:
    """The result with the text that a user reads; `detail` is what the provider or the fault says of itself."""
    said = _said(result, detail)
    return replace(result, final_response="\n\n".join(filter(None, (result.reply, said))), error=said or None)


def _said(result: TurnResult, detail: str) -> str:
    """What a user reads when there is no whole answer; empty only for a completed turn."""
    if result.outcome is Outcome.COMPLETED:
        return ""
    if result.outcome is Outcome.INTERRUPTED:
        return "Interrupted."
    reasons = "; ".join(filter(None, (_why(result), detail)))
    sentences = [f"The turn ended without a whole answer ({reasons})."]
    if result.primary_failure is not None:
        sentences.append(f"The primary had failed before: {_IN_WORDS[result.primary_failure]}.")
    if result.refused is not None:
        sentences.append(_REFUSED[result.refused])
    return " ".join(sentences)


def _why(result: TurnResult) -> str:
    if result.failure is None:
        return ""
    if result.failure is FailureKind.INTERNAL:
        return _IN_WORDS[result.failure]
    return f"{result.provider or 'the model'}: {_IN_WORDS[result.failure]}"


def as_dict(result: TurnResult) -> dict[str, Any]:
    """The result with the keys that a Hermes user knows, and what was switched, why and after how many attempts."""
    return {
        "final_response": result.final_response,
        "reply": result.reply,
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
