"""Who the session talks to: the primary until the one switch, the fallback ever after (contract C9 to C14).

Knows which backend may be asked and why not; asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from hermes_agent.config import Config
from hermes_agent.errors import NoKey, ProviderError
from hermes_agent.messages import Failure, FailureKind, Switch
from hermes_agent.runtime_provider import Backend, Refusal, resolve, resolve_fallback, resolve_switch

__all__ = ["Line"]


class Line:
    """The session's way to a model.

    `backend` is who is asked now, None when it cannot be asked: `problem` then says why. `switched` is the session's
    one switch, from the store or made here. `renewable` is for a key that the caller handed over.
    """

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        home: Path,
        switched: Switch | None = None,
        *,
        renewable: bool | None = None,
    ) -> None:
        self.switched = switched
        self.backend: Backend | None = None
        self.problem: Failure | None = None
        self._refusal: Refusal | None = None
        self._fallback: Backend | Refusal | None = None
        try:
            if switched is None:
                self.backend = _primary(resolve(config.model, environ, home), renewable)
            else:
                self.backend = resolve_switch(switched, config, environ, home)
        except ProviderError as error:
            self._cannot_be_asked(error)
        if switched is None:
            self._fallback = resolve_fallback(config, self.backend, environ, home)

    @property
    def asked(self) -> Backend:
        """Who is asked now, for those who know that somebody can be."""
        if self.backend is None:
            raise NoKey("there is nobody to ask")
        return self.backend

    @property
    def can_switch(self) -> bool:
        """Whether there is a fallback that has not been used and can be asked."""
        return isinstance(self._fallback, Backend)

    @property
    def refused(self) -> Refusal | None:
        """Why the configured fallback cannot be used (C14)."""
        return self._refusal or (self._fallback if isinstance(self._fallback, Refusal) else None)

    def switch(self, reason: str, after_attempts: int, failure: Failure, keep: Callable[[Switch], None]) -> Switch:
        """Take the one shot, `keep` first: what could not be stored has not happened (C10).

        Whoever calls this has asked `can_switch`.
        """
        to = self._fallback
        if not isinstance(to, Backend):
            raise TypeError(f"no fallback to switch to: {to}")
        switch = Switch(to.provider, to.model, to.base_url, to.api_mode, reason, after_attempts, failure.kind)
        keep(switch)
        self.switched, self.backend, self.problem, self._fallback = switch, to, None, None
        return switch

    def renewed(self, access_token: str) -> None:
        """Go on with a new credential."""
        if self.backend is not None:
            self.backend = replace(self.backend, api_key=access_token)

    def _cannot_be_asked(self, error: ProviderError) -> None:
        no_key = isinstance(error, NoKey)
        self.problem = Failure(FailureKind.UNAUTHORIZED if no_key else FailureKind.BAD_REQUEST, str(error))
        if self.switched is not None:
            self._refusal = Refusal.NO_KEY if no_key else Refusal.UNKNOWN_PROVIDER


def _primary(backend: Backend, renewable: bool | None) -> Backend:
    """The primary; a caller that hands a key over may say whether it is one that can be renewed."""
    return backend if renewable is None else replace(backend, renewable=renewable)
