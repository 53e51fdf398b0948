"""The course of a whole scenario: turn after turn, session by session, on one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from faultlab.foretelling.account import Account
from faultlab.foretelling.call import Dealings, TurnEnds
from faultlab.foretelling.clock import Interrupted, RunClock
from faultlab.foretelling.provider import Going, Provider, Saying
from faultlab.foretelling.screen import Display, screen_for
from faultlab.foretelling.setting import Setting, Unforeseen, Whom
from faultlab.foretelling.talk import Line, Talk
from faultlab.foretelling.turn import answer_of
from faultlab.foretelling.wording import notice
from faultlab.made_up import conversation
from faultlab.open_calls import closed
from faultlab.policies.rules import Timeouts
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import DrawnHistory, HermesTarget, Scenario, ScriptedTool, ToolOutput, TurnPlan
from faultlab.schedule import Schedule
from faultlab.script import Script
from faultlab.stage import MOST_EXCHANGES

__all__ = ["Course", "Plan", "accounts_of", "reaches_all"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens, as it is asked for: what goes wrong with either of the two, what is said, and how time passes.

    Whoever plans a run while it is foretold has plans of his own; else they are those of the scenario.
    """

    going: Mapping[str, Going]
    saying: Saying
    clock: RunClock

    @classmethod
    def of(cls, scenario: Scenario) -> Plan:
        """What stands in a scenario."""
        sides = {PRIMARY: scenario.primary, FALLBACK: scenario.fallback}
        going = {name: Schedule(side.faults) for name, side in sides.items()}
        return cls(going, Script(scenario.says), RunClock())


def accounts_of(scenario: Scenario, setting: Setting) -> Iterator[Account]:
    """The account of each turn, in order; none from the first that cannot be foretold."""
    try:
        course = Course(scenario, setting)
        for plan in scenario.turns:
            yield course.turn(plan)
    except Unforeseen:
        return


def reaches_all(scenario: Scenario, setting: Setting) -> bool | None:
    """Whether every planned fault comes about; None where that cannot be foretold."""
    try:
        course = Course(scenario, setting)
        for plan in scenario.turns:
            course.turn(plan)
    except Unforeseen:
        return None
    return course.is_through


class _Session:
    """One conversation, and whether it has switched.

    `blurred`: its next request may lack messages of the one before though nothing is compressed. `tokens` are the
    numbers of the renewals whose tokens its agent holds.
    """

    __slots__ = ("blurred", "lines", "switched", "tokens")

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.switched = self.blurred = False
        self.tokens: dict[str, int] = {}


