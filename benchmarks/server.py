"""What the server costs, beside a bare `asyncio.Protocol` that sends constant bytes, in one run; and what it keeps.

Both are child processes on one core, asked in turn from another by plain sockets; the middle one of many short rounds
counts, in which the machine treats both alike. The trace is emptied between rounds, since it grows by design; what was
in it is counted then.
"""

import asyncio
import contextlib
import gc
import logging
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from faultlab import faults
from faultlab.adapters.base import Router
from faultlab.adapters.framing import Framing
from faultlab.adapters.http1 import Asking
from faultlab.adapters.server import Server
from faultlab.clock import SystemClock
from faultlab.faults import Events, Fault, Moment
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script, ToolCall
from faultlab.upstream import Stage, Upstream
from faultlab.wire import Data, Drop, DropKind, Head, Request

ROUNDS, REQUESTS, STREAMS = 16, 1000, 3
MIXED, AT_ONCE = 10_002, 200
HANGS_UP_AFTER_S = 1.0

BASE_URL = "https://api.openai.com/v1"
OTHER_URL = "https://api.openai.example/v1"
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


# The children.


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


CORES = sorted(os.sched_getaffinity(0))
Figure = tuple[str, float, str, float]
"""Name, measured, how it stands to its target, target."""


# The client.


def asked(port: int, sent: bytes, length: int, times: int) -> list[float]:
    """Seconds that each answer took, on one connection."""
    took, buffer = [], bytearray(1 << 18)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times):
            left, started = length, time.perf_counter()
            client.sendall(sent)
            while left:
                left -= client.recv_into(buffer)
            took.append(time.perf_counter() - started)
    return took


def compared(port: int, floor: int, tell: Callable[[], Any], ask: Callable[[int], float]) -> tuple[float, float]:
    """Ours and the floor, of the round in the middle; one round of both goes before, to warm up."""
    rounds = []
    for _ in range(ROUNDS + 1):
        rounds.append((ask(port), ask(floor)))
        tell()
    return sorted(rounds[1:], key=lambda pair: pair[0] / pair[1])[ROUNDS // 2]


def median(times: list[float]) -> float:
    """Of a round."""
    return sorted(times)[len(times) // 2]


def speed() -> list[Figure]:
    """Of a healthy answer, and of a stream."""
    length = sum(map(len, Bare.whole))
    with child(bare) as ((floor,), _), child(ours, {BASE_URL: ()}, REPLY) as ((port,), tell):
        mine, bares = compared(port, floor, tell, lambda at: median(asked(at, request(), length, REQUESTS)))
    print(f"server: a healthy answer in {mine * 1e6:.0f} µs (p50), bare {bares * 1e6:.0f} µs")
    length, sent, events = sum(map(len, Bare.stream)), request(streamed=True), len(Bare.stream) - 1
    with child(bare) as ((floor,), _), child(ours, {BASE_URL: ()}, LONG) as ((port,), tell):
        slow, fast = compared(port, floor, tell, lambda at: min(asked(at, sent, length, STREAMS)))
    print(f"server: a stream of {events:,} events at {events / slow:,.0f} a second, bare {events / fast:,.0f}")
    return [
        ("server: p50 of a healthy answer / bare", mine / bares, "≤", 2.0),
        ("server: events of a stream a second / bare", fast / slow, "≥", 0.5),
    ]


# Faults of all sorts, many at a time.


@dataclass(frozen=True, slots=True)
class Dropped(Fault):
    """What no fault plays, but a provider's catalogue may."""

    kind: DropKind

    def answer(self, _request: Request, _moment: Moment) -> Events:
        """The one event."""
        return (Drop(self.kind),)

    def drops(self) -> DropKind:
        """What it is."""
        return self.kind


KEPT = (
    None,
    faults.rate_limit(retry_after_s=1),
    faults.server_error(),
    faults.not_json(),
    faults.slow(first_s=0.01),
    faults.slow(event_every_s=0.005),
    faults.drip(),
    faults.stall(for_s=0.02),
    faults.missing_end(),
    faults.error_event(),
    faults.truncated(),
    faults.cut(),
    faults.reset(),
    faults.disconnected(),
    faults.half_closed(),
    faults.stall(),
    faults.read_timeout(),
)
"""What connections that are used again can meet."""

FRESH = (
    *KEPT,
    *(
        Dropped(kind)
        for kind in (DropKind.CLOSED_AT_ONCE, DropKind.UPLOAD_RESET, DropKind.NOT_HTTP, DropKind.PROXY_502)
    ),
)
"""And those that are made anew. Who is refused or not answered is not let in at all: there the kernel is measured."""


async def ask(port: int, *, keeps: bool) -> int:
    """How many requests were sent on one connection: until something goes wrong, or nobody says anything any more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    with contextlib.suppress(OSError, EOFError, TimeoutError):
        while sent < (5 if keeps else 1):
            sent += 1
            writer.write(request(streamed=sent % 2 == 0 or not keeps))
            await asyncio.wait_for(answer(reader), HANGS_UP_AFTER_S)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return sent


async def answer(reader: asyncio.StreamReader) -> None:
    """Read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length: " in head:
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    else:
        await reader.readuntil(b"\r\n0\r\n\r\n")
    if b"connection: close" in head:
        raise EOFError


async def third(ports: list[int]) -> int:
    """A third of the load: so many requests, about, were sent."""
    most, sent = MIXED // 3, 0

    async def work(number: int) -> None:
        nonlocal sent
        while sent < most:
            keeps = number % 2 == 0
            more = await ask(ports[not keeps], keeps=keeps)
            sent += more

    await asyncio.gather(*(work(number) for number in range(AT_ONCE)))
    await asyncio.sleep(HANGS_UP_AFTER_S)
    return sent


def endurance() -> list[Figure]:
    """What is left of ten thousand requests."""
    upstreams = {BASE_URL: KEPT * 1000, OTHER_URL: FRESH * 1000}
    with child(ours, upstreams, REPLY) as (ports, tell):
        runs = [(asyncio.run(third(ports)), *tell()) for _ in range(3)]
    sent, traced, ended, memory, logs = zip(*runs, strict=True)
    print(f"server: {sum(sent):,} requests, {AT_ONCE} at a time; in the trace {sum(traced):,}, ended {sum(ended):,}")
    print(
        f"server: {memory[0] >> 10:,} KiB after a third of them, {memory[-1] >> 10:,} KiB at the end; the trace emptied"
    )
    for line in logs[-1]:
        print(f"server: logged: {line}")
    return [
        ("server: requests that are not in the trace, or not ended", sum(sent) * 2 - sum(traced) - sum(ended), "≤", 0),
        ("server: lines in the log", len(logs[-1]), "≤", 0),
        ("server: memory at the end / after a third", max(memory[-1] / memory[0], memory[0] / memory[-1]), "≤", 1.05),
    ]


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    os.sched_setaffinity(0, {CORES[0]})
    figures = [*speed(), *endurance()]
    for name, measured, sign, target in figures:
        print(f"{name:57} {measured:6.2f}   target {sign} {target}")
    return int(any(measured > target if sign == "≤" else measured < target for _, measured, sign, target in figures))


if __name__ == "__main__":
    sys.exit(main())
