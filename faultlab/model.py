"""An agent's decisions alone, as a machine that one can walk through without a client.

Values, and what such a machine can be asked. Whose decisions they are is not known here.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVar

__all__ = ["Done", "Met", "Model"]

_Place = TypeVar("_Place")


class Met(NamedTuple):
    """What a request met: a failure of this kind, None: an answer, which may call a tool.

    `fits_max_tokens` and `for_money` are what a failure of size names (contract C20), `wait_s` is the wait that it
    states (C3), `took_s` how long it took to come.
    """

    kind: str | None = None
    calls_tool: bool = False
    fits_max_tokens: int | None = None
    for_money: bool = False
    wait_s: float | None = None
    took_s: float = 0.0


class Done(NamedTuple):
    """What was done then: `what` in a word, the wait, and the place before the next request, None: the turn has ended.

    `outcome` and `failure` say how, `reason` why it switched.
    """

    what: str
    place: Any = None
    wait_s: float = 0.0
    outcome: str = ""
    failure: str | None = None
    reason: str | None = None


class Model(Protocol[_Place]):
    """The decisions of one agent with one configuration, in one turn. Nothing is kept between two steps."""

    def begin(self) -> _Place | None:
        """The place before the first request; None where nobody can be asked."""

    def step(self, place: _Place, met: Met) -> Done:
        """What it does when a request from there has met that."""

    def asked(self, place: _Place) -> str:
        """The upstream that is asked there."""

    def max_tokens(self, place: _Place) -> int | None:
        """The output that is asked for there."""

    def key_within(self, place: _Place, requests: int, seconds: float, tokens: float) -> str:
        """What the agent itself calls the place, up to the conversation: see `Situated.key_within`."""
