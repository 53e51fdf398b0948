"""What a campaign has met of all that its configuration can meet, in numbers; counted from its results alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from faultlab.coverage import DIMENSIONS, possible
from faultlab.errors import FaultlabError
from faultlab.passes.variants import variants
from faultlab.results import About
from faultlab.runner import loader
from faultlab.scenario import Scenario

__all__ = ["Covered", "covered_of"]

_ENTRANCE = DIMENSIONS.index("entrance")


@dataclass(frozen=True, slots=True)
class Covered:
    """`cells` are all, `missing` those that no run met. `unknown` is why neither can be said."""

    cells: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: str = ""
    dimensions: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """Name → word → how many of its cells were met, and how many there are."""


def covered_of(about: About, met: Collection[str]) -> Covered:
    """How much was met of what this configuration can meet; other ways to ask count where some run asked so."""
    try:
        healthy = loader().read(about.config, about.shown)[0]
    except FaultlabError as error:
        return Covered(unknown=f"coverage is not known: the configuration cannot be read any more: {error}")
    cells = _cells(healthy, met)
    missing = tuple(cell for cell in cells if cell not in met)
    return Covered(cells, missing, dimensions=_by_dimension(cells, set(missing)))


def _cells(healthy: Scenario, met: Collection[str]) -> tuple[str, ...]:
    entrances = sorted({cell.split("|")[_ENTRANCE] for cell in met})
    own = possible((healthy,), entrances)
    return own if set(met) <= set(own) else possible(variants(healthy), entrances)


def _by_dimension(cells: Collection[str], missing: Collection[str]) -> dict[str, dict[str, tuple[int, int]]]:
    words = [list(column) for column in zip(*(cell.split("|") for cell in cells), strict=True)]
    met = [cell not in missing for cell in cells]
    told = {}
    for name, column in zip(DIMENSIONS, words, strict=False):
        total = Counter(column)
        hit = Counter(word for word, is_met in zip(column, met, strict=True) if is_met)
        told[name] = {word: (hit[word], count) for word, count in total.items()}
    return told