class Course:
    """A run under way, turn by turn, with an agent that keeps to the rules. `account` is that of the present turn.

    Raises Unforeseen where nothing of it can be said.
    """

    account: Account

    def __init__(self, scenario: Scenario, setting: Setting, plan: Plan | None = None) -> None:
        if scenario.cassette is not None:
            raise Unforeseen("what was recorded")
        plan = plan or Plan.of(scenario)
        self.setting = setting
        self.clock = plan.clock
        self._scenario = scenario
        self._sessions: dict[str, _Session] = {}
        self._exchanges = 0
        self._providers = self._set_up(scenario, plan)
        self.tools: Mapping[str, Callable[[], ToolOutput]] = {tool.name: _outputs(tool) for tool in scenario.tools}

    def _set_up(self, scenario: Scenario, plan: Plan) -> Mapping[str, Provider]:
        setting = self.setting
        timeouts = Timeouts(setting.rules.timeouts.connect_s, setting.read_s)
        seed, least_s = scenario.seed, setting.rules.waits.first_s
        pairs = ((setting.primary, scenario.primary), (setting.fallback, scenario.fallback))
        found = {
            whom.name: Provider(whom, side, plan.going[whom.name], plan.saying, timeouts, seed, least_s)
            for whom, side in pairs
            if whom is not None
        }
        renewing = [each.whom.backend.provider for each in found.values() if each.whom.renewable]
        for provider in found.values():
            provider.shares_its_token = renewing.count(provider.whom.backend.provider) > 1
        return found

    def turn(self, plan: TurnPlan) -> Account:
        """What this turn comes to. Raises Unforeseen; `account` tells as much as was seen by then."""
        self._session = self._sessions.get(plan.session) or self._begun(plan.session)
        if plan.resume or not self._session.tokens or not self._keeps_agents:
            self._session.tokens = {name: provider.renewed for name, provider in self._providers.items()}
        texts = self.setting.rules.texts
        self.talk = Talk(self.setting.system, texts.marker, [*self._session.lines, Line("user", plan.user)])
        self.account = Account(self.clock.now_s, blurred=self._session.blurred)
        streaming = self.setting.streaming
        self.display = Display(screen_for(self._scenario, texts.withdrawn, streaming=streaming), streaming=streaming)
        self._stand()
        after_s = plan.interrupt_after_s
        self.clock.due_s = None if after_s is None else self.clock.now_s + after_s
        self._through()
        account = self.account
        self._session.lines = self.talk.kept
        self._session.blurred = account.outcome == "interrupted" or self.talk.was_pending
        account.blurred = account.blurred or self._session.blurred
        account.ended_s, self.clock.due_s = self.clock.now_s, None
        account.final_model = self.dealings.whom.backend.model
        self.display.end()
        account.screen = self.display.screen
        return account

    @property
    def is_through(self) -> bool:
        """Whether all that was planned has come about."""
        return all(provider.is_through for provider in self._providers.values())

    def _begun(self, name: str) -> _Session:
        is_job = self._scenario.target == HermesTarget("cron")
        before = [] if is_job else _past(self._scenario, self.setting.rules.texts.interrupted)
        session = self._sessions[name] = _Session(before)
        return session

    @property
    def _keeps_agents(self) -> bool:
        """Whether one agent lives as long as its session; elsewhere each turn reads the tokens anew."""
        return self._scenario.target == HermesTarget("agent")

    def _through(self) -> None:
        account = self.account
        try:
            account.reply = answer_of(self)
        except Interrupted:
            self.talk.drop_pending()
            account.outcome = "interrupted"
        except TurnEnds as end:
            self.talk.drop_pending()
            account.outcome, account.failure, account.reply = end.outcome, end.failure, end.reply
            if end.outcome == "failed" and not self._session.switched:
                account.refused = self.setting.refused
        account.provider = self.dealings.whom.backend.provider

    def _stand(self) -> None:
        whom = self._whom()
        self.dealings = Dealings(whom, whom.max_tokens, whom.window)

    def _whom(self) -> Whom:
        fallback = self.setting.fallback
        return fallback if self._session.switched and fallback is not None else self.setting.primary

    @property
    def provider(self) -> Provider:
        """Who is asked now."""
        return self._providers[self.dealings.whom.name]

    @property
    def can_switch(self) -> bool:
        """Whether the one shot is still there."""
        return self.setting.fallback is not None and not self._session.switched

    @property
    def is_stale(self) -> bool:
        """Whether another session has renewed the token since this one's agent read it."""
        provider = self.provider
        return self._session.tokens[provider.whom.name] < provider.renewed

    def freshen(self) -> None:
        """Go on with the newest token."""
        self._session.tokens[self.provider.whom.name] = self.provider.renewed

    def next_number(self) -> int:
        """The number of the next exchange. Raises Unforeseen where a run would be ended."""
        self._exchanges += 1
        if self._exchanges > MOST_EXCHANGES:
            raise Unforeseen("what comes after more requests than any run may have")
        return self._exchanges

    def switch(self, reason: str) -> None:
        """The one shot (C9, C11)."""
        account = self.account
        account.switch = reason
        account.after_calls = sum(request.to == PRIMARY for request in account.requests)
        self._session.switched = True
        left = self.dealings.whom
        self.display.leave()
        self.talk.forget_reasoning()
        self._stand()
        account.notice = notice(self.setting.rules, left, self.dealings.whom, account.decided_by)
        self.display.screen.notice(account.notice)


def _past(scenario: Scenario, interrupted: str) -> list[Line]:
    history = scenario.history
    if isinstance(history, DrawnHistory):
        made = conversation(history.messages, history.tokens, scenario.seed)
        return [Line(each.role, each.text, tuple((call.name, call.arguments) for call in each.calls)) for each in made]
    return [
        Line(each.role, each.text, tuple((name, arguments) for _, name, arguments in each.tool_calls))
        for each in closed(history, interrupted)
    ]


def _outputs(tool: ScriptedTool) -> Callable[[], ToolOutput]:
    """Its outputs one after the other, the last one staying."""
    left = iter(tool.outputs)
    return lambda: next(left, tool.outputs[-1])
