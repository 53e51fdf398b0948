"""`faultlab faults`: what providers send, entry by entry, with its sources."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from inspect import cleandoc
from typing import Any, Final

from faultlab.cli.base import HELD
from faultlab.errors import UnknownName
from faultlab.faults import FAULTS
from faultlab.providers import Entry, entries, find, names, provider
from faultlab.providers.observed import observed
from faultlab.reports.catalogue import detail, document, page, table
from faultlab.reports.text import Style, style_for

__all__ = ["add_to", "faults"]

_UNCUT: Final = 10_000
"""Columns of a line that no terminal has to hold."""


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("faults", help="the catalogue: what each provider sends, and where that was seen")
    added.add_argument("name", nargs="?", metavar="NAME", help="an entry's id, a provider, or a fault; all if left out")
    form = added.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON document on standard output")
    form.add_argument("--markdown", action="store_true", help="the page of the documentation")
    added.set_defaults(do=faults)


def faults(chosen: argparse.Namespace) -> int:
    """Show what the arguments name; the exit code."""
    if chosen.name in FAULTS and not _of_fault(chosen.name) and not chosen.json:
        print(_own(chosen.name))
        return HELD
    found = _named(chosen.name)
    if chosen.json:
        print(document(found, {entry.id: observed(entry.id) for entry in found}))
    elif chosen.markdown:
        print(page(found), end="")
    elif chosen.name is not None and find(chosen.name) is not None:
        print(detail(found[0], observed(found[0].id), style_for(sys.stdout)))
    else:
        print(table(found, style_for(sys.stdout) if sys.stdout.isatty() else Style(_UNCUT)))
    return HELD


def _named(name: str | None) -> Sequence[Entry]:
    """The entries that a name means. Raises UnknownName."""
    if name is None:
        return entries()
    entry = find(name)
    if entry is not None:
        return (entry,)
    found = provider(name).entries or _of_fault(name)
    if not found and name not in FAULTS:
        own = provider(name.partition(".")[0]).entries if "." in name else ()
        known = own or (entries() if "." in name else ())
        raise UnknownName("provider, fault or entry", name, [each.id for each in known] or (*names(), *FAULTS))
    return found


def _of_fault(name: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries() if name in entry.faults)


def _own(name: str) -> str:
    """What a fault does that is nobody's in particular."""
    fault = FAULTS[name]
    taken = ", ".join(field.name for field in fields(fault)) or "none"
    own = "It is the same for every provider: the catalogue has no entry of it."
    return f"{name}\n{cleandoc(fault.__doc__ or '')}\n\nfields  {taken}\n\n{own}"
