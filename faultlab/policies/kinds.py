"""What a planned fault is in the contract's words: which failure kind, or a usable answer.

Read off the contract and the judged catalogue, never off an agent. What depends on more than is asked here cannot be
said, and is not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

from faultlab.faults import LEAVES_WHOLE, Fault
from faultlab.faults.catalogued import StatusFault, Wire
from faultlab.policies.asked import NEARLY_FULL, Asked
from faultlab.policies.named import BY_FIELDS, BY_NAME, NOTHING_SAID, OWN_WORDS, UNSAID
from faultlab.policies.numbers import size_of
from faultlab.providers import Entry
from faultlab.providers.kinds import Judged, judged

__all__ = ["UNSAID", "Meant", "kind_of", "meaning_of"]


class Meant(NamedTuple):
    """A failure kind, None for a usable answer, or `UNSAID`; and what a failure of size names (contract C20)."""

    kind: str | None
    limit_tokens: int | None = None
    fits_max_tokens: int | None = None
    for_money: bool = False


def kind_of(
    faults: Fault | Sequence[Fault],
    provider: str,
    dialect: str,
    *,
    streamed: bool = False,
    max_tokens: int | None = None,
    estimate: int = 1000,
    window: int | None = None,
    has_calls: bool = True,
) -> str | None:
    """The failure kind of what these faults of one entry make of an answer, None for a usable one, or `UNSAID`."""
    asked = Asked(provider, dialect, streamed, max_tokens, estimate, window, has_calls)
    return meaning_of((faults,) if isinstance(faults, Fault) else faults, asked).kind


def meaning_of(faults: Sequence[Fault], asked: Asked) -> Meant:
    """The same with what a failure of size names."""
    telling = [fault for fault in faults if not _is_harmless(fault, asked)]
    if not telling:
        return _USABLE
    return _meaning(telling[0], asked) if len(telling) == 1 else _of_several(telling, asked)


_USABLE: Final = Meant(None)
_UNSAID: Final = Meant(UNSAID)
_PAUSES: Final = ("first_s", "event_every_s", "every_s")


def _is_harmless(fault: Fault, asked: Asked) -> bool:
    """Whether an answer survives it unchanged: it is late, and not too late."""
    longest_s = max(getattr(fault, name, None) or 0.0 for name in _PAUSES)
    return fault.name in LEAVES_WHOLE and longest_s <= asked.read_timeout_s


def _of_several(faults: Sequence[Fault], asked: Asked) -> Meant:
    """Who answers in the model's place leaves nothing to reword; what breaks bytes may break his too."""
    answering = next((fault for fault in faults if _answers(fault)), None)
    if answering is None:
        return _UNSAID
    others = [fault for fault in faults if not fault.rewords and not _answers(fault)]
    return _UNSAID if others and answering.drops() is None else _meaning(answering, asked)


def _answers(fault: Fault) -> bool:
    return type(fault).answer is not Fault.answer


def _meaning(fault: Fault, asked: Asked) -> Meant:
    if fault.name in BY_FIELDS:
        return Meant(BY_FIELDS[fault.name](fault, asked))
    if fault.name in BY_NAME:
        return Meant(BY_NAME[fault.name])
    if fault.name in NOTHING_SAID:
        return Meant("context_overflow" if asked.nearly_full else "invalid_response")
    return _of_entry(fault, asked)


def _of_entry(fault: Fault, asked: Asked) -> Meant:
    moment = asked.moment()
    entry = fault.entry(asked.dialect, moment.provider)
    if entry is None:
        return Meant(OWN_WORDS.get(fault.name, UNSAID))
    if isinstance(fault, Wire) and entry.streamed and entry.status == HTTPStatus.OK and not asked.streamed:
        return _USABLE
    rows = judged(entry.id)
    if any(row.kind in _SIZES for row in rows):
        stated = fault.stated(moment) if isinstance(fault, StatusFault) else {}
        size = size_of(entry, moment.occasion(stated))
        if size is not None:
            return Meant(*size)
    row = _row(entry, rows, asked)
    return _UNSAID if row is None else Meant(row.kind, for_money=row.for_money)


_SIZES: Final = frozenset({"context_overflow", "output_too_large"})


def _row(entry: Entry, rows: tuple[Judged, ...], asked: Asked) -> Judged | None:
    """The verdict that holds for this request; None where none does for sure."""
    if len(rows) <= 1:
        return None if asked.nearly_full and entry.status == HTTPStatus.OK else next(iter(rows), None)
    if "max_tokens" in rows[0].asked:
        return next((row for row in rows if (row.asked["max_tokens"] is None) == (asked.max_tokens is None)), None)
    full = [row for row in rows if row.asked["estimate"] >= NEARLY_FULL * row.asked["window"]]
    return next((row for row in rows if (row in full) == asked.nearly_full), None)
