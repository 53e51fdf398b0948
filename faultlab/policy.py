"""What is known beforehand of the agent under test: who it may ask, and by which rules it goes.

Handed over by a target; what the agent does with it is read from the trace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["FALLBACK", "PRIMARY", "UPSTREAMS", "Backend", "Policy", "Problem"]

PRIMARY: Final = "primary"
FALLBACK: Final = "fallback"
UPSTREAMS: Final = (PRIMARY, FALLBACK)


@dataclass(frozen=True, slots=True)
class Backend:
    """A provider and a model as the agent's configuration names them.

    `dialect` is `chat` or `responses`; `base_url` is empty when the provider is unknown. `key` is the made-up key that
    it has here, empty when there is none; `needs_key` whether it has to have one. `token_url` is where its token in
    auth.json is renewed; None: its key stands elsewhere.
    """

    provider: str
    model: str
    base_url: str
    dialect: str = "chat"
    needs_key: bool = True
    key: str = field(default="", repr=False)
    token_url: str | None = None

    @property
    def renewable(self) -> bool:
        """Whether its credential can be renewed (C8)."""
        return self.token_url is not None


@dataclass(frozen=True, slots=True)
class Policy:
    """The configuration as the agent's own reader understands it.

    `refused` says why a configured fallback cannot be used (contract C14), `fallback` is None when none is configured
    (C13). `warnings` are the texts of the configuration check. `environ` are the variables that the agent sees, with
    made-up keys.
    """

    primary: Backend
    fallback: Backend | None = None
    refused: str | None = None
    warnings: tuple[str, ...] = ()
    attempts: int = 6
    max_turns: int = 90
    time_limit_s: float = 600.0
    environ: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def usable_fallback(self) -> bool:
        """Whether the agent may switch at all."""
        return self.fallback is not None and self.refused is None

    def backend(self, upstream: str) -> Backend | None:
        """Who stands behind the name of an upstream."""
        if upstream == PRIMARY:
            return self.primary
        return self.fallback if upstream == FALLBACK else None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a configuration cannot be used, and the keys that lead to what is wrong."""

    message: str
    path: tuple[str, ...] = ()
