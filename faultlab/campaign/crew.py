"""Who plays: an executor for as long as a campaign lasts, and in which pieces it is handed the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

from faultlab.campaign.child import GaveUp
from faultlab.campaign.cluster import cluster, done_apart
from faultlab.campaign.work import Job
from faultlab.campaign.workers import Here, Workers
from faultlab.errors import FaultlabError, HarnessError
from faultlab.runner import OUT_OF_MEMORY

__all__ = ["Crew", "dask", "done", "here", "processes"]

_AHEAD: Final = 4
"""Jobs that wait for each process, so that none waits for us."""

_DASK_AHEAD: Final = 64
"""Jobs that wait at a cluster of any size."""

_DASK_TRIALS: Final = 16
"""Of a piece: what travels costs as much as a run."""

_LOOK_S: Final = 0.1
"""How long nobody is asked whether to stop, when nothing else happens."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Crew:
    """`most` trials are a piece, and `ahead` jobs are handed out at a time: what is lost when this process ends.

    `patience_s` is what a run may take in real time; None: what one of its subject may.
    """

    executor: Callable[[], AbstractContextManager[Executor]]
    submit: Callable[[Executor, Job[Any]], Future[Any]]
    most: int
    ahead: int
    patience_s: float | None = None


def here() -> Crew:
    """This process, one run after the other, without protection from what is under test."""
    return Crew(Here, _submit, 1, 1)


def processes(jobs: int, patience_s: float | None = None) -> Crew:
    """So many processes of this machine, a run at a time."""
    return Crew(partial(_workers, jobs), _submit, 1, _AHEAD * jobs, patience_s)


def dask(address: str) -> Crew:
    """A Dask cluster, whose workers have the same faultlab installed, and whatever is under test."""
    return Crew(partial(cluster, address), _submit_apart, _DASK_TRIALS, _DASK_AHEAD)


def _submit(executor: Executor, job: Job[Any]) -> Future[Any]:
    return executor.submit(job)


def _submit_apart(executor: Executor, job: Job[Any]) -> Future[Any]:
    return executor.submit(done_apart, job)


@contextmanager
def _workers(jobs: int) -> Iterator[Workers]:
    workers = Workers(jobs)
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)


def done(jobs: Iterator[Job[_T]], executor: Executor, crew: Crew, beat: Callable[[], None]) -> Iterator[Sequence[_T]]:
    """What came of the jobs, as it comes; a few at a time are handed out. `beat` may end it by raising."""
    pending: dict[Future[Sequence[_T]], Job[_T]] = {}
    while True:
        for job in islice(jobs, crew.ahead - len(pending)):
            pending[crew.submit(executor, job)] = job
        if not pending:
            return
        ended, _ = wait(pending, _LOOK_S, FIRST_COMPLETED)
        for future in ended:
            yield _settled(future, pending.pop(future))
        beat()


def _settled(future: Future[Sequence[_T]], job: Job[_T]) -> Sequence[_T]:
    """What came of a job, or the trouble that there was."""
    try:
        return future.result()
    except GaveUp as why:
        return job.otherwise(str(why))
    except MemoryError:
        return job.otherwise(OUT_OF_MEMORY)
    except FaultlabError:
        raise
    except (Exception, CancelledError) as error:  # whatever an executor of somebody else's raises
        raise HarnessError(f"those who play could not go on: {type(error).__name__}: {error}") from error
