"""The rules of a policy file as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from faultlab.verdict import Place

__all__ = [
    "FIRST_ANSWERS",
    "NO_FAILURE",
    "Budget",
    "Compression",
    "Pieces",
    "Row",
    "Rules",
    "Texts",
    "Timeouts",
    "Waits",
]

FIRST_ANSWERS: Final = ("retry", "renew", "switch", "compress", "lower")
"""What may be done first about a failure."""

NO_FAILURE: Final = "no_failure"
"""The row that a turn without a failure is held to."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a policy: what is to come of a failure kind, or of a fault by its own name.

    `first` None: how it goes about it is its own business. `reason` is that of the switch, `after_calls` how many
    requests the primary gets first (None: any number), `never` that nothing of this kind ever switches. `ends` is the
    outcome where nobody is left to switch to. `halves_output` goes with `compress`. `told` is how a user is told of
    it, `line` its place in the file.
    """

    name: str
    first: str | None = None
    reason: str | None = None
    after_calls: int | None = None
    never: bool = False
    ends: str = "failed"
    halves_output: bool = False
    told: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Budget:
    """Attempts for each provider and model call, passes of the tool loop, seconds that a call may go on."""

    attempts: int = 6
    passes: int = 90
    call_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Waits:
    """After failed attempt n: `first_s` by `factor` to the n-1, at most `longest_s`; stated ones up to `stated_s`."""

    first_s: float = 2.0
    factor: float = 2.0
    longest_s: float = 60.0
    stated_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Compression:
    """How often in a turn and on a provider, the pause then, how many messages stay at either end, and from when on."""

    most: int = 3
    pause_s: float = 2.0
    first: int = 3
    last: int = 4
    threshold: float = 0.85


@dataclass(frozen=True, slots=True)
class Pieces:
    """How often in a turn a cut answer is gone on with, asked for once more, and bad arguments are told of."""

    continuations: int = 2
    repeats: int = 1
    bad_arguments: int = 1


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a connection, a byte and a renewal are waited for."""

    connect_s: float = 10.0
    read_s: float = 120.0
    renewal_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Texts:
    """What the agent itself says in a conversation, where its length counts or its place is looked at."""

    system_prompt: str = ""
    marker: str = ""
    go_on: str = ""
    unknown_tool: str = ""
    not_run: str = ""
    tool_failed: str = ""
    interrupted: str = ""
    switched: str = ""
    unaskable: str = ""
    withdrawn: str = ""
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a policy file says. `name` is what reports call it, `file` where it stands.

    `exit_codes` are (outcome, code), `output_limits` (provider, its name of the parameter where it has another one).
    `knows_the_agent`: the whole ladder is there, so that a run can be foretold.
    """

    name: str
    file: str = ""
    rows: tuple[Row, ...] = ()
    budget: Budget = field(default_factory=Budget)
    waits: Waits = field(default_factory=Waits)
    compression: Compression = field(default_factory=Compression)
    pieces: Pieces = field(default_factory=Pieces)
    timeouts: Timeouts = field(default_factory=Timeouts)
    texts: Texts = field(default_factory=Texts)
    exit_codes: tuple[tuple[str, int], ...] = ()
    output_limits: tuple[tuple[str, str], ...] = ()

    @property
    def knows_the_agent(self) -> bool:
        """Whether it says of every failure what comes first."""
        return bool(self.rows) and all(row.first or row.name == NO_FAILURE for row in self.rows)

    def row(self, *names: str) -> Row | None:
        """The line of the first of these names that has one."""
        found = (row for name in names for row in self.rows if row.name == name)
        return next(found, None)

    def place(self, name: str) -> Place:
        """Where the line of this name stands; the column tells rows apart that came from another file."""
        at = next((at for at, row in enumerate(self.rows) if row.name == name), 0)
        return Place(self.file, self.rows[at].line, at + 1)

    def row_at(self, place: Place | None) -> Row | None:
        """The line that stands there."""
        if place is None or place.file != self.file or not 1 <= place.column <= len(self.rows):
            return None
        return self.rows[place.column - 1]
