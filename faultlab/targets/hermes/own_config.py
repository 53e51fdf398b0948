"""A user's own config.yaml, with the .env and auth.json beside it, as a healthy scenario that holds no real credential.

The agent's own readers read it. Nothing is written and nobody is asked; what the agent does not use is not kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from faultlab.errors import HarnessError, ScenarioError
from faultlab.made_up import text
from faultlab.own_config import Finding, OwnConfig
from faultlab.policy import FALLBACK, PRIMARY, Policy, Problem
from faultlab.scenario import HermesTarget, Scenario, Side, TurnPlan
from faultlab.script import Reply
from faultlab.targets.hermes.disguise import Disguise
from faultlab.targets.hermes.mending import Own, finding
from faultlab.targets.hermes.policy import read_policy
from faultlab.targets.hermes.stand_in import StandIn, stand_in
from faultlab.targets.hermes.suspicions import astray, suspicions
from faultlab.verdict import Place
from hermes_agent.config import Config, key_lines, read_config
from hermes_agent.errors import ConfigError
from hermes_agent.home import environment
from hermes_agent.runtime_provider import PROVIDERS, complaints
from hermes_agent.settings import AgentSettings, Endpoint

__all__ = ["findings", "read_own"]

_SAYS: Final = "This is a made-up answer of a healthy model."
_UNASKABLE: Final = {
    "no_key": "any value, as it is replaced by a made-up one before the agent sees it",
    "astray": "a base_url without a query",
    "unknown_provider": f"a base_url beside it, or one of {', '.join(sorted(PROVIDERS))}",
}
_Read = TypeVar("_Read")


def findings(path: Path) -> tuple[Finding, ...]:
    """What the agent says of this config.yaml, with the places in it. Raises ScenarioError if it cannot be used."""
    return _Own(path).findings()


def read_own(path: Path, entry: str) -> OwnConfig:
    """This config.yaml, healthy. Raises ScenarioError if it cannot be used, or nobody could be asked as it stands."""
    own = _Own(path)
    found = own.findings()
    for each in found:
        # A fallback that is refused counts as none (C14): only the primary's trouble ends all.
        if each.code in _UNASKABLE and not each.text.startswith("fallback_model cannot be used"):
            line = each.place.line if each.place else None
            raise ScenarioError(each.text, path=path, line=line, allowed=[_UNASKABLE[each.code]])
    healthy = own.healthy(entry)
    return OwnConfig(healthy, (*found, *own.suspicions(healthy.policy)))


class _Own:
    """The files of one user, read once."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            why = "no regular file" if path.exists() else "no such file"
            raise ScenarioError(f"cannot be read: {why}; a config.yaml is needed, or a scenario file", path=path)
        self._path, self._home = path, path.parent
        self._config: Config = _refusing(lambda: read_config(path))
        self._lines = _refusing(lambda: key_lines(path))
        self._environ = _refusing(lambda: environment(self._home, os.environ))

    def findings(self) -> tuple[Finding, ...]:
        """What C14 says of it, and what else can be read off it."""
        found = _refusing(lambda: complaints(self._config, self._environ, self._home))
        own = Own(self._config, self._environ)
        told = [finding(each, own, self._place(each.path)) for each in found]
        return (*told, *(replace(each, place=self._place(keys)) for keys, each in astray(own)))

    def suspicions(self, policy: Policy) -> Iterator[Finding]:
        """What may go wrong with it all the same."""
        for keys, each in suspicions(Own(self._config, self._environ), policy):
            yield replace(each, place=self._place(keys))

    def healthy(self, entry: str) -> Scenario:
        """One healthy turn, by this entrance."""
        primary, fallback = _refusing(self._asked)
        env = tuple({**dict(primary.env), **dict(fallback.env)}.items())
        refresh = tuple((name, one.refresh) for name, one in ((PRIMARY, primary), (FALLBACK, fallback)) if one.refresh)
        config = json.dumps(_mapping(self._config, primary.endpoint, fallback.endpoint), ensure_ascii=False)
        return Scenario(
            id="healthy",
            name="A healthy turn",
            place=Place(str(self._path), 1),
            turns=(TurnPlan("hello"),),
            expectations=(),
            policy=_agreeing(read_policy(config, env, refresh), primary, fallback),
            config=config,
            env=env,
            says=(Reply(_SAYS),),
            primary=Side(refresh=primary.refresh),
            fallback=Side(refresh=fallback.refresh),
            target=HermesTarget(entry),
        )

    def _asked(self) -> tuple[StandIn, StandIn]:
        disguise, settings = Disguise(), self._config.fallback_model
        primary = stand_in(self._config.model, self._environ, self._home, disguise)
        if not (settings.provider and settings.model):  # C13: then there is none, whatever else is said of it
            return primary, StandIn(Endpoint())
        return primary, stand_in(settings, self._environ, self._home, disguise)

    def _place(self, keys: tuple[str, ...]) -> Place:
        """The line of the last of these keys that is there; the first line where none is."""
        there = (keys[:depth] for depth in range(len(keys), 0, -1))
        return Place(str(self._path), next((self._lines[each] for each in there if each in self._lines), 1))


def _refusing(read: Callable[[], _Read]) -> _Read:
    """What the agent's readers refuse is for the file's author to mend."""
    try:
        return read()
    except ConfigError as error:
        raise ScenarioError(str(error)) from None


def _mapping(config: Config, model: Endpoint, fallback: Endpoint) -> dict[str, Any]:
    """What stands in the scenario's config.yaml: whatever differs from the defaults, and no word of the user's."""
    agent = config.agent
    if agent.system_prompt != AgentSettings().system_prompt:  # its length counts, its words are private
        agent = replace(agent, system_prompt=text(len(agent.system_prompt), "system prompt"))
    primary = _changed(model)
    sections = {
        "model": {"default": primary.pop("model"), **primary},
        "fallback_model": _changed(fallback),
        "agent": _changed(agent),
        "compression": _changed(config.compression),
        "display": _changed(config.display),
    }
    return {name: section for name, section in sections.items() if section}


def _changed(settings: Any) -> dict[str, Any]:
    values = ((each.name, getattr(settings, each.name), each.default) for each in fields(settings))
    return {name: value for name, value, default in values if value != default}


def _agreeing(policy: Policy | Problem, primary: StandIn, fallback: StandIn) -> Policy:
    """The stand-ins mean to the agent what the real ones mean, or we are to blame."""
    if isinstance(policy, Problem):
        raise HarnessError(f"faultlab itself failed, please report it: its own words are refused: {policy.message}")
    for asked, backend in ((primary, policy.primary), (fallback, policy.fallback)):
        if asked.endpoint.model and (backend is None or not asked.means(backend)):
            raise HarnessError(f"faultlab itself failed, please report it: it misread {asked.endpoint.provider!r}")
    return policy
