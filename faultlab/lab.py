"""A lab: fake providers that share one clock and one record, and clients that talk to them.

Builds, wires and, once entered, undoes; what the parts do is their own business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self, TypeVar

from faultlab.adapters.base import Router
from faultlab.adapters.cassette.in_process import recording
from faultlab.adapters.cassette.recorder import Recorder
from faultlab.adapters.transport import async_transport, installed_library, transport
from faultlab.as_written import Planned, address_of, answers, plan
from faultlab.cassette import MATCHED_BY_DEFAULT
from faultlab.clock import SystemClock, VirtualClock
from faultlab.environment import kept, leading_to
from faultlab.errors import HarnessError, NotAsPlanned
from faultlab.failover import FailoverTrace
from faultlab.fake_provider import FakeProvider
from faultlab.lasting import Lasting
from faultlab.limits import Limits
from faultlab.made_up import drawing_from
from faultlab.schedule import Unreached
from faultlab.script import Reply
from faultlab.shown import without
from faultlab.signs import host_refused, never_ended, never_played, never_reached, never_said, not_as_planned
from faultlab.timeline import steps_of
from faultlab.timetable import table
from faultlab.upstream import Stage, Upstream
from faultlab.virtual_time import trio_clock, virtual_time

__all__ = ["Lab"]

_T = TypeVar("_T")


class Lab:
    """The upstreams of one test, by name. With `virtual_time`, waiting costs nothing and moves the lab's clock.

    Entered, by `with` or `async with`, it moves its clock whenever this process sleeps, begins the process's own
    `random` at its seed, and ends what was begun on it; then it checks that all came about as planned, unless an
    exception is on its way. Not entered, it claims nothing of the process. `unused_replies`: an answer that nobody
    asked for is not as planned either.
    """

    def __init__(self, seed: int = 0, *, virtual_time: bool = True, unused_replies: bool = False) -> None:
        self.clock: VirtualClock | SystemClock = VirtualClock() if virtual_time else SystemClock()
        self._trace = FailoverTrace()
        self.stage = Stage(self.clock, self._trace, seed)
        self._trace.owners = self.stage.owners
        self.unused_replies = unused_replies
        self._providers: dict[str, FakeProvider] = {}
        self._router = Router(())
        self._server: Any = None
        self._undo: ExitStack | None = None

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()
        if error is None:
            self.check()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def begin(self) -> None:
        """Take over what a lab takes over of its process; for whoever has a use for it other than a block."""
        if self._undo is not None:
            raise HarnessError("this lab is entered already")
        with ExitStack() as undo:
            if isinstance(self.clock, VirtualClock):
                undo.enter_context(virtual_time(self.clock))
                # The jitter of a client's waits comes from the process's chance: the same seed, the same trace.
                undo.enter_context(drawing_from(self.stage.seed))
            self._undo = undo.pop_all()

    def end(self) -> None:
        """Undo all that this lab did to the process, last things first; judges nothing."""
        undo, self._undo = self._undo, None
        if undo is not None:
            undo.close()

    def check(self) -> None:
        """Raise NotAsPlanned unless all came about that was planned, and nothing else."""
        signs = self.signs()
        if signs:
            raise NotAsPlanned(signs, without(self.stage.secrets, self.timeline()))

    def timeline(self) -> str:
        """What happened so far, as a table: who was asked, what was sent, what the client saw, what it did then."""
        return "\n".join(table(steps_of(self.trace)))

    def signs(self) -> tuple[str, ...]:
        """What is not as planned, in sentences."""
        return tuple(without(self.stage.secrets, sign) for sign in self._signs())

    def _signs(self) -> Iterator[str]:
        yield from not_as_planned(self.trace)
        for url in dict.fromkeys(self.refused):
            yield host_refused(url, sorted({provider.base_url for provider in self}))
        yield from never_ended(self.clock.without_end)
        for name, left in self.unreached():
            yield never_reached(name, left, "test")
        for provider in self if self.unused_replies else ():
            yield from never_said(provider.name, provider.behind.script.left)
            yield from never_played(provider.name, provider.behind.replay.left if provider.behind.replay else ())

    def _lasting(self, context: AbstractContextManager[_T]) -> Lasting[_T]:
        """For a `with`; on an entered lab begun at once, and ended with the lab at the latest."""
        return Lasting(context, self._undo)

    @property
    def trace(self) -> FailoverTrace:
        """All exchanges, in order, and what one asks of a fallback."""
        return self._trace

    @property
    def refused(self) -> list[str]:
        """URLs that somebody asked for and nobody stands for."""
        return self._router.refused

    def unreached(self) -> Iterator[tuple[str, Unreached]]:
        """What was planned and has not come about, with the upstream's name."""
        for provider in self:
            for left in provider.behind.schedule.unreached():
                yield provider.name, left

    def __getitem__(self, name: str) -> FakeProvider:
        try:
            return self._providers[name]
        except KeyError:
            raise HarnessError(
                f"no upstream called {name!r}; there are: {', '.join(self._providers) or 'none'}"
            ) from None

    def __contains__(self, name: str) -> bool:
        return name in self._providers

    def __iter__(self) -> Iterator[FakeProvider]:
        return iter(self._providers.values())

    def upstream(  # noqa: PLR0913  # each is one thing that an upstream can be given
        self,
        provider: str,
        *,
        name: str | None = None,
        model: str | None = None,
        says: Sequence[Reply | str] = (),
        faults: Sequence[Planned] = (),
        limits: Limits | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        cassette: str | Path | None = None,
        match_on: Collection[str] = MATCHED_BY_DEFAULT,
    ) -> FakeProvider:
        """Set up a fake provider: what it says, and what goes wrong with so many requests.

        `faults` are used up in order, one per request: a fault, `(fault, 3)` for three requests, `(fault, None)` for
        all that come. `cassette` is a file of recorded traffic that it answers from, in place of `says`; `match_on`
        tells what must be equal for that: `method`, `path` (below the base URL), `query`, `host`, `body`.
        Without a `base_url` it is one that the catalogue knows, where it really is: what an application sends there by
        default is for this one. Errors of another one have the shape that most share. `api_key` is the application's
        own; without one there is a made-up one, for the application to be given.
        Raises UnknownName, and HarnessError for a fault that this provider cannot send.
        """
        address, schedule = address_of(provider, base_url), plan(faults, provider)
        script, replay = answers(says, cassette, match_on)
        upstream = Upstream(
            name or provider,
            provider,
            address,
            self.stage,
            model=model,
            api_key=api_key or "",
            script=script,
            replay=replay,
            schedule=schedule,
            limits=limits or Limits(),
        )
        return self.add(upstream)

    def add(self, upstream: Upstream) -> FakeProvider:
        """Set up an upstream that was made for this lab's stage."""
        if upstream.name in self._providers:
            raise HarnessError(
                f"there is an upstream called {upstream.name!r} already: give one of them another `name`"
            )
        self._providers[upstream.name] = FakeProvider(upstream, self)
        self._trace.upstreams[upstream.name] = upstream.base_url
        self._router.add(upstream)
        if self._server is not None:
            self._server.take_in(upstream)
        return self._providers[upstream.name]

    def transport(self, module: ModuleType | None = None) -> Any:
        """A transport to every upstream of this lab, for the library that is given."""
        return transport(self._router, self.clock, module)

    def async_transport(self, module: ModuleType | None = None) -> Any:
        """The same for asynchronous clients."""
        return async_transport(self._router, self.clock, module)

    def serve(self, *, tls: Collection[str] = ()) -> Lasting[Any]:
        """Meanwhile every upstream is also served on the loopback, at its `served_url`; pauses there are real ones.

        For a `with`; on an entered lab a plain call will do, until the lab ends. What this gives has a `control` path,
        which steers the lab from any language. `tls` names those that are served by https, with a certificate that its
        `ca_pem` vouches for. One that is set up later is served as well.
        """
        return self._lasting(self._serving(tls))

    def intercept(self, *, allow: Collection[str] = (), allow_loopback: bool = False) -> Lasting[None]:
        """Meanwhile every HTTP client of the process, whoever built it, is answered by the upstreams of this lab.

        For a `with`; on an entered lab a plain call will do, until the lab ends. What no upstream stands for is
        refused, and stands in `refused`: nothing leaves the machine. `allow` names hosts that may be reached all the
        same, as `localhost:8000`; `allow_loopback`: all that is on this machine.
        """
        from faultlab.adapters.intercept import intercepting  # a lab that serves or hands out clients needs none of it

        return self._lasting(intercepting(self._router, self.clock, allow=allow, allow_loopback=allow_loopback))

    @contextmanager
    def _serving(self, tls: Collection[str]) -> Iterator[Any]:
        from faultlab.serving import serving  # asyncio takes as long as all the rest

        with serving(self._router, self.stage, tls) as served:
            self._server = served
            try:
                yield served
            finally:
                self._server = None

    def record(
        self, path: str | Path, *, allow: Collection[str] | None = None, overwrite: bool = False
    ) -> Lasting[Recorder]:
        """Meanwhile what this process asks of real hosts goes out, and into a cassette, without what is secret in it.

        For a `with`; on an entered lab a plain call will do, until the lab ends. `allow`: the hosts that may be asked
        (None: any). Raises HarnessError if something stands in that file already, unless it is to be `overwrite`n, and
        in virtual time: a real answer takes real time.
        """
        if self._undo is not None and isinstance(self.clock, VirtualClock):
            raise HarnessError("a recording takes real time: Lab(virtual_time=False)")
        return self._lasting(recording(path, allow, self.refused.append, overwrite=overwrite))

    def trio_clock(self) -> Any:
        """For `trio.run(..., clock=lab.trio_clock())`: trio's tasks live by this lab's clock."""
        if isinstance(self.clock, SystemClock):
            raise HarnessError("this lab lives by the machine's own time, and so does trio")
        return trio_clock(self.clock)

    def served(self, url: str) -> str:
        """Where a URL of an upstream is served."""
        served: str = self._serving_now().url_of(url)
        return served

    def environ(self, upstream: str | None = None) -> dict[str, str]:
        """The whole environment of a child process that is to ask the served upstreams, and nobody else.

        OPENAI_BASE_URL and OPENAI_API_KEY are those of `upstream`: the primary if left out, or without one the first
        that was set up. Every upstream has its FAULTLAB_<NAME>_BASE_URL, _API_KEY and _MODEL, the control path is at
        FAULTLAB_CONTROL_URL. Of this process's own variables it holds what a program needs to start, such as PATH, and
        no credential. Raises HarnessError when the lab is not served.
        """
        return {**kept(), **self._told_beside(), **leading_to(self, upstream)}

    def _told_beside(self) -> dict[str, str]:
        """What a child process has to know beside where its models are."""
        told: dict[str, str] = self._serving_now().environ()
        return told

    def _serving_now(self) -> Any:
        if self._server is None:
            raise HarnessError("nothing is served: `with lab.serve():` serves the upstreams of the lab")
        return self._server

    def http_client(self) -> Any:
        """A client of the library that the installed openai uses; redirects are not followed."""
        return installed_library().Client(transport=self.transport())

    def async_http_client(self) -> Any:
        """The same, asynchronous."""
        return installed_library().AsyncClient(transport=self.async_transport())
