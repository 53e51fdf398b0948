"""What a test writes of an upstream, as the parts that an upstream is made of. Sets nothing up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from faultlab.adapters.cassette.reading import read_cassette
from faultlab.cassette import Replay
from faultlab.dialects import DIALECTS
from faultlab.errors import HarnessError, UnknownName
from faultlab.faults import Fault
from faultlab.providers import Provider, names, provider
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script

__all__ = ["address_of", "answers", "plan"]


def address_of(name: str, base_url: str | None) -> str:
    """Where an upstream stands; made up for a provider whose address is its customer's own, as Azure's is."""
    if base_url:
        return base_url
    known = provider(name)
    if not known.entries:
        raise UnknownName("provider", name, names())
    return known.base_url if known.base_url and "<" not in known.base_url else f"https://api.{name}.example/v1"


def answers(
    says: Sequence[Reply | str], cassette: str | Path | None, match_on: Collection[str]
) -> tuple[Script, Replay | None]:
    """Where its healthy answers come from."""
    if says and cassette is not None:
        raise HarnessError("an upstream answers from what it `says` or from a `cassette`, not from both")
    replies = [Reply(each) if isinstance(each, str) else each for each in says]
    return Script(replies), None if cassette is None else Replay(read_cassette(cassette), match_on)


def plan(faults: Sequence[Entry | Fault | tuple[Fault, int]], name: str) -> Schedule:
    """What goes wrong there. Raises HarnessError for a fault that this provider cannot send."""
    entries = [_entry(each) for each in faults]
    for fault in (fault for entry in entries for fault in entry.faults):
        _refuse_misfit(fault, provider(name))
    return Schedule(entries)


def _refuse_misfit(fault: Fault, sender: Provider) -> None:
    """Raise HarnessError if the fault can be sent to neither API in this provider's name."""
    reasons = [fault.fits(call, sender) for call in DIALECTS]
    if all(reasons):
        raise HarnessError(f"{fault.name}: {reasons[0]}")


def _entry(given: Entry | Fault | tuple[Fault, int]) -> Entry:
    if isinstance(given, Entry):
        return given
    return Entry((given,)) if isinstance(given, Fault) else Entry((given[0],), given[1])
