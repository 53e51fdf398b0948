"""Where the agent stands just before a request for an answer: all that its later decisions depend on, as one value.

For whoever tries out every schedule of failures: two runs that come to the same situation go on alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2s

from hermes_agent.compression import compress, target
from hermes_agent.messages import NEARLY_FULL, Conversation
from hermes_agent.recovery import CALL_LIMIT_S, MAX_COMPRESSIONS, State

__all__ = ["Reach", "Situation", "Used"]


@dataclass(frozen=True, slots=True)
class Used:
    """What a turn has used up of what it may do, on whichever provider (contract section 3, C19)."""

    passes: int = 0
    continuations: int = 0
    repeats: int = 0
    bad_arguments: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody goes on from a situation: so many requests, in so many turns with this one.

    No model call takes more than `seconds` from here on, and no more than `tokens` come to the conversation.
    """

    requests: int
    seconds: float
    tokens: float
    turns: int = 1


@dataclass(frozen=True, slots=True)
class Situation:
    """What is about to be asked, and what is left to do if it fails.

    `state` is the model call's, with the time since its first attempt as it is now; `used` the turn's. `max_tokens` is
    what the turn asks this provider for from now on. A request above the `threshold` of the window is compressed ahead.
    The last `pending` messages of the `conversation` are not kept.
    """

    provider: str
    model: str
    switched: bool
    state: State
    used: Used = field(default_factory=Used)
    max_tokens: int | None = None
    window: int | None = None
    threshold: float = 0.85
    max_turns: int = 90
    conversation: Conversation = field(default_factory=lambda: Conversation(""), repr=False)
    pending: int = 0

    @property
    def key(self) -> str:
        """A text that is the same for two situations from which the agent goes on alike, whatever happens.

        What stands before ` | ` says nothing of the conversation, nor of the window, which is held against it alone.
        """
        return f"{self._text(self._passes, self.state)} | {self._conversation}"

    def key_within(self, reach: Reach) -> str:
        """The same for whoever goes no further than that: what cannot come to matter there is left out.

        The conversation is, with the window, if it stays far below the window and each compression finds something.
        """
        is_roomy = self._stays_far_below_window(reach) and self._can_be_compressed(reach)
        return f"{self.bare_within(reach)} | {f'pending={self.pending}' if is_roomy else self._conversation}"

    def bare_within(self, reach: Reach) -> str:
        """What of that stands before ` | `.

        Times are exact to the millisecond, as C3 and C19 look at them so; the time since the first attempt is left out
        where C19's limit is out of reach, and the number of passes where `max_turns` is.
        """
        used, state = self.used, self.state
        if state.elapsed_s + reach.seconds <= CALL_LIMIT_S:
            state = replace(state, elapsed_s=0.0)
        passes = _some(used.passes) if used.passes + reach.requests < self.max_turns else self._passes
        return self._text(passes, state)

    @property
    def label(self) -> str:
        """The same for people: only what has happened so far."""
        state, used = self.state, self.used
        happened = (
            "fallback" if self.switched else "primary",
            "may renew" if state.can_renew else "",
            _counted(used.passes, "tool round"),
            _counted(used.continuations, "continuation"),
            _counted(used.repeats, "repeat"),
            "bad arguments" if used.bad_arguments else "",
            _counted(state.compressions, "compression"),
            "" if state.can_lower else f"output lowered to {state.max_tokens}",
            f"{state.failed} failed" if state.failed else "",
            f"after {_seconds(state.elapsed_s)} s" if state.elapsed_s else "",
        )
        return ", ".join(filter(None, happened))

    def _text(self, passes: str, state: State) -> str:
        who = "fallback" if self.switched else "primary"
        counters = (*_told(state), f"passes={passes}", *_told(self.used)[1:], f"from_now_on={self.max_tokens}")
        return " ".join([who, f"{self.provider}/{self.model}", *counters])

    @property
    def _passes(self) -> str:
        return f"{self.used.passes}/{self.max_turns}"

    @property
    def _conversation(self) -> str:
        messages, estimate = self.conversation.messages, self.conversation.estimate
        # The ids of tool calls are a provider's, and new each time; nothing is decided by them.
        said = [(each.role, each.text, [(call.name, call.arguments) for call in each.tool_calls]) for each in messages]
        digest = blake2s(repr((self.conversation.system, said)).encode(), digest_size=6).hexdigest()
        held_to = f"window={self.window} threshold={self.threshold}"
        return f"{held_to} pending={self.pending} {len(messages)} messages, {estimate} tokens, {digest}"

    def _stays_far_below_window(self, reach: Reach) -> bool:
        """Then no compression begins ahead or aims below half, and no empty answer is an overflow.

        A window that becomes known later replaces this one if it is smaller, as it does where none is known.
        """
        most = self.conversation.estimate + reach.tokens
        return self.window is None or most <= min(self.threshold, NEARLY_FULL) * self.window

    def _can_be_compressed(self, reach: Reach) -> bool:
        """Whether each compression that may still come finds messages to leave out, whatever is said meanwhile.

        They leave out most if all of that comes at once, to what stays whole: nothing of it can be left out then.
        """
        left = MAX_COMPRESSIONS * (reach.turns + self.state.can_switch) - self.state.compressions
        found: Conversation | None = replace(
            self.conversation, system=self.conversation.system + " " * 4 * math.ceil(reach.tokens)
        )
        for _ in range(min(left, reach.requests) if self.state.can_compress else 0):
            found = found and compress(found, target(found.estimate, None, self.threshold))
        return found is not None


def _told(counters: State | Used) -> list[str]:
    values = ((each.name, getattr(counters, each.name)) for each in fields(counters))
    return [f"{name}={_seconds(value) if isinstance(value, float) else value}" for name, value in values]


def _some(number: int) -> str:
    return "some" if number else "none"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number > 1)}" if number else ""


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
