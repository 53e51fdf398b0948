"""Executors: processes of this machine, and this process itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, Final, TypeVar

from faultlab.campaign.child import Child
from faultlab.campaign.work import Job

__all__ = ["Here", "Workers"]

_MOST_S: Final = 60.0
"""Of real time, for any other call."""

_T = TypeVar("_T")


class Here(Executor):
    """This process: each call is made before `submit` returns. Nothing protects it from what is under test."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Make the call."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # whoever reads the result gets it
            future.set_exception(error)
        return future


class _Call:
    """A function with its arguments, on the way to a process."""

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._fn = fn
        self._args = args
        self._kwargs = kwargs

    @property
    def most_s(self) -> float:
        """Of real time; a job has a bound of its own."""
        return self._fn.most_s if isinstance(self._fn, Job) else _MOST_S

    def __call__(self) -> Any:
        return self._fn(*self._args, **self._kwargs)


class Workers(Executor):
    """So many processes of this machine, each of which has one call at a time, and is replaced when it ends amid one.

    A call that takes longer than it may, or ends its process twice, raises GaveUp; the others never notice.
    """

    def __init__(self, jobs: int) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], _Call] | None] = SimpleQueue()
        self._over = Event()
        self._threads = [Thread(target=self._work, args=(Child(self._over),), daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Have the call made by whoever is free first."""
        future: Future[_T] = Future()
        self._calls.put((future, _Call(fn, args, kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End them: at once with `cancel_futures`, else when all calls are made."""
        if cancel_futures:
            self._over.set()
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _work(self, child: Child) -> None:
        while (handed := self._calls.get()) is not None:
            future, call = handed
            if self._over.is_set():
                future.cancel()
            if future.set_running_or_notify_cancel():
                _settle(future, child, call)
        child.end()


def _settle(future: Future[Any], child: Child, call: _Call) -> None:
    try:
        future.set_result(child.ask(call, call.most_s))
    except Exception as error:  # noqa: BLE001  # whoever reads the result gets it
        future.set_exception(error)
