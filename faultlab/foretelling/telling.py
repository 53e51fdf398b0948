"""The account of a turn as expectations, each at the line of the policy that it comes of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faultlab.expectations import NEVER, Contains, Expectation, Range, Switched
from faultlab.foretelling.account import Account
from faultlab.foretelling.requests import requests_of
from faultlab.foretelling.setting import Setting
from faultlab.foretelling.wording import in_one_line, reason_told
from faultlab.policies import Rules
from faultlab.scenario import HermesTarget, Scenario

__all__ = ["told"]


def told(account: Account, number: int, scenario: Scenario, setting: Setting) -> Iterator[Expectation]:
    """What this turn must come to."""
    place = setting.rules.place(account.decided_by)
    for key, value in _keys(account, scenario, setting):
        yield Expectation(key, value, place, number)


def _keys(account: Account, scenario: Scenario, setting: Setting) -> Iterator[tuple[str, Any]]:
    rules = setting.rules
    yield "outcome", account.outcome
    yield "fallback", Switched(account.switch, account.after_calls) if account.switch else NEVER
    yield "failure", account.failure
    yield "order", "".join(request.to[0].upper() for request in account.requests)
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
    exit_codes = dict(rules.exit_codes) if scenario.target == _COMMAND_LINE else {}
    if account.outcome in exit_codes:
        yield "exit_code", exit_codes[account.outcome]
    requests = requests_of(account, setting)
    if requests:
        yield "requests", requests
    seen = _seen(account, scenario, rules)
    if seen is not None:
        yield "user_sees", seen


def _seen(account: Account, scenario: Scenario, rules: Rules) -> str | Contains | None:
    """All that a user is shown; of what has words in it that nobody foretells, what has to be among them."""
    if account.outcome == "interrupted":
        return _stopped(account, scenario, rules)
    if scenario.target == HermesTarget("cron"):
        return Contains(account.notice or account.reply)
    if account.outcome == "completed":
        account.screen.end(account.reply)
        return account.screen.text
    told = in_one_line(account.words) or reason_told(rules, account.provider, account.decided_by)
    return Contains(told) if told and account.failure else None


def _stopped(account: Account, scenario: Scenario, rules: Rules) -> str | None:
    """A chat that is told to stop is answered twice, and a job writes a record."""
    if scenario.target not in (HermesTarget(), _COMMAND_LINE) or not account.screen.known:
        return None
    account.screen.end("", rules.texts.stopped)
    return account.screen.text


_COMMAND_LINE = HermesTarget("cli")
