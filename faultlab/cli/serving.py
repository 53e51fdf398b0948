"""`faultlab serve`: the fake providers of scenarios on the loopback, for programs in any language."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

from faultlab.adapters.base import Router
from faultlab.adapters.control import Control
from faultlab.adapters.server import Server, told_to_end
from faultlab.cli.base import COULD_NOT_RUN, HELD, Session, named
from faultlab.errors import HarnessError
from faultlab.lab import Lab
from faultlab.policy import UPSTREAMS
from faultlab.runner import loader
from faultlab.scenario import Scenario
from faultlab.script import Reply, Script
from faultlab.served import Served, ServedUpstream
from faultlab.serving import SCENARIO_WORDS
from faultlab.shown import printable
from faultlab.signs import never_reached
from faultlab.targets.base import lab_for

__all__ = ["add_to", "serve"]

_DEFAULT: Final = "name: Healthy answers without end\nturns: [{user: hello}]\n"
_HEALTHY: Final = Reply("This is a made-up answer of a healthy model.")

_PORTS: Final = range(1 << 16)
_PIECE: Final = 4096

_ABOUT: Final = """\
Serves the providers that a scenario configures, with its answers and its faults, each at a port of its own on
127.0.0.1; without a scenario those of the default configuration, which are always healthy. A line on standard output,
one for each scenario, says that it is ready and where everything is. Below the control URL, GET trace tells what has
happened so far, POST script and POST reset say what happens next, and GET openapi.json describes all of it. It ends on
SIGINT or SIGTERM."""


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("serve", help="the fake providers on loopback sockets", description=_ABOUT)
    added.add_argument("paths", nargs="*", metavar="PATH", help="a file, or file::name for one scenario")
    added.add_argument("--json", action="store_true", help="each line is JSON, and tells the made-up keys too")
    added.add_argument("--overlay", metavar="FILE", type=Path, help="lay the keys of this file over every scenario")
    added.add_argument("--port", type=int, default=0, help="the first of the ports; any free ones if left out")
    added.add_argument(
        "--virtual-time", action="store_true", help="time moves only by POST clock, below the control URL"
    )
    added.add_argument(
        "--until-stdin-closes", action="store_true", help="end with standard input, as when whoever holds it has ended"
    )
    added.set_defaults(do=serve)


def serve(chosen: argparse.Namespace) -> int:
    """Serve until it is ended from outside; the exit code."""
    session = Session()
    scenarios: Sequence[Scenario | None] = [None]
    if chosen.paths:
        scenarios = named(chosen.paths, loader(chosen.overlay), session)
    if session.unreadable:
        return COULD_NOT_RUN
    labs = [_Lab(scenario, virtual_time=chosen.virtual_time) for scenario in scenarios]
    if chosen.port:
        _check_ports(chosen.port, sum(lab.ports for lab in labs))
    for sentence in (sentence for lab in labs for sentence in lab.left_out()):
        print(printable(sentence), file=sys.stderr)
    asyncio.run(_until_told(labs, chosen))
    for lab in labs:
        print(lab.summary(), file=sys.stderr)
    return HELD


class _Lab:
    """What is served of one scenario; None: answers of healthy models without end."""

    def __init__(self, scenario: Scenario | None, *, virtual_time: bool) -> None:
        self._scenario = scenario
        self._server: Server | None = None
        played = scenario or loader().read(_DEFAULT, "the default configuration")[0]
        self._played = played
        self._lab = lab_for(played, Lab(played.seed, virtual_time=virtual_time))
        if not list(self._lab):
            raise HarnessError(
                f"{played.node_id}: there is nothing to serve: no provider of its configuration can be asked"
            )
        if scenario is None:
            self._lab.stage.most_exchanges = None
            for provider in self._lab:
                provider.behind.script = Script([_HEALTHY], endless=True)

    def left_out(self) -> Iterator[str]:
        """Who is configured and not served, and why."""
        for name in UPSTREAMS:
            backend = self._played.policy.backend(name)
            if backend is None or name in self._lab:
                continue
            why = f"nobody knows the provider {backend.provider!r:.60}, and no base_url is stated"
            if backend.base_url:
                why = "its address, model and key are those of the other one"
            yield f"{self._played.node_id}: the {name} is not served: {why}"

    def server(self, port: int) -> Server:
        """Its upstreams and its control path, from this port on."""
        router = Router(provider.behind for provider in self._lab)
        control = Control(router, self._lab.stage, SCENARIO_WORDS)
        self._server = Server(router, self._lab.clock, port=port, control=control)
        return self._server

    def origins(self) -> list[str]:
        """Of all URLs, in the order of their ports."""
        urls = [url for one in self._lab for url in (one.base_url, one.behind.token_url) if url]
        return list(dict.fromkeys("/".join(url.split("/", 3)[:3]) for url in urls))

    @property
    def ports(self) -> int:
        """How many it takes: one for each origin, and one for the control path."""
        return len(self.origins()) + 1

    def served(self, server: Server) -> Served:
        """Where everything is."""
        upstreams = tuple(
            ServedUpstream(
                one.name, one.behind.provider, one.model, server.url_of(one.base_url), one.base_url, one.api_key
            )
            for one in self._lab
        )
        origins = {origin: server.url_of(origin) for origin in self.origins()}
        name = self._scenario.node_id if self._scenario else None
        return Served(os.getpid(), server.control, upstreams, origins, name)

    def summary(self) -> str:
        """What was asked, and what nobody asked for."""
        return "\n".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        count = len(self._lab.trace.exchanges)
        who = f"{self._scenario.node_id}: " if self._scenario else ""
        refused = self._server.refused_requests if self._server else 0
        unread = f", and refused {_counted(refused, 'request')} that nobody could read" if refused else ""
        yield f"{who}served {_counted(count, 'exchange')}{unread}"
        unexpected = [exchange for exchange in self._lab.trace.exchanges if exchange.unexpected]
        yield from dict.fromkeys(exchange.missed for exchange in unexpected if exchange.missed)
        unsaid = sum(exchange.missed is None for exchange in unexpected)
        if unsaid:
            yield f"{_counted(unsaid, 'request')} found no answer left: more was asked than `says` has answers for"
        for name, left in self._lab.unreached():
            yield never_reached(name, left)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _check_ports(first: int, count: int) -> None:
    for port in (first, first + count - 1):
        if port not in _PORTS:
            raise HarnessError(f"there is no port {port}, and {count} are taken from {first} on")


async def _until_told(labs: Sequence[_Lab], chosen: argparse.Namespace) -> None:
    """Serve them all until SIGINT or SIGTERM."""
    with told_to_end() as told:
        async with AsyncExitStack() as servers:
            port = chosen.port
            for lab in labs:
                server = await _opened(lab.server(port), servers)
                port += port and lab.ports
                served = lab.served(server)
                print(served.as_line() if chosen.json else served, flush=True)
            if chosen.until_stdin_closes:
                _when_stdin_closes(told)
            await told.wait()


async def _opened(server: Server, servers: AsyncExitStack) -> Server:
    try:
        return await servers.enter_async_context(server)
    except OSError as error:
        raise HarnessError(f"it cannot be served at these ports: {error.strerror}") from None


def _when_stdin_closes(told: asyncio.Event) -> None:
    """Whoever holds the other end may end without a word: so does what he has started."""
    loop, stdin = asyncio.get_running_loop(), sys.stdin
    if stdin is None:  # it was closed before we began
        told.set()
        return

    def wait() -> None:
        # What cannot be read is as good as closed.
        with suppress(OSError):
            while os.read(stdin.fileno(), _PIECE):
                pass
        # Somebody else may have ended it in the same moment.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(told.set)

    Thread(target=wait, daemon=True).start()
