"""What a run must come to, worked out from the scenario and the policy alone: never from a trace or from the agent."""

from __future__ import annotations

from dataclasses import replace

from faultlab.expectations import Expectation
from faultlab.foretelling.course import accounts_of, reaches_all
from faultlab.foretelling.others import told_of_others
from faultlab.foretelling.setting import Unforeseen, setting_of
from faultlab.foretelling.telling import told
from faultlab.policies import Rules
from faultlab.scenario import HermesTarget, Scenario

__all__ = ["foretell", "foretold", "reached"]


def foretell(scenario: Scenario, rules: Rules) -> tuple[Expectation, ...]:
    """What each turn must come to, as far as that can be said for sure. Each stands at the line that it comes of."""
    if not isinstance(scenario.target, HermesTarget) or not rules.knows_the_agent:
        return tuple(told_of_others(scenario, rules))
    try:
        setting = setting_of(scenario, rules)
    except Unforeseen:
        return ()
    accounts = accounts_of(scenario, setting)
    return tuple(
        each for number, account in enumerate(accounts, 1) for each in told(account, number, scenario, setting)
    )


def reached(scenario: Scenario, rules: Rules) -> bool | None:
    """Whether an agent that keeps to the policy meets all the faults; None where that cannot be foretold."""
    if not isinstance(scenario.target, HermesTarget) or not rules.knows_the_agent:
        return None
    try:
        return reaches_all(scenario, setting_of(scenario, rules))
    except Unforeseen:
        return None


def foretold(scenario: Scenario, rules: Rules | None) -> Scenario:
    """The same scenario, held to what is foretold of it."""
    return scenario if rules is None else replace(scenario, expectations=foretell(scenario, rules))
