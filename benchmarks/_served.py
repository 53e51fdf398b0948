"""What the server is measured on: it and its floor, each a child process on a core of its own."""

import asyncio
import contextlib
import gc
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from faultlab.adapters.base import Router
from faultlab.adapters.framing import Framing
from faultlab.adapters.http1 import Asking
from faultlab.adapters.server import Server
from faultlab.clock import SystemClock
from faultlab.faults import Fault
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script, ToolCall
from faultlab.upstream import Stage, Upstream
from faultlab.wire import Data, Head, Request

CORES = sorted(os.sched_getaffinity(0))
Figure = tuple[str, float, str, float]
"""Name, measured, how it stands to its target, target."""

BASE_URL = "https://api.openai.com/v1"
REPLY = Reply("It is noon.")
LONG = Reply("", (ToolCall("terminal", '{"command": "%s"}' % ("x" * 80)),) * 800)
"""Some ten thousand events when it is streamed."""

BODY = '{"model":"gpt-5.1","messages":[{"role":"user","content":"What is the time?"}],"stream":%s}'
HEAD = """POST %s/chat/completions HTTP/1.1
Host: 127.0.0.1
Accept-Encoding: gzip, deflate
Connection: keep-alive
Accept: application/json
Content-Type: application/json
User-Agent: OpenAI/Python 3.57.0
X-Stainless-Lang: python
X-Stainless-Package-Version: 3.57.0
X-Stainless-OS: Linux
X-Stainless-Arch: x64
X-Stainless-Runtime: CPython
X-Stainless-Runtime-Version: 3.11.7
Authorization: Bearer sk-made-up
X-Stainless-Async: false
X-Stainless-Retry-Count: 0
X-Stainless-Read-Timeout: 600
Content-Length: %d

"""


def request(*, streamed: bool = False) -> bytes:
    """As the real client sends it."""
    body = BODY % str(streamed).lower()
    return (HEAD % ("/v1", len(body))).replace("\n", "\r\n").encode() + body.encode()


def upstream(stage: Stage, url: str, chosen: tuple[Fault | None, ...], reply: Reply) -> Upstream:
    """One that goes wrong as chosen, and has something to say for ever."""
    schedule = Schedule([Entry((fault,) if fault else ()) for fault in chosen])
    script = Script([reply] * 100_000)
    return Upstream(url, "openai", url, stage, script=script, schedule=schedule)


def pieces(reply: Reply, *, streamed: bool) -> list[bytes]:
    """The bytes of an answer, as the server sends them one by one."""
    body = request(streamed=streamed).partition(b"\r\n\r\n")[2]
    asked = Request("POST", f"{BASE_URL}/chat/completions", {}, body)
    framing, sent = Framing(Asking("POST", "/", ())), []
    for event in upstream(Stage(SystemClock()), BASE_URL, (), reply).answer(asked).events:
        if isinstance(event, Head):
            framing.open(event, keeps_alive=True)
        elif isinstance(event, Data):
            sent.append(framing.send(event.data))
    return [*sent, framing.end()]


class Bare(asyncio.Protocol):
    """The floor: the same bytes whatever is asked, and whenever something comes."""

    whole = pieces(REPLY, streamed=False)
    stream = pieces(LONG, streamed=True)

    def connection_made(self, transport: Any) -> None:
        """Somebody asks."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Whatever was asked."""
        for piece in self.stream if b'"stream":true' in data else self.whole:
            self.transport.write(piece)


class Log(logging.Handler):
    """Whatever anybody complains of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append(record.getMessage())


def bare(pipe: Connection) -> None:
    """Serve the floor until told to stop."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Bare, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever)
    thread.start()
    pipe.send([server.sockets[0].getsockname()[1]])
    while pipe.recv():
        pipe.send(None)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def ours(pipe: Connection, upstreams: dict[str, tuple[Fault | None, ...]], reply: Reply) -> None:
    """Serve until told to stop; tell what was in the trace whenever asked, and empty it."""
    log = Log()
    logging.getLogger().addHandler(log)
    sys.unraisablehook = lambda broken: log.lines.append(repr(broken))
    stage = Stage(SystemClock(), most_exchanges=None)
    router = Router([upstream(stage, url, chosen, reply) for url, chosen in upstreams.items()])
    with Server(router, stage.clock).in_thread() as server:
        pipe.send([int(server.url_of(url).split(":")[2].split("/")[0]) for url in upstreams])
        while pipe.recv():
            with stage.trace.lock:
                exchanges, stage.trace.exchanges[:] = stage.trace.exchanges[:], []
            told = len(exchanges), sum(exchange.ended_s > 0 for exchange in exchanges)
            del exchanges
            gc.collect()
            pipe.send((*told, resident(), log.lines))


def resident() -> int:
    """Bytes of memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def child(serve: Callable[..., None], *more: object) -> Iterator[tuple[list[int], Callable[[], Any]]]:
    """A server in a process of its own: its ports, and what it tells when it is asked."""
    pipe, other = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=pinned, args=(serve, other, *more))
    process.start()

    def tell() -> Any:
        pipe.send(True)
        return pipe.recv()

    try:
        yield pipe.recv(), tell
    finally:
        pipe.send(False)
        process.join()


def pinned(serve: Callable[..., None], pipe: Connection, *more: object) -> None:
    """On the server's core."""
    os.sched_setaffinity(0, {CORES[-1]})
    serve(pipe, *more)


def told(figures: list[Figure]) -> int:
    """Print each figure beside its target; 1 if one is missed."""
    for name, measured, sign, target in figures:
        print(f"{name:57} {measured:6.2f}   target {sign} {target}")
    return int(any(measured > target if sign == "≤" else measured < target for _, measured, sign, target in figures))
