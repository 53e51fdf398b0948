"""What would mend a configuration: the lines for each thing that the agent complains of. Facts from its own tables.

The lines are laid over config.yaml as they stand, keys into the section that is there; a comment names another file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from faultlab.own_config import Finding
from faultlab.targets.hermes.disguise import is_name
from faultlab.targets.hermes.policy import NO_HOME
from faultlab.verdict import Place
from hermes_agent.config import Config, Endpoint
from hermes_agent.credentials import SIGN_INS
from hermes_agent.errors import NoKey
from hermes_agent.runtime_provider import PROVIDERS, Complaint, resolve

__all__ = ["Own", "backup", "finding"]

_BACKUPS: Final = {"openrouter": "anthropic/claude-sonnet-4", "openai": "gpt-5.1"}
"""Who may stand in for whom: one key at the first reaches most models, the second is for who is there already."""


@dataclass(frozen=True, slots=True)
class Own:
    """A user's configuration and variables, real ones: no value of them may stand in what is said here."""

    config: Config
    environ: Mapping[str, str]

    def endpoint(self, section: str) -> Endpoint:
        """The settings of this section."""
        return self.config.model if section == "model" else self.config.fallback_model


def finding(complaint: Complaint, own: Own, place: Place) -> Finding:
    """The complaint with what would mend it."""
    return Finding(complaint.code, complaint.text, _MENDS[complaint.code](complaint.path[0], own), place)


def _key(section: str, own: Own) -> str:
    endpoint = own.endpoint(section)
    # With a key it resolves: without a name its host tells who it is.
    name = resolve(replace(endpoint, api_key="any", api_key_env=""), own.environ, NO_HOME).provider
    known = PROVIDERS.get(name, PROVIDERS["custom"]).key_variables
    if name in SIGN_INS and not (known or endpoint.api_key_env or endpoint.base_url):
        return f"# sign in at {name} again, so that its token stands in auth.json"
    # What is no name is the key itself, put there by mistake.
    variable = endpoint.api_key_env if is_name(endpoint.api_key_env) else known[0] if known else _variable(name)
    if _is_read(variable, endpoint):
        return f"# .env, beside config.yaml\n{variable}=…"
    return f"{section}:\n  api_key_env: {variable}  # and in .env: {variable}=…"


def _is_read(variable: str, endpoint: Endpoint) -> bool:
    """Whether a key in this variable would be taken."""
    try:
        return bool(resolve(endpoint, {variable: "any"}, NO_HOME).api_key)
    except NoKey:
        return False


def _variable(provider: str) -> str:
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in provider.upper())
    return f"{letters.strip('_') or 'MODEL'}_KEY"


def _provider(section: str, own: Own) -> str:
    name = own.endpoint(section).provider.strip().lower()
    near = get_close_matches(name, [known for known in PROVIDERS if known != "custom"], n=1)
    if near and name != near[0]:
        return f"{section}:\n  provider: {near[0]}"
    return f"{section}:\n  base_url: https://…/v1"


def backup(own: Own) -> str:
    """A fallback at another provider than the primary's, at one that there is a key for if possible."""
    primary = own.config.model
    others = [name for name in _BACKUPS if name != (primary.provider.strip().lower() or "openrouter")]
    keyed = [name for name in others if any(own.environ.get(key, "").strip() for key in PROVIDERS[name].key_variables)]
    name = (keyed or others)[0]
    remark = "" if keyed else f"  # and in .env: {PROVIDERS[name].key_variables[0]}=…"
    return f"fallback_model:\n  provider: {name}{remark}\n  model: {_BACKUPS[name]}"


def _backup(_: str, own: Own) -> str:
    return backup(own)


def _window(_: str, own: Own) -> str:
    return f"fallback_model:\n  context_length: {own.config.model.context_length}  # of a model that has such a window"


_MENDS: Final[dict[str, Callable[[str, Own], str]]] = {
    "no_key": _key,
    "unknown_provider": _provider,
    "same_backend": _backup,
    "no_fallback": _backup,
    "smaller_window": _window,
}
