"""What a campaign is about: a target with the configuration that it has, healthy, and what can be read off that alone.

How a user's own configuration is read is a target's business; who breaks what it names is not known here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from faultlab.errors import ScenarioError
from faultlab.loader import is_agent_config
from faultlab.own_config import Finding
from faultlab.policies import Rules, hermes_rules
from faultlab.runner import load, own_config
from faultlab.scenario import HermesTarget, Scenario, Side

__all__ = ["Finding", "Subject", "subject_of"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A healthy scenario to break: no faults, no expectations, only made-up keys.

    `shown` is the file as its user named it, `digest` of all that was read from it and beside it and is used, so that a
    later look tells whether it changed. `rules` None: only the invariants are held.
    """

    shown: str
    healthy: Scenario
    findings: tuple[Finding, ...] = ()
    digest: str = ""
    rules: Rules | None = None


def subject_of(path: str | Path, *, entry: str = "agent", rules: Rules | None = None) -> Subject:
    """What stands in this file: an agent's config.yaml (or the folder that holds one), or a scenario, healthy.

    `file::name` means one of several scenarios, `entry` the entrance of an agent. Of a scenario its faults, limits,
    interrupts and expectations are left out. `rules` None: those of the agent's contract, where it is the agent. Raises
    ScenarioError if the file cannot be used.
    """
    shown = str(path)
    file, _, name = shown.partition("::")
    if Path(file).is_dir():
        file = str(Path(file) / "config.yaml")
    if not name and is_agent_config(Path(file)):
        own = own_config(file, entry)
        healthy, findings = own.healthy, own.findings
    else:
        healthy, findings = _healthy(_chosen(load(file), file, name), entry), ()
    if rules is None and isinstance(healthy.target, HermesTarget):
        rules = hermes_rules()
    return Subject(shown, healthy, findings, _digest(file, healthy, findings, rules), rules)


def _chosen(scenarios: list[Scenario], file: str, name: str) -> Scenario:
    chosen = [scenario for scenario in scenarios if name in ("", scenario.id)]
    if len(chosen) != 1:
        found = f"no scenario called {name!r:.60}" if name else f"{len(scenarios)} scenarios, and one is to be chosen"
        raise ScenarioError(found, path=file, allowed=[f"{file}::{each.id}" for each in scenarios])
    return chosen[0]


def _healthy(scenario: Scenario, entry: str) -> Scenario:
    """The same without anything that goes wrong."""
    target = HermesTarget(entry) if scenario.target == HermesTarget() else scenario.target
    return replace(
        scenario,
        turns=tuple(replace(turn, interrupt_after_s=None) for turn in scenario.turns),
        expectations=(),
        clauses=(),
        primary=Side(refresh=scenario.primary.refresh),
        fallback=Side(refresh=scenario.fallback.refresh),
        target=target,
    )


def _digest(file: str, healthy: Scenario, *others: object) -> str:
    """Of what is used, in which no real credential is: a digest of the file itself would be one of its keys too.

    By which path the file was named makes no difference.
    """
    used = repr((healthy, others)).replace(repr(file), "here").encode("utf-8", "backslashreplace")
    recorded = Path(healthy.cassette.path).read_bytes() if healthy.cassette else b""
    return hashlib.sha256(used + recorded).hexdigest()
