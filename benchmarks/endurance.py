"""What the server keeps of ten thousand requests with faults of all sorts, many at a time: nothing but its trace.

The trace is emptied after each third, since it grows by design; what was in it is counted then.
"""

import asyncio
import contextlib
import os
import sys

from _served import BASE_URL, CORES, REPLY, Figure, child, ours, request, told

from faultlab import faults

MIXED, AT_ONCE = 10_002, 200
HANGS_UP_AFTER_S = 1.0
OTHER_URL = "https://api.openai.example/v1"

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
    faults.wire("connection.close_on_connect"),
    faults.wire("connection.reset_while_sending"),
    faults.wire("connection.garbage_instead_of_http"),
    faults.wire("connection.proxy.502"),
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


if __name__ == "__main__":
    os.sched_setaffinity(0, {CORES[0]})
    sys.exit(told(endurance()))
