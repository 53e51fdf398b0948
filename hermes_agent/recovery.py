"""What to do about a failed attempt: (state, failure) → one action, and the state after it.

The contract's clauses C1 to C8, C15, C19 and C20 as a pure state machine. Nothing here waits, asks or remembers:
whoever carries the actions out does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hermes_agent.messages import Failure, FailureKind, Outcome

__all__ = [
    "CALL_LIMIT_S",
    "COMPRESSION_PAUSE_S",
    "LONGEST_OWN_WAIT_S",
    "MAX_COMPRESSIONS",
    "STATED_WAITS_LIMIT_S",
    "Action",
    "Compress",
    "LowerOutput",
    "Renew",
    "State",
    "Stop",
    "Switch",
    "Wait",
    "after",
    "ahead",
    "decide",
    "reread",
]

LONGEST_OWN_WAIT_S = 60.0
"""C2: the waits double up to here."""
STATED_WAITS_LIMIT_S = 120.0
"""C3: a provider may make us wait this long for one model call, and no longer."""
CALL_LIMIT_S = 600.0
"""C19: so long after a model call's first attempt on a provider, nothing more starts there."""
COMPRESSION_PAUSE_S = 2.0
"""C15: before the call is repeated with a shorter conversation."""
MAX_COMPRESSIONS = 3
"""C15: per turn and provider."""


@dataclass(frozen=True, slots=True)
class State:
    """All that a decision depends on: one model call on one provider.

    `failed` attempts and `waited_s` count since the call's last compression, `elapsed_s` since its first attempt on
    this provider, `compressions` over the turn. `max_tokens` is what the request asks for, None when it leaves it open.
    """

    budget: int = 6
    failed: int = 0
    waited_s: float = 0.0
    elapsed_s: float = 0.0
    can_renew: bool = False
    can_lower: bool = True
    can_compress: bool = True
    can_switch: bool = False
    compressions: int = 0
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait so many seconds, then ask again."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Renew:
    """Renew the credential, then ask again."""


@dataclass(frozen=True, slots=True)
class Compress:
    """Shorten the conversation, pause, ask again; `max_tokens` is what to ask for from now on."""

    max_tokens: int | None


@dataclass(frozen=True, slots=True)
class LowerOutput:
    """Ask again for no more than `max_tokens`."""

    max_tokens: int


@dataclass(frozen=True, slots=True)
class Switch:
    """Go to the fallback, for the rest of the session."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the turn: `failed` where it would have switched, `partial` where it could not be made smaller."""

    outcome: Outcome


Action = Wait | Renew | Compress | LowerOutput | Switch | Stop


def reread(state: State, failure: Failure) -> Failure:
    """C20: an output that cannot be lowered (any more) is an overflow; where money is short, a bill to pay."""
    if failure.kind is not FailureKind.OUTPUT_TOO_LARGE or _lower_to(state, failure) is not None:
        return failure
    return replace(failure, kind=FailureKind.BILLING if failure.for_money else FailureKind.CONTEXT_OVERFLOW)


def decide(state: State, failure: Failure, jitter: float = 0.0) -> Action:
    """The answer to a failure that `reread` has seen. `jitter` (0 to 0.25) lengthens our own waits by that share."""
    return _ANSWERS[failure.kind](state, failure, jitter)


def after(state: State, action: Action) -> State:
    """The state once the action is carried out; a switch starts afresh, which is for its caller to build (C11)."""
    match action:
        case Wait(seconds):
            return replace(state, failed=state.failed + 1, waited_s=state.waited_s + seconds)
        case Renew():
            return replace(state, can_renew=False)
        case LowerOutput(max_tokens):
            return replace(state, can_lower=False, max_tokens=max_tokens)
        case Compress(max_tokens):
            return replace(state, failed=0, waited_s=0.0, compressions=state.compressions + 1, max_tokens=max_tokens)
        case _:
            return state


