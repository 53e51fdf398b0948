"""Somebody's program, in whatever language, as the thing under test: a process for each turn, over real sockets.

Its answer is what it says on standard output. Time is the machine's own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from faultlab.adapters.dead_end import dead_end
from faultlab.errors import HarnessError
from faultlab.invariants import ON_THE_WIRE
from faultlab.lab import Lab
from faultlab.scenario import CommandTarget, Scenario, TurnPlan
from faultlab.targets.base import Played, Telling, played
from faultlab.targets.command.child import Ended, run
from faultlab.targets.command.environment import variables
from faultlab.targets.command.home import fresh_home, leftovers
from faultlab.trace import TurnEnd

__all__ = ["play"]

_SHOWN: Final = 2000
"""Characters of the end of standard error that a report shows."""


def play(scenario: Scenario, lab: Lab) -> Played:
    """Each turn is one run of the program, in the environment that leads it to the lab's upstreams."""
    target = scenario.target
    if not isinstance(target, CommandTarget):
        raise HarnessError(f"target command was handed a scenario for {target}")
    with lab.serve(), dead_end(lab.refused) as proxy, fresh_home(scenario, lab) as home:
        environ = variables(scenario, lab, home, proxy, target.allow)
        for plan in scenario.turns:
            with played(lab, plan) as told:
                ended = run(
                    _argv(target, plan, scenario.place.file),
                    environ,
                    "" if _takes_an_argument(target) else f"{plan.user}\n",
                    target.timeout_s,
                    lambda: lab.stage.is_exhausted,
                )
                _tell(ended, told)
        return Played(lab, ON_THE_WIRE, leftovers=leftovers(home))


def _takes_an_argument(target: CommandTarget) -> bool:
    return any("{user}" in part for part in target.argv)


def _argv(target: CommandTarget, plan: TurnPlan, file: str) -> list[str]:
    """The command as it is run; a user's own braces stay what they are."""
    parts = [part.replace("{python}", sys.executable) for part in target.argv]
    parts = [part.replace("{folder}", str(Path(file).resolve().parent)) for part in parts]
    return [part.replace("{user}", plan.user) for part in parts]


def _tell(ended: Ended, told: Telling) -> None:
    told.exit_code = ended.exit_code
    told.shown = ended.stdout + ended.stderr
    why = ended.why or (f"exit code {ended.exit_code}" if ended.exit_code else "")
    error = "; standard error: ".join(filter(None, (why, ended.stderr.strip()[-_SHOWN:])))
    outcome = "failed" if why else "completed"
    told.end = TurnEnd(outcome, reply=ended.stdout.rstrip("\r\n"), error=error or None, stopped=ended.stopped)
