"""How one turn is conducted: who asks, renews, switches, counts and tells; and the result, whatever happens (C16).

The agent lends its means; everything here lasts one turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hermes_agent.api_modes import API_MODES
from hermes_agent.api_modes.base import ApiMode, backend_name
from hermes_agent.config import Config
from hermes_agent.display import Display
from hermes_agent.errors import Interrupted
from hermes_agent.history import with_closed_calls
from hermes_agent.interruption import Interruption
from hermes_agent.line import Line
from hermes_agent.messages import (
    Conversation,
    Failure,
    FailureKind,
    Message,
    Outcome,
    Reply,
    Switch,
    TurnResult,
)
from hermes_agent.model_call import Standing, Talk, TurnEnded
from hermes_agent.recovery import State
from hermes_agent.redaction import one_line
from hermes_agent.results import described, switch_notice
from hermes_agent.runtime import Clock
from hermes_agent.situation import Situation, Used
from hermes_agent.tools import Tool
from hermes_agent.turn import run_turn

__all__ = ["Conduct", "Means"]


@dataclass(frozen=True, slots=True)
class Means:
    """What the agent lends to a turn.

    `begin` reads the conversation that the turn is about, `persist` is handed all its messages when there are new ones.
    """

    session_id: str
    config: Config
    line: Line
    clock: Clock
    random: Callable[[], float]
    interruption: Interruption
    display: Display
    tools: Mapping[str, Tool]
    tool_definitions: Sequence[Mapping[str, Any]]
    begin: Callable[[], Conversation]
    ask: Callable[[Mapping[str, Any]], object]
    renew: Callable[[], bool]
    persist: Callable[[Sequence[Message]], None]
    keep_switch: Callable[[Switch], None]
    drop_client: Callable[[], None]
    notify: Callable[[str], None]
    on_attempt: Callable[[Situation], None]


@dataclass(slots=True)
class _Tally:
    """What the result tells of the turn's way."""

    api_calls: int = 0
    switch: Switch | None = None
    notices: list[str] = field(default_factory=list)


class Conduct:
    """One turn, as `turn` and `model_call` see it."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._talk = Talk(Conversation(""))
        self._tally = _Tally()
        self.config = means.config
        self.interruption = means.interruption
        self.display = means.display
        self.tools = means.tools
        self.clock = means.clock
        self.standing = self._afresh()

    def result(self) -> TurnResult:
        """Run the turn to its end; an exception of our own making is a result too."""
        try:
            return self._ended(Outcome.COMPLETED, reply=self._run())
        except TurnEnded as end:
            return self._ended(end.outcome, end.failure, str(end), end.text)
        except (Interrupted, KeyboardInterrupt):
            return self._ended(Outcome.INTERRUPTED)
        except Exception as error:  # noqa: BLE001  # C16: a turn never raises
            fault = Failure(FailureKind.INTERNAL, one_line(f"{type(error).__name__}: {error}"))
            return self._ended(Outcome.FAILED, fault, fault.message)

    def _run(self) -> str:
        """The answer. However the turn ends, no tool call stays open (C17), and nothing shown that is not kept."""
        self._talk.kept = self._means.begin()
        self.keep()
        try:
            return run_turn(self, self._talk)
        finally:
            self._talk.kept = replace(self._talk.kept, messages=with_closed_calls(self._talk.kept.messages))
            self.keep()
            self.display.end()

    @property
    def can_switch(self) -> bool:
        """Whether the one shot is still there."""
        return self._means.line.can_switch

    @property
    def can_renew(self) -> bool:
        """Whether the present credential can be renewed."""
        backend = self._means.line.backend
        return backend is not None and backend.renewable

    @property
    def made_by(self) -> str:
        """The name of the present backend, for reasoning that may only go back there."""
        return backend_name(self._means.line.asked)

    def jitter(self) -> float:
        """C2: up to a quarter more, so that many clients do not come back at once."""
        return 0.25 * self._means.random()

    def problem(self) -> Failure | None:
        """Why the present provider cannot even be asked (C14)."""
        return self._means.line.problem

    def request(self, conversation: Conversation, max_tokens: int | None) -> Mapping[str, Any]:
        """The request, built anew for who is asked now (C11)."""
        means, streamed = self._means, self.config.display.streaming
        return self._mode.request(conversation, means.line.asked, means.tool_definitions, max_tokens, streamed=streamed)

    def attempt(self, state: State, talk: Talk, used: Used) -> None:
        """Tell where the turn stands."""
        line, standing, pending = self._means.line, self.standing, len(talk.pending)
        asked = line.asked
        found = Situation(
            asked.provider,
            asked.model,
            line.switched is not None,
            state,
            used,
            standing.max_tokens,
            standing.window,
            self.config.compression.threshold,
            self.config.agent.max_turns,
            talk.whole,
            pending,
        )
        self._means.on_attempt(found)

    def ask(self, request: Mapping[str, Any]) -> object:
        """One attempt."""
        self.interruption.check()
        self._tally.api_calls += 1
        return self._means.ask(request)

    def read(self, response: object) -> Reply:
        """The answer in its one form."""
        return self._mode.read(response)

    def renew(self) -> bool:
        """Renew the present credential."""
        return self._means.renew()

    def switch(self, reason: str, failure: Failure) -> None:
        """The one shot: stored before the fallback is asked for the first time (C10), told to the user in one line."""
        means, left = self._means, self._means.line.backend
        means.drop_client()
        self.display.leave()
        switch = means.line.switch(reason, self._tally.api_calls, failure, means.keep_switch)
        self._tally.switch = switch
        self.standing = self._afresh()
        self._talk.forget_reasoning()
        self._notify(switch_notice(switch, left))

    def keep(self) -> None:
        """Store what the conversation holds by now."""
        self._means.persist(self._talk.kept.messages)

    @property
    def _mode(self) -> ApiMode:
        return API_MODES[self._means.line.asked.api_mode]

    def _afresh(self) -> Standing:
        backend = self._means.line.backend
        if backend is None:
            return Standing(None, None, None)
        return Standing(backend, backend.max_tokens, backend.context_length)

    def _notify(self, notice: str) -> None:
        self._tally.notices.append(notice)
        self._means.notify(notice)

    def _ended(self, outcome: Outcome, failure: Failure | None = None, detail: str = "", reply: str = "") -> TurnResult:
        line, tally = self._means.line, self._tally
        kind = failure.kind if failure else None
        provider, model = self._with_whom()
        result = TurnResult(
            self._means.session_id,
            outcome,
            final_response=reply,
            reply=reply,
            messages=self._talk.kept.messages,
            api_calls=tally.api_calls,
            failure=kind,
            primary_failure=line.switched.failure if line.switched else None,
            switch=tally.switch,
            # A failed turn is one that would have switched, unless the fault was our own.
            refused=line.refused if outcome is Outcome.FAILED and kind is not FailureKind.INTERNAL else None,
            provider=provider,
            model=model,
            compressions=self._talk.compressions,
            notices=tuple(tally.notices),
        )
        return described(result, detail)

    def _with_whom(self) -> tuple[str, str]:
        """Provider and model that the session is with now, also when they cannot be asked."""
        line = self._means.line
        whom = line.backend or line.switched or self.config.model
        return whom.provider, whom.model
