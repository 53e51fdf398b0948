"""The same pieces, handed to a Dask cluster that is there already.

A worker of it plays in a process of its own, trial by trial, as `Workers` does: the records are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from threading import local
from typing import Any, Final, TypeVar

from faultlab.campaign.child import GaveUp
from faultlab.campaign.work import Job
from faultlab.campaign.workers import Workers
from faultlab.errors import HarnessError

__all__ = ["cluster", "done_apart"]

_CONNECT_S: Final = 10.0

_T = TypeVar("_T")

_mine = local()
"""A cluster's worker may play in several threads, and only one lab may have a process."""


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor of the cluster whose scheduler has this address. Raises HarnessError if there is none."""
    try:
        import distributed
    except ImportError:
        raise HarnessError("--dask: distributed is not installed; pip install 'faultlab[dask]' brings it") from None
    dask: Any = distributed  # it has no types
    if address.startswith("tls://") and dask.Security().get_connection_args("client")["ssl_context"] is None:
        raise HarnessError("--dask: tls needs certificates: distributed.comm.tls in Dask's own configuration")
    try:
        client = dask.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise HarnessError(f"--dask: no scheduler at {address}: {error}") from None
    with client:
        executor: Executor = client.get_executor(pure=False)
        yield executor


def done_apart(job: Job[_T]) -> list[_T]:
    """What a cluster's worker does with a job."""
    return [done for part in job.parts() for done in _done(part)]


def _done(part: Job[_T]) -> Sequence[_T]:
    if not hasattr(_mine, "workers"):
        _mine.workers = Workers(1)
    workers: Workers = _mine.workers
    try:
        return workers.submit(part).result()
    except GaveUp as why:
        return part.otherwise(str(why))
