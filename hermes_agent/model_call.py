"""One model call: attempts until there is an answer, whoever gives it, or the turn ends.

Carries out what `recovery` decides. Knows neither HTTP nor tools; who asks, renews and switches is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from hermes_agent import compression, failures, recovery
from hermes_agent.config import Config
from hermes_agent.display import Display
from hermes_agent.errors import Interrupted
from hermes_agent.interruption import Interruption
from hermes_agent.messages import Asked, Conversation, Failure, FailureKind, Message, Outcome, Reply
from hermes_agent.runtime import Clock
from hermes_agent.runtime_provider import Backend
from hermes_agent.situation import Used
from hermes_agent.tool_arguments import read_arguments

__all__ = ["Caller", "ModelCall", "Standing", "Talk", "TurnEnded"]


class TurnEnded(Exception):
    """The turn is over without a whole answer; `text` is as much of one as there was."""

    def __init__(self, outcome: Outcome, failure: Failure | None, message: str, text: str = "") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.failure = failure
        self.text = text


@dataclass(slots=True)
class Standing:
    """What a turn has learnt and used up with one provider; a switch starts it afresh (C11)."""

    backend: Backend | None
    max_tokens: int | None
    window: int | None
    compressions: int = 0

    def learn(self, limit: int | None) -> None:
        """Keep the smallest window that the provider named, unless the configuration states one."""
        configured = self.backend.context_length if self.backend else None
        if configured is None and limit is not None:
            self.window = limit if self.window is None else min(self.window, limit)

    def lower(self, max_tokens: int | None) -> None:
        """Ask for no more than that for the rest of the turn; a repeat's doubled output is not what is lowered."""
        if max_tokens is not None:
            self.max_tokens = max_tokens if self.max_tokens is None else min(self.max_tokens, max_tokens)


@dataclass(slots=True)
class Talk:
    """The turn's conversation; `pending` stands at its end for now and is not kept (a text that is being continued)."""

    kept: Conversation
    pending: tuple[Message, ...] = ()
    compressions: int = 0

    @property
    def whole(self) -> Conversation:
        """What a request is made of."""
        return self.kept + self.pending

    def shorten(self, target_tokens: int) -> bool:
        """Compress, if any message can be left out."""
        shorter = compression.compress(self.whole, target_tokens)
        if shorter is None:
            return False
        self.kept = replace(shorter, messages=shorter.messages[: len(shorter.messages) - len(self.pending)])
        self.compressions += 1
        return True

    def forget_reasoning(self) -> None:
        """Leave out what only the provider that made it may see; the account may be another at the same address."""
        self.kept = replace(self.kept, messages=_without_reasoning(self.kept.messages))
        self.pending = _without_reasoning(self.pending)


