"""Where a configuration is weak, as the runs of a campaign show it: in plain words, with the lines that would mend it.

One look at every run, none of which is kept. What no run shows is not said, unless it can be read off the file alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from faultlab.contract import OF_SIZE, RETRIED
from faultlab.own_config import Finding
from faultlab.policy import FALLBACK
from faultlab.results import About
from faultlab.trial import Ending, Record, Standing, Step
from faultlab.verdict import Place

__all__ = ["WeakSpot", "WeakSpots", "weak_spots"]


@dataclass(frozen=True, slots=True)
class WeakSpot:
    """A sentence or two, the lines that would mend it, and where they belong. `code` is the finding's.

    So many `runs` show it; `worst` is the (pass, number) of the one in which its user had it worst.
    """

    code: str
    text: str
    mend: str = ""
    place: Place | None = None
    runs: int = 0
    worst: tuple[str, int] | None = None


class WeakSpots:
    """Collects them while a campaign's runs go by."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._seen = [_Seen(finding) for finding in dict.fromkeys(findings)]
        self._judged = 0

    def add(self, record: Record) -> None:
        """Look at a run; one without a verdict shows nothing."""
        if record.standing in _JUDGED:
            self._judged += 1
            for each in self._seen:
                each.look(record)

    def told(self) -> list[WeakSpot]:
        """All that the findings and the runs so far show, worst first."""
        told = [each for each in self._seen if each.finding.certain or each.runs]
        return [each.told(self._judged) for each in sorted(told, key=lambda each: (each.rank, -each.runs))]


def weak_spots(about: About, records: Iterable[Record]) -> list[WeakSpot]:
    """All that the findings of a campaign and its runs show, worst first."""
    seen = WeakSpots(about.findings)
    for record in records:
        seen.add(record)
    return seen.told()


_JUDGED: Final = frozenset({Standing.HELD, Standing.BROKEN})
_OUT_OF_TRIES: Final = frozenset({"retries_exhausted", "invalid_response"})

_IMPATIENT_S: Final = 15.0
"""A wait after which a user asks again, or goes away."""
_SILENT_S: Final = 30.0
"""An exchange that takes so long is one in which nothing came."""


class _Seen:
    """A finding, how many runs show it, and the one that shows it worst."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        self.runs = 0
        self._worst_s = 0.0
        self._worst: tuple[str, int] | None = None
        self._sign = _SIGNS.get(finding.code, _NO_SIGN)

    @property
    def rank(self) -> int:
        """What weighs most comes first."""
        return self._sign.rank

    def look(self, record: Record) -> None:
        """Count a run that shows it."""
        seconds = self._sign.shown_by(record)
        if seconds is None:
            return
        self.runs += 1
        if self._worst is None or seconds > self._worst_s:
            self._worst_s, self._worst = seconds, (record.of, record.number)

    def told(self, judged: int) -> WeakSpot:
        """In words."""
        text = self.finding.text
        if self._worst is not None:
            of, number = self._worst
            share = f"{self.runs:,} of {judged:,} run{'' if judged == 1 else 's'}"
            text += f"; {self._sign.words.format(share=share, worst=f'{self._worst_s:,g} s', run=f'{of} {number}')}"
        return WeakSpot(self.finding.code, text, self.finding.mend, self.finding.place, self.runs, self._worst)


def _failed(record: Record) -> float | None:
    return record.took_s if record.ending is Ending.FAILED else None


def _both_failed(record: Record) -> float | None:
    return _failed(record) if all(record.calls) else None


def _refused_for_good(record: Record) -> float | None:
    refused = any(step.seen.startswith("401") for step in record.steps)
    return record.took_s if refused and record.ending in {Ending.FAILED, Ending.FALLBACK} else None


def _too_large(record: Record) -> float | None:
    return record.took_s if record.failure in OF_SIZE or any(step.compressed for step in record.steps) else None


def _too_large_after_the_switch(record: Record) -> float | None:
    after = [step.compressed for step in record.steps if step.upstream == FALLBACK]
    return record.took_s if record.switch and (any(after) or record.failure in OF_SIZE) else None


def _too_large_before_it(record: Record) -> float | None:
    return None if record.switch else _too_large(record)


def _cut_short(record: Record) -> float | None:
    return _too_large(record) if record.ending is Ending.PARTIAL else None


def _out_of_passes(record: Record) -> float | None:
    return record.took_s if record.ending is Ending.PARTIAL and record.failure is None else None


def _gave_up_at_once(record: Record) -> float | None:
    passes = record.switch in _OUT_OF_TRIES or (record.ending is Ending.FAILED and record.failure in RETRIED)
    return record.took_s if passes else None


def _waited_for_the_switch(record: Record) -> float | None:
    """The waits between the tries at the primary, in the turn that switched."""
    before = _before_the_switch(record.steps)
    waited_s = sum(max(after.started_s - step.ended_s, 0.0) for step, after in pairwise(before))
    return round(waited_s, 3) if waited_s > _IMPATIENT_S else None


def _before_the_switch(steps: tuple[Step, ...]) -> list[Step]:
    switched = next((step for step in steps if step.upstream == FALLBACK), None)
    if switched is None:
        return []
    turn = [step for step in steps if step.turn == switched.turn]
    return turn[: turn.index(switched)]


def _heard_nothing(record: Record) -> float | None:
    silent = any(step.ended_s - step.started_s >= _SILENT_S for step in record.steps)
    return record.took_s if silent else None


class _Sign(NamedTuple):
    """What shows a finding in a run (the seconds that its user had to bear it; None: nothing), and how that is put."""

    rank: int
    shown_by: Callable[[Record], float | None]
    words: str = ""


_NO_ANSWER: Final = "{share} ended without an answer, the longest after {worst} ({run})"
_NO_SIGN: Final = _Sign(9, lambda _: None)
_SIGNS: Final = {
    "no_fallback": _Sign(0, _failed, _NO_ANSWER),
    "no_key": _Sign(0, _failed, _NO_ANSWER),
    "unknown_provider": _Sign(0, _failed, _NO_ANSWER),
    "same_backend": _Sign(0, _failed, _NO_ANSWER),
    "same_host": _Sign(1, _both_failed, "{share} failed at both, the longest after {worst} ({run})"),
    "not_renewable": _Sign(1, _refused_for_good, "{share} met a 401 that no renewal mended (as {run})"),
    "compression_off": _Sign(2, _cut_short, "{share} ended so (as {run})"),
    "smaller_window": _Sign(2, _too_large_after_the_switch, "{share} were too large after a switch (as {run})"),
    "max_turns": _Sign(2, _out_of_passes, "{share} ended so (as {run})"),
    "no_window": _Sign(3, _too_large_before_it, "{share} were refused for their size (as {run})"),
    "no_window_after": _Sign(3, _too_large_after_the_switch, "{share} were too large after a switch (as {run})"),
    "slow_timeout": _Sign(4, _heard_nothing, "{share} were kept waiting so, at the worst {worst} in all ({run})"),
    "long_waits": _Sign(4, _waited_for_the_switch, "{share} waited longer than 15 s, at the worst {worst} ({run})"),
    "no_retry": _Sign(4, _gave_up_at_once, "{share} gave up so on what passes (as {run})"),
}
"""By the code of a finding. Who gets no answer is worst off, then who gets half of one, then who waits."""
