"""Who plays: an executor for as long as a campaign lasts, and in which pieces it is handed the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from faultlab.campaign.cluster import cluster, played_apart
from faultlab.campaign.work import Piece, Seen, most_s
from faultlab.campaign.workers import Here, Workers
from faultlab.subject import Subject

__all__ = ["Crew", "dask", "here", "processes"]

_AHEAD: Final = 4
"""Pieces that wait for each process, so that none waits for us."""

_DASK_AHEAD: Final = 64
"""Pieces that wait at a cluster of any size."""

_DASK_TRIALS: Final = 16
"""Of a piece: what travels costs as much as a run."""


@dataclass(frozen=True, slots=True)
class Crew:
    """`most` trials are a piece, and `ahead` pieces are handed out at a time: what is lost when this process ends."""

    executor: Callable[[], AbstractContextManager[Executor]]
    submit: Callable[[Executor, Piece], Future[list[Seen]]]
    most: int
    ahead: int


def here() -> Crew:
    """This process, one run after the other, without protection from what is under test."""
    return Crew(Here, _submit, 1, 1)


def processes(jobs: int, subject: Subject, patience_s: float | None = None) -> Crew:
    """So many processes of this machine, a run at a time.

    `patience_s` is what a run may take in real time; None: what one of this subject may.
    """
    bound_s = most_s(subject) if patience_s is None else patience_s
    return Crew(partial(_workers, jobs, bound_s), _submit, 1, _AHEAD * jobs)


def dask(address: str, subject: Subject) -> Crew:
    """A Dask cluster, whose workers have the same faultlab installed, and whatever is under test."""
    return Crew(partial(cluster, address), partial(_submit_apart, most_s(subject)), _DASK_TRIALS, _DASK_AHEAD)


def _submit(executor: Executor, piece: Piece) -> Future[list[Seen]]:
    return executor.submit(piece.play)


def _submit_apart(bound_s: float, executor: Executor, piece: Piece) -> Future[list[Seen]]:
    return executor.submit(played_apart, piece, bound_s)


@contextmanager
def _workers(jobs: int, bound_s: float) -> Iterator[Workers]:
    workers = Workers(jobs, bound_s)
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)