def _without_reasoning(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(replace(message, reasoning="", reasoning_items=()) for message in messages)


class Caller(Protocol):
    """What a model call needs of the agent."""

    config: Config
    interruption: Interruption
    display: Display

    @property
    def clock(self) -> Clock:
        """The clock that waits are made on."""

    @property
    def standing(self) -> Standing:
        """Where the turn stands with the provider that is asked now."""

    @property
    def can_switch(self) -> bool:
        """Whether the one shot is still there."""

    @property
    def can_renew(self) -> bool:
        """Whether the credential is one that can be renewed."""

    def jitter(self) -> float:
        """A share, 0 to 0.25."""

    def request(self, conversation: Conversation, max_tokens: int | None) -> Mapping[str, Any]:
        """The request to the present provider, built anew."""

    def attempt(self, state: recovery.State, talk: Talk, used: Used) -> None:
        """The next thing is a request: for whoever watches."""

    def ask(self, request: Mapping[str, Any]) -> object:
        """One attempt. Raises what the client raises, and Interrupted."""

    def read(self, response: object) -> Reply:
        """The answer in its one form."""

    def problem(self) -> Failure | None:
        """Why the present provider cannot even be asked."""

    def renew(self) -> bool:
        """Renew the credential."""

    def switch(self, reason: str, failure: Failure) -> None:
        """Take the one shot."""

    def keep(self) -> None:
        """Store the conversation after a compression."""


class ModelCall:
    """The attempts of one model call, in a turn that has `used` so much."""

    def __init__(self, caller: Caller, talk: Talk, max_tokens: int | None, used: Used) -> None:
        self._caller = caller
        self._talk = talk
        self._used = used
        self._begin(max_tokens)

    def answer(self) -> Reply:
        """The answer, judged usable. Raises TurnEnded and Interrupted."""
        while True:
            outcome = self._attempt()
            if isinstance(outcome, Reply):
                return outcome
            self._caller.display.withdraw()
            self._recover(outcome)

    def _begin(self, max_tokens: int | None) -> None:
        """Start with a provider: no failure, no wait, no renewal so far."""
        caller = self._caller
        self._first_attempt_s: float | None = None
        self._state = recovery.State(
            budget=caller.config.agent.api_max_retries,
            can_renew=caller.can_renew,
            can_compress=caller.config.compression.enabled,
            can_switch=caller.can_switch,
            compressions=caller.standing.compressions,
            max_tokens=max_tokens,
        )

    def _attempt(self) -> Reply | Failure:
        caller = self._caller
        problem = caller.problem()
        if problem is not None:
            return problem
        self._compress_ahead()
        if self._first_attempt_s is None:
            self._first_attempt_s = caller.clock.monotonic()
        asked = self._asked()
        request = caller.request(self._talk.whole, asked.max_tokens)
        caller.attempt(replace(self._state, elapsed_s=self._elapsed_s()), self._talk, self._used)
        try:
            response = caller.ask(request)
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001  # recognition is total: whatever the SDK's call raises is a failure
            return failures.from_exception(error, replace(asked, now_s=caller.clock.time()))
        reply = caller.read(response)
        return failures.judge(reply, asked) or self._unusable(reply) or reply

    def _asked(self) -> Asked:
        estimate = self._talk.whole.estimate
        return Asked(estimate, self._state.max_tokens, self._caller.standing.window, self._caller.clock.time())

    def _unusable(self, reply: Reply) -> Failure | None:
        """Section 3: once per turn the model is told of arguments that are no object; the next time is a failure."""
        judged = self._used.bad_arguments and reply.finish_reason != "length"  # a cut answer is asked for once more
        if judged and any(read_arguments(call.arguments) is None for call in reply.tool_calls):
            return Failure(FailureKind.INVALID_RESPONSE, "the arguments of a tool call are no JSON object, again")
        return None

    def _recover(self, failure: Failure) -> None:
        """Carry out what recovery decides; the caller asks again afterwards. An interrupt comes first (C17)."""
        self._caller.interruption.check()
        failure = recovery.reread(self._state, failure)
        self._caller.standing.learn(failure.limit_tokens)
        self._state = replace(self._state, elapsed_s=self._elapsed_s())
        action = recovery.decide(self._state, failure, self._caller.jitter())
        self._state = recovery.after(self._state, action)
        match action:
            case recovery.Wait(seconds):
                self._sleep(seconds)
            case recovery.Renew():
                self._renew(failure)
            case recovery.LowerOutput(max_tokens):
                self._caller.standing.lower(max_tokens)
            case recovery.Compress(max_tokens):
                self._compress(failure, max_tokens)
            case recovery.Switch(reason):
                self._caller.switch(reason, failure)
                self._begin(self._caller.standing.max_tokens)
            case recovery.Stop(outcome):
                raise TurnEnded(outcome, failure, failure.message)

    def _elapsed_s(self) -> float:
        return 0.0 if self._first_attempt_s is None else self._caller.clock.monotonic() - self._first_attempt_s

    def _sleep(self, seconds: float) -> None:
        self._caller.clock.sleep(seconds, self._caller.interruption.event)
        self._caller.interruption.check()

    def _renew(self, failure: Failure) -> None:
        """After a renewal that was refused, or that took until the call's time was up, the 401 is decided anew."""
        renewed = self._caller.renew()
        if not renewed or self._elapsed_s() > recovery.CALL_LIMIT_S:
            self._recover(failure)

    def _compress(self, failure: Failure, max_tokens: int | None) -> None:
        if not self._shorten():
            raise TurnEnded(Outcome.PARTIAL, failure, failure.message)
        self._caller.standing.lower(max_tokens)
        self._sleep(recovery.COMPRESSION_PAUSE_S)

    def _compress_ahead(self) -> None:
        """C15: ahead of a request that would not fit; what cannot be made smaller is sent as it is."""
        window, config = self._caller.standing.window, self._caller.config.compression
        if window is None or self._talk.whole.estimate <= config.threshold * window:
            return
        action = recovery.ahead(replace(self._state, elapsed_s=self._elapsed_s()))
        if action is not None and self._shorten():
            self._state = recovery.after(self._state, action)

    def _shorten(self) -> bool:
        caller = self._caller
        threshold = caller.config.compression.threshold
        target = compression.target(self._talk.whole.estimate, caller.standing.window, threshold)
        shortened = self._talk.shorten(target)
        if shortened:
            caller.standing.compressions += 1
            caller.keep()
        return shortened
