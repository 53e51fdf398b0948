"""What one sees while a campaign runs: a line that is written over on a terminal, and elsewhere one now and then.

It also knows whether it was told to stop.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

from faultlab.campaign import Seen
from faultlab.clock import SystemClock
from faultlab.passes.schedules import Schedules
from faultlab.trial import Edge, Standing

__all__ = ["Live"]

_EACH_S: Final = 0.1
"""Between two states of the line: nobody reads faster."""

_SELDOM_S: Final = 30.0
"""Between two lines where none can be written over."""

_COUNTED_S: Final = 1.0
_FEW: Final = 10
_WIDEST: Final = 160
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE

_TO_STOP: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Live:
    """Watches a campaign for somebody who looks at a stream; `depth` is that of explore's schedules."""

    def __init__(self, stream: TextIO, depth: int = 0) -> None:
        self.stops = False
        self._stream = stream
        self._written_over = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._depth = depth
        self._clock = SystemClock()
        self._told_s = 0.0
        self._begin("", None)

    def _begin(self, of: str, expected: int | None) -> None:
        self._of = of
        self._expected = expected
        self._there = self._played = self._broken = 0
        self._states: set[int] = set()
        self._first: int | None = None
        self._schedules: Schedules[int] = Schedules()
        self._covered, self._counted_s = 0, -_COUNTED_S
        self._cells: set[int] = set()
        self._began_s = self._clock.now_s

    def begins(self, of: str, expected: int | None) -> None:
        """A pass begins."""
        self._begin(of, expected)

    def had(self, runs: int) -> None:
        """So many more runs of this pass were there already."""
        self._there += runs

    def saw(self, seen: Seen) -> None:
        """A run is in the results."""
        self._played += 1
        self._broken += seen.row.standing == Standing.BROKEN
        self._cells.update(map(hash, seen.cells))  # a text each would be most of the memory of a long campaign
        if seen.edge is not None:
            self._step(seen.edge, is_first=not seen.row.number)

    def _step(self, edge: Edge, *, is_first: bool) -> None:
        before, after = hash(edge.before), None if edge.after is None else hash(edge.after)
        self._schedules.add(before, edge.by, after)
        if is_first:
            self._first = before
        if after is not None:
            self._states.add(after)

    def shrunk(self, breaches: int) -> None:
        """So many more of what broke are as small as they get."""
        self._played += breaches

    def beat(self) -> None:
        """Time passes."""
        if self.stops:  # what is being played is ended, which may take seconds
            if self._written_over:
                print("\r\x1b[Kstopping; another Ctrl-C ends it at once", file=self._stream, flush=True)
            return
        now_s = self._clock.now_s
        if now_s - self._told_s < (_EACH_S if self._written_over else _SELDOM_S):
            return
        self._told_s = now_s
        if self._written_over:
            width = min(shutil.get_terminal_size().columns, _WIDEST) - 1
            print(f"\r\x1b[K{self.line(width)}", end="", file=self._stream, flush=True)
        else:
            print(self.line(_WIDEST), file=self._stream, flush=True)

    def clear(self) -> None:
        """Leave the line to others."""
        if self._written_over:
            print("\r\x1b[K", end="", file=self._stream, flush=True)

    def line(self, width: int) -> str:
        """How far it is, in as many words as there is room for."""
        told = ""
        for word in self._words():
            if len(told) + 2 + len(word) > width:
                break
            told = f"{told}  {word}" if told else word
        return told

    def _words(self) -> Iterator[str]:
        """What matters most comes first."""
        yield self._of
        runs = self._there + self._played
        yield f"{runs:,} of {self._expected:,}" if self._expected else f"{runs:,} runs"
        if self._broken:
            yield f"{self._broken:,} broken"
        taken_s = self._clock.now_s - self._began_s
        rate = self._played / taken_s if taken_s else 0.0
        if self._expected and rate:
            yield f"{_time((self._expected - runs) / rate)} left"
        if rate:
            yield f"{rate:,.0f}/s" if rate >= _FEW else f"{rate:.1f}/s"
        if self._states:
            yield f"{len(self._states):,} states"
        if covered := self._schedules_covered():
            yield f"{covered:,} schedules"
        if self._cells:
            yield f"{len(self._cells):,} cells"

    def _schedules_covered(self) -> int:
        """What the steps so far stand for, as of a second ago at most: each count goes through all of them."""
        now_s = self._clock.now_s
        if self._first is not None and now_s - self._counted_s >= _COUNTED_S:
            self._covered, self._counted_s = self._schedules.count(self._first, self._depth), now_s
        return self._covered

    @contextmanager
    def told_to_stop(self) -> Iterator[None]:
        """Meanwhile the first signal to end stops the campaign, and another one this process."""

        def stop(*_: Any) -> None:
            self.stops = True
            for number in _TO_STOP:
                signal.signal(number, signal.SIG_DFL)

        before = {number: signal.signal(number, stop) for number in _TO_STOP}
        try:
            yield
        finally:
            if not self.stops:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _time(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"
