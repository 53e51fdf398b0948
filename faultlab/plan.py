"""What an upstream has before it, and what somebody tells it to have instead. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from faultlab.cassette import Replay
from faultlab.limits import Limits
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script

__all__ = ["Instructions", "Plan"]


class Plan(NamedTuple):
    """What one upstream says, what goes wrong there, and what it allows. A script may be shared with others.

    With a `replay` it answers from a cassette, and the script says nothing.
    """

    script: Script
    schedule: Schedule
    limits: Limits
    replay: Replay | None = None

    def rewind(self) -> None:
        """From the beginning, as if nothing had been said or used up."""
        self.script.rewind()
        self.schedule.rewind()
        if self.replay:
            self.replay.rewind()

    @property
    def answers_left(self) -> int | None:
        """How many there are; None: without end."""
        if self.replay:
            return len(self.replay.left)
        return None if self.script.is_endless else len(self.script.left)


@dataclass(frozen=True, slots=True)
class Instructions:
    """What is to be from now on, by the names of upstreams; what is not named stays as it is.

    `says_together` are answers that all of them share, in order, whoever is asked.
    """

    says_together: tuple[Reply, ...] | None = None
    says: Mapping[str, tuple[Reply, ...]] = field(default_factory=dict)
    faults: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)

    def change(self, plans: Mapping[str, Plan]) -> dict[str, Plan]:
        """The same plans with what is new; what stays keeps the place that it has come to."""
        together = None if self.says_together is None else Script(self.says_together)
        return {name: self._changed(name, plan, together) for name, plan in plans.items()}

    def _changed(self, name: str, plan: Plan, together: Script | None) -> Plan:
        script = Script(self.says[name]) if name in self.says else together
        schedule = Schedule(self.faults[name]) if name in self.faults else plan.schedule
        replay = plan.replay if script is None else None
        return Plan(script or plan.script, schedule, self.limits.get(name, plan.limits), replay)
