"""A scenario: what a healthy model says, what goes wrong, what must hold, and what is under test. Frozen values.

After loading there is no invalid one. Who reads the file and who runs it is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from faultlab.cassette import MATCHED_BY_DEFAULT
from faultlab.expectations import Expectation
from faultlab.limits import Limits
from faultlab.policy import Policy
from faultlab.schedule import Entry
from faultlab.script import Reply
from faultlab.verdict import Place

__all__ = [
    "ENTRIES",
    "CallableTarget",
    "CommandTarget",
    "DrawnHistory",
    "FromCassette",
    "HermesTarget",
    "HistoryMessage",
    "Scenario",
    "ScriptedTool",
    "SdkTarget",
    "Side",
    "Target",
    "ToolOutput",
    "TurnPlan",
]

ENTRIES = ("agent", "cli", "cron", "gateway")
"""The ways into the agent."""


@dataclass(frozen=True, slots=True)
class Side:
    """One provider's part: what goes wrong there, which limits it has, what renewing a credential does.

    `refresh` None: as the provider is when nothing is said.
    """

    faults: tuple[Entry, ...] = ()
    limits: Limits | None = None
    refresh: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What one run of a scripted tool gives: a text, or an error's text."""

    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class ScriptedTool:
    """A tool that runs nothing: its outputs in order, the last one staying."""

    name: str
    outputs: tuple[ToolOutput, ...]


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """One message from before the first turn; calls are (id, name, arguments)."""

    role: str
    text: str = ""
    tool_calls: tuple[tuple[str, str, str], ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class DrawnHistory:
    """A conversation from before the first turn, to be made from the seed."""

    messages: int
    tokens: int


@dataclass(frozen=True, slots=True)
class FromCassette:
    """A file of recorded traffic that answers, whoever is asked; `shown` is how sentences call it."""

    path: str
    shown: str
    match_on: tuple[str, ...] = MATCHED_BY_DEFAULT


@dataclass(frozen=True, slots=True)
class HermesTarget:
    """The agent of this project, by one of its entrances."""

    entry: str = "agent"


@dataclass(frozen=True, slots=True)
class SdkTarget:
    """The real openai client by itself."""

    call: str = "chat"
    stream: bool = False
    is_async: bool = False
    max_retries: int = 2


@dataclass(frozen=True, slots=True)
class CallableTarget:
    """Somebody's function `(lab, user) -> str`, as `package.module:function`. Past the lab it reaches `allow` only."""

    path: str
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """Somebody's program, a process for each turn. Longer than `timeout_s` none may take; `allow` as of a function."""

    argv: tuple[str, ...]
    timeout_s: float = 60.0
    allow: tuple[str, ...] = ()


Target = HermesTarget | SdkTarget | CallableTarget | CommandTarget


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """What the user says, in which session, and what happens to the process meanwhile."""

    user: str
    session: str = "main"
    resume: bool = False
    interrupt_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, ready to run.

    `id` tells it from the others of its file. `config` is the text that stands in the agent's config.yaml, `policy` how
    the agent's own reader understands it. `env` holds (name, value); None: not set.
    """

    id: str
    name: str
    place: Place
    turns: tuple[TurnPlan, ...]
    expectations: tuple[Expectation, ...]
    policy: Policy
    config: str
    clauses: tuple[str, ...] = ()
    why: str = ""
    env: tuple[tuple[str, str | None], ...] = ()
    says: tuple[Reply, ...] = ()
    cassette: FromCassette | None = None
    primary: Side = field(default_factory=Side)
    fallback: Side = field(default_factory=Side)
    history: tuple[HistoryMessage, ...] | DrawnHistory = ()
    tools: tuple[ScriptedTool, ...] = ()
    target: Target = field(default_factory=HermesTarget)
    seed: int = 0

    @property
    def node_id(self) -> str:
        """How pytest and the command line name this one alone."""
        return f"{self.place.file}::{self.id}"

    @property
    def entries(self) -> int:
        """How many entries of faults it plans; a healthy answer is none."""
        return sum(bool(entry.faults) for side in (self.primary, self.fallback) for entry in side.faults)
