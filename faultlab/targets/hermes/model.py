"""The decisions of this project's agent without the agent: `recovery` alone, walked from request to request.

No client, no thread, no conversation: it holds where the conversation fits and can be compressed. Renewals succeed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import NamedTuple

from faultlab.model import Done, Met
from faultlab.policy import FALLBACK, PRIMARY, Backend, Policy
from faultlab.scenario import Scenario
from hermes_agent import recovery
from hermes_agent.config import Config, config_from_mapping
from hermes_agent.messages import Failure, FailureKind
from hermes_agent.situation import Reach, Situation, Used

__all__ = ["AgentModel", "Place", "model_of"]


class Place(NamedTuple):
    """Before a request: the model call's state, what the turn used up, and the output that it asks for from now on."""

    switched: bool
    state: recovery.State
    used: Used
    max_tokens: int | None


def model_of(scenario: Scenario) -> AgentModel:
    """The model of an agent with the scenario's configuration."""
    return AgentModel(scenario.policy, config_from_mapping(json.loads(scenario.config), "config"))


class AgentModel:
    """A turn as `recovery` and the contract's section 3 have it."""

    def __init__(self, policy: Policy, config: Config) -> None:
        self._policy = policy
        self._config = config
        self._failures: dict[Met, Failure] = {}

    def begin(self) -> Place | None:
        """On the primary, or where the agent goes if that one cannot be asked (C14)."""
        if _can_be_asked(self._policy.primary):
            return self._begun(switched=False)
        return self._begun(switched=True) if self._policy.usable_fallback else None

    def step(self, place: Place, met: Met) -> Done:
        """What it does when a request from there has met that."""
        if met.kind is None:
            return self._tool_round(place) if met.calls_tool else Done("answer", outcome="completed")
        failure = self._failures.get(met)
        if failure is None:
            failure = self._failures[met] = _failure(met)
        state = place.state
        if met.took_s:
            state = replace(state, elapsed_s=state.elapsed_s + met.took_s)
        failure = recovery.reread(state, failure)
        return self._done(place, state, failure, recovery.decide(state, failure))

    def asked(self, place: Place) -> str:
        """The upstream that is asked there."""
        return FALLBACK if place.switched else PRIMARY

    def max_tokens(self, place: Place) -> int | None:
        """The output that is asked for there."""
        return place.state.max_tokens

    def key_within(self, place: Place, requests: int, seconds: float, tokens: float) -> str:
        """What the agent itself calls the place, up to the conversation."""
        reach = Reach(requests, requests * seconds, requests * tokens)
        return self.situation(place).bare_within(reach)

    def situation(self, place: Place) -> Situation:
        """The same as the agent would tell it."""
        backend = self._policy.fallback if place.switched and self._policy.fallback else self._policy.primary
        return Situation(
            backend.provider,
            backend.model,
            place.switched,
            place.state,
            place.used,
            place.max_tokens,
            max_turns=self._config.agent.max_turns,
        )

    def _done(self, before: Place, state: recovery.State, failure: Failure, action: recovery.Action) -> Done:
        after = recovery.after(state, action)
        match action:
            case recovery.Wait(seconds):
                return Done("wait", _later(before, after, seconds), seconds)
            case recovery.Renew():
                return Done("renew", Place(before.switched, after, before.used, before.max_tokens))
            case recovery.LowerOutput(max_tokens):
                lowered = _lower(before.max_tokens, max_tokens)
                return Done("lower", Place(before.switched, after, before.used, lowered))
            case recovery.Compress(max_tokens):
                pause_s = recovery.COMPRESSION_PAUSE_S
                place = _later(before, after, pause_s)
                return Done("compress", place._replace(max_tokens=_lower(before.max_tokens, max_tokens)), pause_s)
            case recovery.Switch(reason):
                place = self._begun(switched=True)._replace(used=before.used)
                return Done("switch", place, reason=reason)
            case recovery.Stop(outcome):
                return Done("stop", outcome=outcome.value, failure=failure.kind.value)

    def _tool_round(self, before: Place) -> Done:
        """A new model call; what the turn has used up stays used up."""
        passes = before.used.passes + 1
        if passes >= self._config.agent.max_turns:
            return Done("stop", outcome="partial")
        state = self._called(before.switched, before.max_tokens, before.state.compressions)
        used = Used(passes, before.used.continuations, before.used.repeats, before.used.bad_arguments)
        return Done("tools", Place(before.switched, state, used, before.max_tokens))

    def _begun(self, *, switched: bool) -> Place:
        endpoint = self._config.fallback_model if switched else self._config.model
        return Place(switched, self._called(switched, endpoint.max_tokens, 0), Used(), endpoint.max_tokens)

    def _called(self, switched: bool, max_tokens: int | None, compressions: int) -> recovery.State:
        backend = self._policy.backend(FALLBACK if switched else PRIMARY)
        return recovery.State(
            budget=self._config.agent.api_max_retries,
            can_renew=backend is not None and backend.renewable,
            can_compress=self._config.compression.enabled,
            can_switch=self._policy.usable_fallback and not switched,
            compressions=compressions,
            max_tokens=max_tokens,
        )


def _failure(met: Met) -> Failure:
    kind, fits, for_money = FailureKind(met.kind or ""), met.fits_max_tokens, met.for_money
    return Failure(kind, "", retry_after_s=met.wait_s, fits_max_tokens=fits, for_money=for_money)


def _can_be_asked(backend: Backend) -> bool:
    return bool(backend.base_url) and bool(backend.key or not backend.needs_key)


def _later(before: Place, after: recovery.State, seconds: float) -> Place:
    # As `replace` does it, in a third of its time: a walk takes a hundred thousand of these steps.
    state = recovery.State(
        after.budget,
        after.failed,
        after.waited_s,
        after.elapsed_s + seconds,
        after.can_renew,
        after.can_lower,
        after.can_compress,
        after.can_switch,
        after.compressions,
        after.max_tokens,
    )
    return Place(before.switched, state, before.used, before.max_tokens)


def _lower(present: int | None, max_tokens: int | None) -> int | None:
    """For the rest of the turn, as `Standing.lower` has it."""
    if max_tokens is None or present is None:
        return present if max_tokens is None else max_tokens
    return min(present, max_tokens)
