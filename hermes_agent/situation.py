"""Where the agent stands just before a request for an answer: all that its later decisions depend on, as one value.

For whoever tries out every schedule of failures: two runs that come to the same situation go on alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from hashlib import blake2s

from hermes_agent.messages import Conversation
from hermes_agent.recovery import State

__all__ = ["Situation", "Used"]


@dataclass(frozen=True, slots=True)
class Used:
    """What a turn has used up of what it may do, on whichever provider (contract section 3, C19)."""

    passes: int = 0
    continuations: int = 0
    repeats: int = 0
    bad_arguments: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What is about to be asked, and what is left to do if it fails.

    `state` is the model call's, with the time since its first attempt as it is now; `used` the turn's. `max_tokens` is
    what the turn asks this provider for from now on. The last `pending` messages of the `conversation` are not kept.
    """

    provider: str
    model: str
    switched: bool
    state: State
    used: Used = field(default_factory=Used)
    max_tokens: int | None = None
    window: int | None = None
    conversation: Conversation = field(default_factory=lambda: Conversation(""), repr=False)
    pending: int = 0

    @property
    def key(self) -> str:
        """A text that is the same for two situations from which the agent goes on alike.

        Times are exact to the millisecond: what is waited and what time-outs take are whole seconds in most runs, so
        that a coarser bucket would merge next to nothing, and it would hide which side of C3's and C19's limits a
        decision falls on.
        """
        return f"{self.bare} | {self._talk}"

    @property
    def bare(self) -> str:
        """The key without the conversation, and without the window, which is held against nothing else."""
        who = "fallback" if self.switched else "primary"
        return " ".join([who, f"{self.provider}/{self.model}", *self._counters()])

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

    def _counters(self) -> Iterator[str]:
        for counters in (self.state, self.used):
            for each in fields(counters):
                value = getattr(counters, each.name)
                yield f"{each.name}={_seconds(value) if isinstance(value, float) else value}"
        yield f"from_now_on={self.max_tokens}"

    @property
    def _talk(self) -> str:
        messages, estimate = self.conversation.messages, self.conversation.estimate
        # The ids of tool calls are a provider's, and new each time; nothing is decided by them.
        said = [(each.role, each.text, [(call.name, call.arguments) for call in each.tool_calls]) for each in messages]
        digest = blake2s(repr((self.conversation.system, said)).encode(), digest_size=6).hexdigest()
        return f"window={self.window} pending={self.pending} {len(messages)} messages, {estimate} tokens, {digest}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number > 1)}" if number else ""


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
