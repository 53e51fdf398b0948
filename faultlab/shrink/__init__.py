"""A broken trial, made as small as it gets: the fewest things that still break the same invariant or policy line."""

from __future__ import annotations

from faultlab.shrink.reductions import reductions
from faultlab.shrink.search import MOST_TRIES, Shrunk, shrink

__all__ = ["MOST_TRIES", "Shrunk", "reductions", "shrink"]
