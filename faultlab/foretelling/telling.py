"""The account of a turn as expectations, each at the line of the policy that it comes of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faultlab.expectations import NEVER, Contains, Expectation, Range, Switched
from faultlab.foretelling.account import Account
from faultlab.policies import Rules
from faultlab.scenario import HermesTarget, Scenario

__all__ = ["told"]


def told(account: Account, number: int, scenario: Scenario, rules: Rules) -> Iterator[Expectation]:
    """What this turn must come to."""
    place = rules.place(account.decided_by)
    for key, value in _keys(account, scenario, rules):
        yield Expectation(key, value, place, number)


def _keys(account: Account, scenario: Scenario, rules: Rules) -> Iterator[tuple[str, Any]]:
    yield "outcome", account.outcome
    yield "fallback", Switched(account.switch, account.after_calls) if account.switch else NEVER
    yield "failure", account.failure
    yield "order", "".join(asking.to[0].upper() for asking in account.askings)
    yield "waits_s", tuple(round(wait, 3) for wait in account.waits)
    yield "reply", account.reply
    if not account.blurred:
        yield "compressions", account.compressions
    yield "refreshes", account.renewals
    yield "final_model", account.final_model
    took_s = round(account.ended_s - account.started_s, 3)
    yield "ended_after_s", Range(took_s, took_s)
    if account.refused is not None:
        yield "refused", account.refused
    if scenario.tools:
        yield "tool_runs", tuple((tool.name, account.tool_runs.get(tool.name, 0)) for tool in scenario.tools)
    if scenario.target == _COMMAND_LINE:
        yield "exit_code", dict(rules.exit_codes)[account.outcome]
    if account.switch is not None and scenario.policy.fallback is not None:
        yield "user_sees", Contains(scenario.policy.fallback.model)


_COMMAND_LINE = HermesTarget("cli")
