"""Where a served lab is: what `faultlab serve` says when it is ready, and what whoever started it reads.

One line of JSON. Knows neither server nor client.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from faultlab.errors import HarnessError

__all__ = ["Served", "ServedUpstream"]


@dataclass(frozen=True, slots=True)
class ServedUpstream:
    """One upstream: `base_url` is where it is served, `own_url` what it stands for, `api_key` its made-up key."""

    name: str
    provider: str
    model: str | None
    base_url: str
    own_url: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Served:
    """A lab that is served by the process `pid`. `scenario` is the id of what it plays; None: it is always healthy.

    `control` is the URL of the control path; `origins` tells for the origin of every URL of an upstream, its token
    endpoint's too, where that is served.
    """

    pid: int
    control: str
    upstreams: tuple[ServedUpstream, ...]
    origins: Mapping[str, str]
    scenario: str | None = None

    def as_line(self) -> str:
        """All of it, in one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def __str__(self) -> str:
        """The same for people, in one line, without keys."""
        told = ", ".join(f"{one.name} {one.base_url} ({one.model or one.provider})" for one in self.upstreams)
        return f"serving {self.scenario or 'healthy answers'}: {told}; control {self.control}; pid {self.pid}"

    @classmethod
    def from_line(cls, line: str) -> Served:
        """The same again. Raises HarnessError for what is no such line."""
        try:
            told = json.loads(line)
            upstreams = tuple(ServedUpstream(**one) for one in told.pop("upstreams"))
            return cls(**told, upstreams=upstreams)
        except (ValueError, TypeError, KeyError) as error:
            raise HarnessError(f"this is not what `faultlab serve --json` says: {line!r:.80}") from error
