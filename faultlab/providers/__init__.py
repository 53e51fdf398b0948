"""What providers really send when something goes wrong: a catalogue of facts, each with its sources."""

from __future__ import annotations

from faultlab.providers.base import Provider, response
from faultlab.providers.catalogue import GENERIC, entries, find, generic, names, provider
from faultlab.providers.entry import Entry
from faultlab.providers.figures import Figures
from faultlab.providers.occasion import Occasion

__all__ = [
    "GENERIC",
    "Entry",
    "Figures",
    "Occasion",
    "Provider",
    "entries",
    "find",
    "generic",
    "names",
    "provider",
    "response",
]
