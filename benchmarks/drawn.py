"""What the pass `random` costs beside the calls that it is about, and what it keeps of 10,000 runs.

The floor is the same agent making the same requests by the same entrances, in a home of its own, to a transport that
plays what was recorded of each run as it is: no upstream, no lab, nothing drawn, foretold, judged or kept. Both sides
are measured in turn, run by run, and the quieter quarters of both are compared.
"""

import ctypes
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from faultlab.clock import VirtualClock
from faultlab.environment import surroundings
from faultlab.lab import Lab
from faultlab.passes.drawn import Drawn
from faultlab.playing import play
from faultlab.policies import hermes_rules
from faultlab.runner import loader
from faultlab.scenario import Scenario
from faultlab.subject import Subject
from faultlab.targets.base import Telling, lab_for
from faultlab.targets.hermes import play as play_alone
from faultlab.targets.hermes.entrances import ENTRANCES, Outside
from faultlab.targets.hermes.past import past_of
from faultlab.targets.hermes.scripted import ScriptedTools
from faultlab.trace import Trace
from faultlab.trial import Trial
from hermes_agent.runtime import Runtime

RUNS, ROUNDS = 60, 8
MANY = 10_000
TARGET, FLAT = 1.15, 1.05
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # a folder of our own is made in it
CONFIG = {
    "model": {"provider": "openai", "default": "gpt-5.1"},
    "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
}


class Met(NamedTuple):
    """What a client met: a status and headers, pieces of a body, and what was raised; each with its seconds."""

    status: int
    headers: list[tuple[bytes, bytes]]
    pieces: list[tuple[float, bytes | Exception]]


class Recording(httpx2.BaseTransport):
    """Passes everything on, and writes down what came of it."""

    def __init__(self, inner: httpx2.BaseTransport, clock: VirtualClock, met: list[Met]) -> None:
        self._inner, self._clock, self._met = inner, clock, met

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One answer."""
        began_s = self._clock.now_s
        met = Met(0, [], [])
        self._met.append(met)
        try:
            response = self._inner.handle_request(request)
        except Exception as error:
            met.pieces.append((self._clock.now_s - began_s, error))
            raise
        self._met[-1] = met = Met(response.status_code, response.headers.raw, met.pieces)
        met.pieces.append((self._clock.now_s - began_s, b""))
        return httpx2.Response(met.status, headers=met.headers, stream=Tee(response.stream, self._clock, met.pieces))


class Tee(httpx2.SyncByteStream):
    """A body, written down as it comes."""

    def __init__(self, stream: Any, clock: VirtualClock, pieces: list[tuple[float, bytes | Exception]]) -> None:
        self._stream, self._clock, self._pieces = stream, clock, pieces

    def __iter__(self) -> Iterator[bytes]:
        began_s = self._clock.now_s
        try:
            for piece in self._stream:
                self._pieces.append((self._clock.now_s - began_s, piece))
                began_s = self._clock.now_s
                yield piece
        except Exception as error:
            self._pieces.append((self._clock.now_s - began_s, error))
            raise


class Replaying(httpx2.BaseTransport):
    """The floor: what was met, once more."""

    def __init__(self, clock: VirtualClock, left: Iterator[Met]) -> None:
        self._clock, self._left = clock, left

    def handle_request(self, _request: httpx2.Request) -> httpx2.Response:
        """The next answer, whatever was asked."""
        met = next(self._left)
        pieces = iter(met.pieces)
        self._next(*next(pieces))
        if len(met.pieces) == 2:  # a head, and a body in one piece
            return httpx2.Response(met.status, headers=met.headers, stream=httpx2.ByteStream(self._next(*next(pieces))))
        return httpx2.Response(met.status, headers=met.headers, stream=Body(self._next, pieces))

    def _next(self, seconds: float, piece: bytes | Exception) -> bytes:
        if seconds:
            self._clock.advance(seconds)
        if isinstance(piece, Exception):
            raise piece.with_traceback(None)
        return piece


class Body(httpx2.SyncByteStream):
    """A body in pieces."""

    def __init__(self, take: Any, pieces: Iterator[tuple[float, bytes | Exception]]) -> None:
        self._take, self._pieces = take, pieces

    def __iter__(self) -> Iterator[bytes]:
        return (self._take(*each) for each in self._pieces)


def subject() -> Subject:
    """A stock configuration, held to the contract's own policy."""
    text = json.dumps({"name": "healthy", "config": CONFIG, "says": ["Good morning."], "turns": [{"user": "hello"}]})
    (healthy,) = loader().read(text, "config.yaml")
    return Subject("config.yaml", healthy, rules=hermes_rules())