def ahead(state: State) -> Compress | None:
    """C15: the compression ahead of a request that would not fit; None when it is not to be tried."""
    allowed = state.can_compress and state.compressions < MAX_COMPRESSIONS and state.elapsed_s <= CALL_LIMIT_S
    return Compress(state.max_tokens) if allowed else None


def _retry(state: State, failure: Failure, jitter: float) -> Action:
    wait = _wait(state, failure, jitter)
    last = state.failed + 1 >= state.budget
    if last or wait is None or state.elapsed_s + wait.seconds > CALL_LIMIT_S:
        invalid = failure.kind is FailureKind.INVALID_RESPONSE
        return _give_way(state, "invalid_response" if invalid else "retries_exhausted")
    return wait


def _wait(state: State, failure: Failure, jitter: float) -> Wait | None:
    """C2's wait, or the provider's own when that is longer; None when it is too long to begin (C3)."""
    own = min(2.0 ** (state.failed + 1), LONGEST_OWN_WAIT_S)
    stated = failure.retry_after_s
    if stated is None or stated <= own:
        return Wait(own * (1 + jitter))
    return Wait(stated) if state.waited_s + stated <= STATED_WAITS_LIMIT_S else None


def _renew(state: State, failure: Failure, jitter: float) -> Action:
    return Renew() if state.can_renew and state.elapsed_s <= CALL_LIMIT_S else _client_error(state, failure, jitter)


def _client_error(state: State, _failure: Failure, _jitter: float) -> Action:
    return _give_way(state, "client_error")


def _give_way(state: State, reason: str) -> Action:
    return Switch(reason) if state.can_switch else Stop(Outcome.FAILED)


def _compress(state: State, failure: Failure, _jitter: float) -> Action:
    if ahead(replace(state, elapsed_s=state.elapsed_s + COMPRESSION_PAUSE_S)) is None:
        return Stop(Outcome.PARTIAL)
    max_tokens = state.max_tokens
    if max_tokens is not None and failure.kind is FailureKind.PAYLOAD_TOO_LARGE:
        max_tokens = max(1, max_tokens // 2)
    return Compress(max_tokens)


def _lower(state: State, failure: Failure, _jitter: float) -> Action:
    max_tokens = _lower_to(state, failure)
    in_time = state.elapsed_s <= CALL_LIMIT_S
    return LowerOutput(max_tokens) if in_time and max_tokens is not None else Stop(Outcome.PARTIAL)


def _lower_to(state: State, failure: Failure) -> int | None:
    """What the provider names, else half; None when that is no number to ask for, or the one lowering is used up."""
    present = state.max_tokens
    half = present // 2 if present is not None else 0
    lower = failure.fits_max_tokens if failure.fits_max_tokens is not None else half
    fits = lower >= 1 and (present is None or lower < present)
    return lower if state.can_lower and fits else None


def _stop(_state: State, _failure: Failure, _jitter: float) -> Action:
    return Stop(Outcome.FAILED)


_ANSWERS: Mapping[FailureKind, Callable[[State, Failure, float], Action]] = {
    FailureKind.RATE_LIMITED: _retry,
    FailureKind.OVERLOADED: _retry,
    FailureKind.SERVER_ERROR: _retry,
    FailureKind.UNREACHABLE: _retry,
    FailureKind.TIMED_OUT: _retry,
    FailureKind.INVALID_RESPONSE: _retry,
    FailureKind.UNAUTHORIZED: _renew,
    FailureKind.BILLING: _client_error,
    FailureKind.FORBIDDEN: _client_error,
    FailureKind.NOT_FOUND: _client_error,
    FailureKind.BAD_REQUEST: _client_error,
    FailureKind.CONTEXT_OVERFLOW: _compress,
    FailureKind.PAYLOAD_TOO_LARGE: _compress,
    FailureKind.OUTPUT_TOO_LARGE: _lower,
    FailureKind.INTERNAL: _stop,
}
