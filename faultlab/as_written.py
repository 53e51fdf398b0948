"""What a test writes of an upstream, as the parts that an upstream is made of. Sets nothing up.

What is easily written by mistake is refused with a sentence that says what was meant.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from faultlab.adapters.cassette.reading import read_cassette
from faultlab.cassette import Replay
from faultlab.dialects import DIALECTS
from faultlab.errors import HarnessError, UnknownName
from faultlab.faults import FAULTS, Fault
from faultlab.nearest import did_you_mean
from faultlab.providers import Provider, names, provider
from faultlab.schedule import OK, Entry, Schedule
from faultlab.script import Reply, Script

__all__ = ["Planned", "address_of", "answers", "plan"]

Planned = Entry | Fault | tuple[Fault, int | None] | Literal["ok"]
"""What goes wrong with a request, or with so many; `ok`: nothing does."""


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
    if isinstance(says, str | Reply):
        raise HarnessError(f"says: a list of answers, as in says=[{says!r:.60}]")
    return Script([_reply(each) for each in says]), None if cassette is None else Replay(
        read_cassette(cassette), match_on
    )


def _reply(given: Reply | str) -> Reply:
    if isinstance(given, Reply):
        return given
    if not isinstance(given, str):
        raise HarnessError(f"says: each a text or a Reply, not {given!r:.60}")
    return Reply(given)


def plan(faults: Sequence[Planned], name: str) -> Schedule:
    """What goes wrong there. Raises HarnessError for a fault that this provider cannot send."""
    if isinstance(faults, Fault | Entry | str):
        raise HarnessError(f"faults: a list, as in faults=[{_constructor(faults)}]")
    entries = [_entry(each) for each in faults]
    for fault in (fault for entry in entries for fault in entry.faults):
        _refuse_misfit(fault, provider(name))
    return Schedule(entries)


def _refuse_misfit(fault: Fault, sender: Provider) -> None:
    """Raise HarnessError if the fault can be sent to neither API in this provider's name."""
    reasons = [fault.fits(call, sender) for call in DIALECTS]
    if all(reasons):
        raise HarnessError(f"{fault.name}: {reasons[0]}")


def _entry(given: object) -> Entry:
    match given:
        case Entry():
            return given
        case Fault():
            return Entry((given,))
        case "ok":
            return OK
        case (Fault() as fault, int() | None as times) if not isinstance(times, bool):
            return _repeated(fault, times)
    raise HarnessError(f"faults: each a fault, (fault, how many requests) or 'ok', not {given!r:.60}{_meant(given)}")


def _repeated(fault: Fault, times: int | None) -> Entry:
    try:
        return Entry((fault,), times)
    except ValueError as error:
        raise HarnessError(f"faults: {fault.name}: {error}") from None


def _meant(given: object) -> str:
    """What was meant in all likelihood, as a question."""
    if isinstance(given, type) and issubclass(given, Fault):
        return f"; did you mean faults.{given.name}()?"
    if isinstance(given, str):
        return f"; did you mean faults.{given}()?" if given in FAULTS else did_you_mean(given, list(FAULTS))
    return ""


def _constructor(given: object) -> str:
    return f"faults.{given if isinstance(given, str) else getattr(given, 'name', 'reset')}(...)"
