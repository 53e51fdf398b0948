"""What the server costs, beside a bare `asyncio.Protocol` that sends constant bytes, in one run.

Both are asked in turn from another core by plain sockets; the middle one of many short rounds counts, in which the
machine treats both alike. The trace is emptied between rounds, since it grows by design.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from _served import BASE_URL, CORES, LONG, REPLY, Bare, Figure, bare, child, ours, request, told

ROUNDS, REQUESTS, STREAMS = 16, 1000, 3


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


if __name__ == "__main__":
    os.sched_setaffinity(0, {CORES[0]})
    sys.exit(told(speed()))
