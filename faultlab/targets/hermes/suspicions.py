"""What may go wrong with a configuration though nothing in it is wrong: to be told where runs show that it does.

Every number in it follows from the contract's waits and limits (C1 to C3, C15, C19).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from faultlab.own_config import Finding
from faultlab.policy import Policy
from faultlab.targets.hermes.mending import Own, backup
from faultlab.targets.hermes.policy import NO_HOME
from hermes_agent.config import Endpoint
from hermes_agent.credentials import SIGN_INS
from hermes_agent.errors import ProviderError
from hermes_agent.recovery import CALL_LIMIT_S, LONGEST_OWN_WAIT_S
from hermes_agent.runtime_provider import resolve
from hermes_agent.settings import AgentSettings

__all__ = ["Suspicion", "astray", "suspicions"]

_PATIENCE_S: Final = 15
"""How long a user looks at nothing, and does not ask again."""
_FEWER_ATTEMPTS: Final = 3
_SHORTER_TIMEOUT_S: Final = 60.0
_FEW_TURNS: Final = 20
"""Passes of the tool loop that a task of some length needs."""


Suspicion = tuple[tuple[str, ...], Finding]
"""The keys that lead to the place, and what is suspected of it."""


def suspicions(own: Own, policy: Policy) -> Iterator[Suspicion]:
    """Each with the lines that would mend it, worst first."""
    agent = own.config.agent
    yield from _one_host(own, policy)
    yield from _expiring(own, policy)
    if not own.config.compression.enabled:
        told = "compression.enabled is false: a conversation that has outgrown the window ends there, partial"
        yield _suspected("compression_off", "compression.enabled", told, "compression:\n  enabled: true")
    yield from _window("no_window", "model", own.config.model)
    if policy.usable_fallback:
        yield from _window("no_window_after", "fallback_model", own.config.fallback_model)
    yield from _attempts(agent, usable_fallback=policy.usable_fallback)
    yield from _time_out(agent)
    if agent.max_turns < _FEW_TURNS:
        told = f"agent.max_turns is {agent.max_turns}: a task that takes more passes of the tool loop ends partial"
        yield _suspected("max_turns", "agent.max_turns", told, f"agent:\n  max_turns: {AgentSettings().max_turns}")


def astray(own: Own) -> Iterator[Suspicion]:
    """Addresses that the agent takes, and that the client makes something else of. No suspicion: it always does."""
    for section in ("model", "fallback_model"):
        url = own.endpoint(section).base_url
        if urlsplit(url).query:
            told = f"{section}.base_url ends in a query: the client appends its own path to that, and asks for nothing"
            mend = f"{section}:\n  base_url: …  # up to the question mark"
            yield (section, "base_url"), Finding("astray", told, mend)
        if urlsplit(url).username is not None and _has_key(own, section):
            told = f"{section}.base_url names a user: the client sends that in place of the key, which reaches nobody"
            mend = (
                f"{section}:\n  base_url: …  # without what stands before the @; or, where the user is enough, no key"
            )
            yield (section, "base_url"), Finding("unsent_key", told, mend)


def _has_key(own: Own, section: str) -> bool:
    try:
        return bool(resolve(own.endpoint(section), own.environ, NO_HOME).api_key)
    except ProviderError:
        return False


def _suspected(code: str, keys: str, text: str, mend: str) -> Suspicion:
    return tuple(keys.split(".")), Finding(code, text, mend, certain=False)


def _one_host(own: Own, policy: Policy) -> Iterator[Suspicion]:
    if policy.fallback is None or not policy.usable_fallback:
        return
    hosts = {urlsplit(each.base_url).hostname for each in (policy.primary, policy.fallback)}
    if len(hosts) == 1:
        told = f"model and fallback_model are both at {hosts.pop()}: what takes the one down takes the other too"
        yield _suspected("same_host", "fallback_model.provider", told, backup(own))


def _expiring(own: Own, policy: Policy) -> Iterator[Suspicion]:
    """A token of a sign-in that stands in auth.json, with nothing to renew it by."""
    for section, backend in (("model", policy.primary), ("fallback_model", policy.fallback)):
        settings = own.endpoint(section)
        if backend is None or backend.provider not in SIGN_INS or not backend.key or backend.token_url:
            continue
        if not (settings.api_key or settings.api_key_env) and backend.key not in dict(policy.environ).values():
            told = f"the token of {backend.provider} in auth.json cannot be renewed: it fails for good when it expires"
            yield _suspected(
                "not_renewable",
                f"{section}.provider",
                told,
                f"# sign in at {backend.provider} again: auth.json lacks what renews it",
            )


def _window(code: str, section: str, settings: Endpoint) -> Iterator[Suspicion]:
    if settings.context_length is None:
        told = f"{section} has no context_length: that a conversation is too long is learned from a refusal only"
        yield _suspected(
            code, section, told, f"{section}:\n  context_length: …  # in tokens, as the provider states it"
        )


def _attempts(agent: AgentSettings, *, usable_fallback: bool) -> Iterator[Suspicion]:
    count = agent.api_max_retries
    mend = f"agent:\n  api_max_retries: {_FEWER_ATTEMPTS}"
    if count == 1:
        then = "the session is with the fallback for good" if usable_fallback else "the turn fails"
        yield _suspected(
            "no_retry", "agent.api_max_retries", f"agent.api_max_retries is 1: after one failed attempt {then}", mend
        )
    elif usable_fallback and (waits := sum(_waits(count))) > _PATIENCE_S:
        told = f"agent.api_max_retries is {count}: up to {waits:g} s of its own waits before the fallback is asked"
        fewer = f"  # {sum(_waits(_FEWER_ATTEMPTS)):g} s of waits, unless the provider states longer ones"
        yield _suspected("long_waits", "agent.api_max_retries", told, f"{mend}{fewer}")


def _time_out(agent: AgentSettings) -> Iterator[Suspicion]:
    timeout_s, count = agent.request_timeout_s, agent.api_max_retries
    now_s, then_s = _hangs(timeout_s, count), _hangs(_SHORTER_TIMEOUT_S, min(count, _FEWER_ATTEMPTS))
    if timeout_s <= _SHORTER_TIMEOUT_S:
        return
    told = (
        f"agent.request_timeout_s is {timeout_s:g}, agent.api_max_retries {count}: "
        f"a provider that takes requests and says nothing is waited for up to {now_s:g} s"
    )
    retries = f"\n  api_max_retries: {_FEWER_ATTEMPTS}" if count > _FEWER_ATTEMPTS else ""
    remark = f"  # {then_s:g} s; what a model may think about longer than a minute needs more"
    yield _suspected(
        "slow_timeout",
        "agent.request_timeout_s",
        told,
        f"agent:{retries}\n  request_timeout_s: {_SHORTER_TIMEOUT_S:g}{remark}",
    )


def _waits(attempts: int, each_takes_s: float = 0.0) -> Iterator[float]:
    """C2's waits between so many attempts, as long as C19 lets one begin."""
    elapsed_s = each_takes_s
    for n in range(1, attempts):
        wait_s = min(2.0 ** min(n, 10), LONGEST_OWN_WAIT_S)
        if elapsed_s + wait_s > CALL_LIMIT_S:
            return
        yield wait_s
        elapsed_s += wait_s + each_takes_s


def _hangs(timeout_s: float, attempts: int) -> float:
    """How long a call takes on a provider that never answers."""
    waits = list(_waits(attempts, timeout_s))
    return sum(waits) + timeout_s * (len(waits) + 1)
