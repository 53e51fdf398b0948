"""Runs a scenario: plays it against its target, judges the trace. A fault of the harness is an error, not a verdict.

Targets are found by name and imported only here; nothing that judges is seen by what runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from faultlab.calls import Attempt
from faultlab.dialogue import Dialogue
from faultlab.errors import FaultlabError
from faultlab.expectations import History, judge
from faultlab.invariants import Case, violated
from faultlab.lab import Lab
from faultlab.loader import Loader
from faultlab.model import Model
from faultlab.own_config import Finding, OwnConfig
from faultlab.policy import Policy, Problem
from faultlab.scenario import CallableTarget, CommandTarget, HermesTarget, Scenario, SdkTarget
from faultlab.signs import never_reached, not_as_planned
from faultlab.targets.base import Played, Player, Situated, lab_for
from faultlab.trace import Trace
from faultlab.verdict import Verdict, Violation

__all__ = [
    "OUT_OF_MEMORY",
    "Run",
    "check_config",
    "load",
    "loader",
    "model_of",
    "own_config",
    "read_config",
    "run",
    "run_fully",
]

_TARGETS: Final[dict[type, str]] = {
    HermesTarget: "faultlab.targets.hermes",
    SdkTarget: "faultlab.targets.sdk",
    CallableTarget: "faultlab.targets.callable",
    CommandTarget: "faultlab.targets.command",
}

OUT_OF_MEMORY: Final = "it took all the memory that there is for it"


@dataclass(frozen=True, slots=True)
class Run:
    """A scenario that ran: its verdict, and the trace that it is about (an empty one if it could not be played).

    `before` is the conversation before the first turn; `secrets` must stand in no report. `situations` are what the
    target told of itself before each request for an answer, `attempts` the requests as they were judged (None: they
    were not).
    """

    scenario: Scenario
    verdict: Verdict
    trace: Trace = field(default_factory=Trace)
    before: Dialogue = field(default_factory=Dialogue)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    situations: tuple[Situated, ...] = ()
    attempts: tuple[Attempt, ...] | None = field(default=None, repr=False)


def loader(overlay: str | Path | None = None) -> Loader:
    """A loader that has the agent's configuration read by the agent's own reader."""
    return Loader(read_config, overlay)


def load(path: str | Path) -> list[Scenario]:
    """The scenarios of a file, or of every file below a folder. Raises ScenarioError."""
    return loader().load(path)


def run(scenario: Scenario) -> Verdict:
    """Run one scenario to a verdict, in virtual time wherever what is tested can be given it."""
    return run_fully(scenario).verdict


def run_fully(scenario: Scenario, lab: Lab | None = None) -> Run:
    """The same, with the trace, for whoever has to explain the verdict. `lab` None: it is played in a fresh one."""
    try:
        played = _play(scenario)(scenario, lab_for(scenario, lab))
        history = History(played.lab.trace, scenario.policy, played.before)
        verdict, trace = _judged(scenario, played, history), played.lab.trace
    except FaultlabError as error:
        return Run(scenario, Verdict(trouble=str(error)))
    except MemoryError:
        return Run(scenario, Verdict(trouble=OUT_OF_MEMORY))
    except Exception as error:  # noqa: BLE001  # a fault of the harness must end one scenario, not the run
        return Run(scenario, Verdict(trouble=_own_fault(error)))
    return Run(scenario, verdict, trace, played.before, played.lab.stage.secrets, played.situations, history.attempts)


def check_config(path: str | Path) -> tuple[Finding, ...]:
    """What the agent says of a config.yaml of its own. Raises ScenarioError if it cannot be used."""
    found: tuple[Finding, ...] = _own_config().findings(Path(path))
    return found


def own_config(path: str | Path, entry: str) -> OwnConfig:
    """A config.yaml as a healthy scenario, with made-up keys only. Raises ScenarioError if it cannot be used."""
    found: OwnConfig = _own_config().read_own(Path(path), entry)
    return found


def _own_config() -> Any:
    return importlib.import_module(f"{_TARGETS[HermesTarget]}.own_config")


def model_of(scenario: Scenario) -> Model[Any]:
    """The decisions of the agent alone, with this scenario's configuration."""
    made: Model[Any] = importlib.import_module(f"{_TARGETS[HermesTarget]}.model").model_of(scenario)
    return made


def read_config(*given: Any) -> Policy | Problem:
    """What the agent makes of the text of a config.yaml, with these variables and renewals.

    Its reader is imported only when the first scenario is read: collecting none costs nothing.
    """
    found: Policy | Problem = importlib.import_module(f"{_TARGETS[HermesTarget]}.policy").read_policy(*given)
    return found


def _play(scenario: Scenario) -> Player:
    found: Player = importlib.import_module(_TARGETS[type(scenario.target)]).play
    return found


def _own_fault(error: Exception) -> str:
    return f"faultlab itself failed, please report it: {type(error).__name__}: {error}"


def _judged(scenario: Scenario, played: Played, history: History) -> Verdict:
    if played.lab.refused:
        return Verdict(trouble=_asked_elsewhere(scenario, played.lab.refused[0]))
    found = [judge(expectation, history) for expectation in scenario.expectations]
    secrets = played.lab.stage.secrets
    breaches = violated(Case(history, secrets, played.leftovers), played.held_to)
    violations = tuple(sorted((*filter(None, found), *breaches), key=_first))
    return Verdict(violations, tuple(_signs(played)))


def _asked_elsewhere(scenario: Scenario, url: str) -> str:
    told = f"the target asked for {url}, and no upstream stands for that host"
    if not isinstance(scenario.target, CommandTarget):
        return told
    return f"{told}; to let it through, `allow: [{urlsplit(url).netloc!r}]` beside `command`"


def _first(violation: Violation) -> tuple[float, float]:
    """What went wrong earliest explains the rest."""
    return violation.turn or float("inf"), violation.step or float("inf")


def _signs(played: Played) -> Iterator[str]:
    """What was planned and did not come about, each with what to do about it."""
    yield from not_as_planned(played.lab.trace)
    for name, left in played.lab.unreached():
        yield never_reached(name, left)
