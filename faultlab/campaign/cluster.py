"""The same pieces, handed to a Dask cluster that is there already.

A worker of it plays in a process of its own, trial by trial, as `Workers` does: the records are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from threading import local
from typing import Any, Final

from faultlab.campaign.child import GaveUp
from faultlab.campaign.work import Piece, Seen
from faultlab.campaign.workers import Workers
from faultlab.errors import HarnessError

__all__ = ["cluster", "played_apart"]

_CONNECT_S: Final = 10.0

_mine = local()
"""A cluster's worker may play in several threads, and only one lab may have a process."""


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor of the cluster whose scheduler has this address. Raises HarnessError if there is none."""
    try:
        from distributed import Client
    except ImportError:
        raise HarnessError("--dask: distributed is not installed; pip install 'faultlab[dask]' brings it") from None
    connect: Any = Client  # it has no types
    try:
        client = connect(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise HarnessError(f"--dask: no scheduler at {address}: {error}") from None
    with client:
        executor: Executor = client.get_executor(pure=False)
        yield executor


def played_apart(piece: Piece, most_s: float) -> list[Seen]:
    """What a cluster's worker does with a piece."""
    if getattr(_mine, "most_s", None) != most_s:
        _mine.workers, _mine.most_s = Workers(1, most_s), most_s
    return [seen for each in piece.singly() for seen in _or_trouble(each)]


def _or_trouble(piece: Piece) -> list[Seen]:
    workers: Any = _mine.workers
    try:
        played: list[Seen] = workers.submit(piece.play).result()
    except GaveUp as why:
        return piece.trouble(str(why))
    return played