def trials(about: Subject, count: int, seed: int) -> Iterator[Trial]:
    """Drawn where they are played, as a worker does; aimed at nothing."""
    rounds = Drawn(seed, count, steered=False).rounds(about)
    try:
        parts = next(rounds)
        while True:
            yield from (trial for part in parts for trial in part.trials(about))
            parts = rounds.send([])
    except StopIteration:
        return


def written_down(scenario: Scenario) -> list[Met]:
    """What its agent's client meets."""
    met: list[Met] = []

    class Listening(Lab):
        """A lab whose clients are listened to."""

        def http_client(self) -> Any:
            return httpx2.Client(transport=Recording(self.transport(), self.clock, met))

    lab = lab_for(scenario, Listening(scenario.seed))
    play_alone(scenario, lab)
    return met


def bare(scenario: Scenario, met: list[Met]) -> None:
    """The same turns by the same entrance, with nothing around them."""
    clock, left = VirtualClock(), iter(met)
    tools, past = ScriptedTools(Trace()), past_of(scenario)
    with surroundings(dict(scenario.env)), tempfile.TemporaryDirectory(dir=IN_MEMORY) as name:
        home = Path(name)
        (home / "config.yaml").write_text(scenario.config, encoding="utf-8")
        results: list[Any] = []
        runtime = Runtime(
            clock=clock,
            new_http_client=lambda: httpx2.Client(transport=Replaying(clock, left)),
            environ=dict(scenario.policy.environ),
            home=home,
            cwd=home,
            tools=tools.table(scenario.tools),
            random=lambda: 0.0,
            on_result=results.append,
        )
        outside = Outside(runtime, clock, past)
        with closing(ENTRANCES[scenario.target.entry](outside)) as way_in:
            for plan in scenario.turns:
                with outside.control_c.heeded():
                    way_in.turn(plan, Telling())
                outside.session_ids[plan.session] = results[-1].session_id
    assert next(left, None) is None, "the floor asked less"


def cost() -> float:
    """CPU of drawing, foretelling, playing, judging and telling a run, beside the floor's, over the same runs."""
    about = subject()
    known = [(trial, written_down(trial.scenario)) for trial in trials(about, RUNS, 1)]
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for trial in trials(about, RUNS, 1):
            play(about, trial)
        between = time.process_time()
        for trial, met in known:
            bare(trial.scenario, met)
        rounds.append((between - began, time.process_time() - between))
    ours, floor = (statistics.quantiles(times, n=4)[0] for times in zip(*rounds, strict=True))
    print(f"random: {ours / RUNS * 1000:.1f} ms a run, the floor {floor / RUNS * 1000:.1f} ms, CPU")
    return ours / floor


def kept() -> float:
    """Memory of 10,000 runs, beside what it was after the first tenth; what is free goes back to the system first."""
    about, seen = subject(), []
    for trial in trials(about, MANY, 2):
        play(about, trial)
        if (trial.number + 1) % (MANY // 10) == 0:
            gc.collect()
            give_back()
            seen.append(int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]))
    return max(seen[1:]) / seen[0]


def give_back() -> None:
    """What the allocator has free and keeps for later, where it is one that can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    missed = 0
    for name, measure, target in (
        ("random: a run / the bare calls of it", cost, TARGET),
        ("random: memory of 10,000 runs / of the first 1,000", kept, FLAT),
    ):
        measured = measure()
        missed += measured > target
        print(f"{name:58} {measured:6.2f}   target ≤ {target}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
