"""The ways into the agent, each driven as its user would: a call, a command line, a job, a chat's lines.

An entrance tells what it showed; what the agent itself says of the turn comes another way (`Runtime.on_result`).
"""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final, Protocol

from faultlab.clock import VirtualClock
from faultlab.scenario import TurnPlan
from faultlab.targets.base import Telling
from faultlab.targets.hermes.control_c import ControlC
from hermes_agent.gateway.config import Platform
from hermes_agent.gateway.session import SessionSource
from hermes_agent.messages import Message
from hermes_agent.runtime import Runtime
from hermes_agent.sessions import SessionStore

__all__ = ["ENTRANCES", "Entrance", "Outside"]


@dataclass(frozen=True, slots=True)
class Outside:
    """What every entrance is given: the agent's outside, the clock, and the conversation before the first turn.

    `session_ids` tells by a session's name in the scenario what the agent calls it; told by the first turn's result.
    """

    runtime: Runtime
    clock: VirtualClock
    past: tuple[Message, ...] = ()
    session_ids: dict[str, str] = field(default_factory=dict)
    control_c: ControlC = field(default_factory=ControlC)

    def first_of(self, session: str) -> bool:
        """Whether this session begins; its past is stored then, where there is one."""
        if session in self.session_ids:
            return False
        if self.past:
            with SessionStore(self.runtime.home) as store:
                store.replace(session, self.past)
            self.session_ids[session] = session
        return True


class Entrance(Protocol):
    """One way in."""

    def turn(self, plan: TurnPlan, told: Telling) -> None:
        """Play one turn, and tell what its user saw."""

    def close(self) -> None:
        """The process ends."""


class _Screen(io.StringIO):
    """What a user saw at a terminal, in the order in which it came."""

    def isatty(self) -> bool:
        """A terminal is shown an answer as it comes; anything else would get it when it is whole."""
        return True

    def clear(self) -> None:
        """Nothing of it is left."""
        self.seek(0)
        self.truncate()

    def line(self, text: str) -> None:
        """A text on lines of its own."""
        self.end_line()
        self.write(f"{text}\n")

    def withdrawn(self, _text: str) -> None:
        """The mark that what came last holds no longer."""
        self.line("[withdrawn]")

    def end_line(self) -> None:
        """What comes next begins on a new line."""
        shown = self.getvalue()
        if shown and not shown.endswith("\n"):
            self.write("\n")


class _Agent:
    """`AIAgent.run_conversation`, one agent for each session; a resumed session gets a new one."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._agents: dict[str, Any] = {}
        self._screen = _Screen()

    def turn(self, plan: TurnPlan, told: Telling) -> None:
        agent = self._agent(plan)
        self._screen.clear()
        with _interrupted(self._outside.clock, plan, agent.interrupt):
            result = agent.run_conversation(plan.user)
        self._screen.line(str(result["final_response"]))
        told.shown = self._screen.getvalue()

    def close(self) -> None:
        for agent in self._agents.values():
            agent.close()

    def _agent(self, plan: TurnPlan) -> Any:
        self._outside.first_of(plan.session)
        if plan.resume and plan.session in self._agents:
            self._agents.pop(plan.session).close()
        if plan.session not in self._agents:
            made = importlib.import_module("hermes_agent.run_agent").AIAgent
            screen = self._screen
            listeners = {"on_notice": screen.line, "on_delta": screen.write, "on_withdrawn": screen.withdrawn}
            options = {"session_id": plan.session, **listeners}
            self._agents[plan.session] = made(runtime=self._outside.runtime, **options)
        return self._agents[plan.session]


class _CommandLine:
    """`hermes_agent.cli.main`, a process for each turn."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def turn(self, plan: TurnPlan, told: Telling) -> None:
        self._outside.first_of(plan.session)
        known = self._outside.session_ids.get(plan.session)
        argv = [*(("--resume", known) if known is not None else ()), "--", plan.user]
        main = importlib.import_module("hermes_agent.cli").main
        runtime, screen = self._outside.runtime, _Screen()
        with _interrupted(self._outside.clock, plan, self._outside.control_c.press):
            told.exit_code = main(argv, runtime=runtime, stdin=io.StringIO(), stdout=screen, stderr=screen)
        told.shown = screen.getvalue()

    def close(self) -> None:
        """Each process has ended with its turn."""


class _Cron:
    """`run_job`, a session of its own."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def turn(self, plan: TurnPlan, told: Telling) -> None:
        job = {"id": "job-1", "name": "Scenario", "prompt": plan.user}
        run_job = importlib.import_module("hermes_agent.cron.scheduler").run_job
        with _interrupted(self._outside.clock, plan, self._outside.control_c.press):
            _, document, text, error = run_job(job, runtime=self._outside.runtime)
        told.shown = "\n".join((document, text, error or ""))

    def close(self) -> None:
        """The job has ended with its turn."""


class _Gateway:
    """`GatewayRunner.serve`, a chat for each session; a resumed one meets a new runner."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._runner: Any = None

    def turn(self, plan: TurnPlan, told: Telling) -> None:
        if self._outside.first_of(plan.session) and self._outside.past:
            with SessionStore(self._outside.runtime.home) as store:
                store.begin(SessionSource(Platform.LOCAL, plan.session).key, plan.session)
        if self._runner is None or plan.resume:
            made = importlib.import_module("hermes_agent.gateway.run").GatewayRunner
            self._runner = made(runtime=self._outside.runtime)
        lines = _Lines(plan)
        with _interrupted(self._outside.clock, plan, lambda: lines.say("/stop")):
            self._runner.serve(lines, lines)
        told.shown = lines.shown

    def close(self) -> None:
        """What a runner keeps is in the store."""


class _Lines:
    """A chat's two streams: what its user says, until the answer is there, and what its user is told."""

    def __init__(self, plan: TurnPlan) -> None:
        self._chat_id = plan.session
        self._said: SimpleQueue[str | None] = SimpleQueue()
        self._screen = _Screen()
        self.say(plan.user)

    @property
    def shown(self) -> str:
        """All that the user was told: an answer's pieces as they came, then the whole of it."""
        return self._screen.getvalue()

    def say(self, text: str) -> None:
        """One line of the user's."""
        self._said.put(json.dumps({"chat_id": self._chat_id, "text": text}))

    def __iter__(self) -> Iterator[str]:
        while (line := self._said.get()) is not None:
            yield line

    def write(self, line: str) -> int:
        """One line of the gateway's; an answer or an error ends the turn."""
        told = json.loads(line)
        kind, text = told.get("kind"), str(told.get("text", ""))
        if kind == "delta":
            self._screen.write(text)
        elif kind == "withdrawn":
            self._screen.withdrawn(text)
        else:
            self._screen.line(text)
            if kind != "notice":
                self._said.put(None)
        return len(line)

    def flush(self) -> None:
        """Nothing is held back."""


@contextmanager
def _interrupted(clock: VirtualClock, plan: TurnPlan, interrupt: Callable[[], object]) -> Iterator[None]:
    """Meanwhile: call `interrupt` when the turn has gone on for as long as its plan says."""
    after_s = plan.interrupt_after_s
    cancel = None if after_s is None else clock.at(clock.now_s + after_s, interrupt)
    try:
        yield
    finally:
        if cancel is not None:
            cancel()


ENTRANCES: Final[dict[str, Callable[[Outside], Entrance]]] = {
    "agent": _Agent,
    "cli": _CommandLine,
    "cron": _Cron,
    "gateway": _Gateway,
}
