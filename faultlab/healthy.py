"""Where a healthy answer comes from: what a script says, or what a cassette holds. Events; no plan and no trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from faultlab.cassette import Home, Recording, Replay
from faultlab.dialects import CHAT
from faultlab.faults import Events, Fault, Moment
from faultlab.made_up import text
from faultlab.recorded_reply import recorded_reply
from faultlab.script import Reply, Script
from faultlab.wire import Request

__all__ = ["Healthy", "made_up", "next_answer", "rendered"]

_MADE_UP_CHARACTERS: Final = 60


class Healthy(NamedTuple):
    """An answer that could be given: what it says, its events, and what to do when it was sent whole.

    `recording` is its number, where it is one. `is_read`: what it says is known, so that a fault of content can change
    it.
    """

    reply: Reply
    say: Callable[[Reply], Events]
    take: Callable[[], object]
    recording: int | None = None
    is_read: bool = True

    def exposed_to(self, faults: Sequence[Fault]) -> Sequence[Fault]:
        """Those of these faults that can apply to it."""
        return faults if self.is_read else [fault for fault in faults if not fault.rewords]


def next_answer(script: Script, replay: Replay | None, request: Request, home: Home, moment: Moment) -> Healthy | None:
    """What answers a request: the next reply of the script, or a recording; None when nothing is left."""
    if replay is None:
        reply = script.peek()
        return None if reply is None else Healthy(reply, partial(rendered, moment), script.take)
    recording = replay.find(request, home)
    return None if recording is None else _as_recorded(recording, moment, replay)


def made_up(moment: Moment, seed: int, number: int) -> Healthy:
    """Something to be damaged, which is used up by nobody."""
    return Healthy(Reply(text(_MADE_UP_CHARACTERS, seed, number)), partial(rendered, moment), lambda: None)


def _as_recorded(recording: Recording, moment: Moment, replay: Replay) -> Healthy:
    """A recorded answer, byte for byte unless a fault changes what it says; then it is written anew."""
    read = recorded_reply(moment.dialect, recording.events)
    reply = Reply() if read is None else read

    def say(changed: Reply) -> Events:
        return recording.events if changed is reply else rendered(moment, changed)

    return Healthy(reply, say, partial(replay.take, recording), recording.n, is_read=read is not None)


def rendered(moment: Moment, reply: Reply) -> Events:
    """A reply in the provider's own shape."""
    said = moment.dialect.render(reply, moment.question, moment.answer, int(moment.time))
    return moment.provider.chunking.applied(said) if moment.dialect is CHAT else said
