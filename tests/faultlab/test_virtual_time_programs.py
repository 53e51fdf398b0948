"""Programs of several threads reach the times that a simple model says, the same ones in every process."""

import heapq
import subprocess
import sys
import threading
import time
from pathlib import Path
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from faultlab.clock import VirtualClock
from faultlab.virtual_time import virtual_time

ROOT = Path(__file__).parents[2]
EVENTS = 3
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sleep"), st.integers(0, 3)),
        st.tuples(st.just("set"), st.integers(0, EVENTS - 1)),
        st.tuples(st.just("wait"), st.integers(0, EVENTS - 1), st.integers(0, 3)),
    ),
    max_size=5,
)


def told_apart(programs):
    """The same programs, with lengths of time that never add up to the same moment in two of them."""
    n = 0
    for program in programs:
        steps = []
        for kind, *what in program:
            n += 1
            steps.append((kind, *what[:-1], what[-1] * 2**20 + 2**n) if kind != "set" else (kind, *what))
        yield steps


class Model:
    """What each program's steps end at, and all sleeps in the order of their ends."""

    def __init__(self, programs):
        self.programs = programs
        self.ended, self.slept = [[] for _ in programs], []
        self.is_set, self.waiting = set(), {}
        self.due = [(0.0, n, 0) for n in range(len(programs))]
        while self.due:
            at, n, step = heapq.heappop(self.due)
            self.waiting.pop(n, None)
            if step:
                self.ended[n].append(at)
            self.go_on(n, at, step)

    def go_on(self, n, at, step):
        """Run a program from a step on, until it has to wait."""
        for kind, *what in self.programs[n][step:]:
            step += 1
            if kind == "sleep" or (kind == "wait" and what[0] not in self.is_set):
                self.wait(n, at + what[-1], step, kind, what)
                return
            self.ended[n].append(at)
            if kind == "set":
                self.is_set.add(what[0])
                self.wake(what[0], at)

    def wait(self, n, until, step, kind, what):
        heapq.heappush(self.due, (until, n, step))
        if kind == "wait":
            self.waiting[n] = (what[0], step)
        else:
            self.slept.append((until, what[0]))

    def wake(self, event, at):
        woken = {n: step for n, (awaited, step) in self.waiting.items() if awaited == event}
        for n in woken:
            del self.waiting[n]
        for n, step in woken.items():
            self.due = [entry for entry in self.due if entry[1] != n]
            heapq.heapify(self.due)
            self.ended[n].append(at)
            self.go_on(n, at, step)

    @property
    def result(self):
        return self.ended, [length for _, length in sorted(self.slept)]


def really(programs):
    """The same of real threads in virtual time."""
    clock, ended = VirtualClock(), [[] for _ in programs]
    with virtual_time(clock):
        events = [threading.Event() for _ in range(EVENTS)]

        def work(n):
            for kind, *what in programs[n]:
                if kind == "sleep":
                    time.sleep(what[0])
                elif kind == "set":
                    events[what[0]].set()
                else:
                    events[what[0]].wait(what[1])
                ended[n].append(clock.now_s)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(programs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return ended, list(clock.waits)


@settings(max_examples=60)
@given(st.lists(STEPS, min_size=1, max_size=4).map(lambda programs: list(told_apart(programs))))
def test_threads_that_sleep_wait_and_wake_each_other_reach_the_times_of_the_model(programs):
    began = perf_counter()
    assert really(programs) == Model(programs).result
    assert perf_counter() - began < 2


PROGRAM = """
import asyncio, queue, threading, time
from concurrent.futures import ThreadPoolExecutor
from faultlab.clock import VirtualClock
from faultlab.virtual_time import virtual_time

clock, woken = VirtualClock(), []
with virtual_time(clock):
    jobs = queue.Queue()

    def work(n):
        while (seconds := jobs.get()) is not None:
            time.sleep(seconds)
            woken.append((n, round(clock.now_s, 6)))

    async def main():
        await asyncio.gather(*(asyncio.sleep(seconds / 7) for seconds in range(9)))
        await asyncio.gather(*(asyncio.to_thread(time.sleep, seconds / 3) for seconds in range(5)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    for n in range(12):
        jobs.put(1 + n % 3)
        time.sleep(0.25)
    for _ in threads:
        jobs.put(None)
    for thread in threads:
        thread.join()
    asyncio.run(main())
print(clock.waits, [at for _, at in woken], clock.now_s)
"""


def test_the_same_program_waits_the_same_in_every_process():
    def told():
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return done.stdout

    first = told()
    assert first.startswith("(0.5, 0.25, ")
    assert told() == first
