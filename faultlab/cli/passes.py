"""The passes that there are, and what each is told by the command line; as words too, by which a campaign goes on."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, Final

from faultlab.errors import HarnessError
from faultlab.passes.base import Pass
from faultlab.passes.drawn import COUNT, Drawn
from faultlab.passes.explore import DEPTH, MOST_WALKS, Explore
from faultlab.passes.matrix import Matrix
from faultlab.scenario import ENTRIES

__all__ = ["add_options", "address", "as_told", "as_words", "depth_of", "go_on_as", "made", "whole"]


def _matrix(chosen: argparse.Namespace) -> Pass:
    return Matrix((chosen.entry,) if chosen.entry else ENTRIES)


def _explore(chosen: argparse.Namespace) -> Pass:
    return Explore(depth_of(chosen), "every kind" if chosen.every_kind else "classes", chosen.entry)


def _drawn(chosen: argparse.Namespace) -> Pass:
    return Drawn(chosen.seed or 0, chosen.count, chosen.time, (chosen.entry,) if chosen.entry else ENTRIES)


_MADE: Final[dict[str, Callable[[argparse.Namespace], Pass]]] = {
    "matrix": _matrix,
    "explore": _explore,
    "random": _drawn,
}
"""In the order in which they are gone through."""

_TOLD: Final[dict[str, tuple[str, ...]]] = {
    "matrix": ("entry",),
    "explore": ("depth", "every_kind", "entry"),
    "random": ("seed", "count", "time", "entry"),
}
"""Which of the options each is told."""

_OPTIONS: Final = ("entry", "policy", "depth", "every_kind", "seed", "count", "time")
"""All that decides what is tried and what it is held to, beside the passes."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments that decide what is tried and what it is held to; what is not given is None."""
    parser.add_argument(
        "--pass", dest="passes", action="append", choices=[*_MADE], help="this one alone; may be repeated"
    )
    parser.add_argument("--entry", choices=ENTRIES, help="one entrance of the agent only")
    parser.add_argument(
        "--depth",
        type=whole(1),
        metavar="N",
        help=f"requests of explore's schedules, for at most {MOST_WALKS:,} runs; {DEPTH} if left out",
    )
    parser.add_argument(
        "--every-kind", action="store_true", default=None, help="each failure kind in explore, not one of each class"
    )
    parser.add_argument("--policy", metavar="FILE", help="what the target is held to; the agent's own if left out")
    parser.add_argument("--seed", type=whole(0), metavar="N", help="what random draws from; 0 if left out")
    parser.add_argument("--count", type=whole(1), metavar="N", help=f"runs of random; {COUNT:,} if left out")
    parser.add_argument("--time", type=whole(1), metavar="SECONDS", help="random draws for so long")


def depth_of(chosen: argparse.Namespace) -> int:
    """How long explore's schedules are."""
    depth: int = chosen.depth or DEPTH
    return depth


_ADDRESS: Final = re.compile(r"(tcp://|tls://)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+):[0-9]{1,5}")


def whole(least: int) -> Callable[[str], int]:
    """A reader of whole numbers."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a whole number from {least}, not {text!r:.40}")
        return int(text)

    return number


def address(text: str) -> str:
    """Of a scheduler: a host and its port, with or without a protocol."""
    if not _ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"an address as tcp://host:8786, not {text!r:.40}")
    return text


def made(chosen: argparse.Namespace) -> list[Pass]:
    """The passes that the arguments ask for."""
    return [make(chosen) for name, make in _MADE.items() if name in (chosen.passes or _MADE)]


def as_told(chosen: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """The name of each, with what it is told."""
    return tuple((each.name, " ".join(_given(chosen, _TOLD[each.name]))) for each in made(chosen))


def as_words(chosen: argparse.Namespace) -> tuple[str, ...]:
    """The words of the command line that decide what is tried."""
    passes = [word for name in _MADE if name in (chosen.passes or ()) for word in ("--pass", name)]
    return (*passes, *_given(chosen, _OPTIONS))


def _given(chosen: argparse.Namespace, names: tuple[str, ...]) -> list[str]:
    values = {name: getattr(chosen, name) for name in names}
    return [
        word
        for name, value in values.items()
        if value is not None
        for word in (f"--{name.replace('_', '-')}", *(() if value is True else (str(value),)))
    ]


def go_on_as(was: argparse.Namespace, chosen: argparse.Namespace) -> None:
    """What is not given is as it was. Raises HarnessError for what is given and was not so."""
    for name in ("passes", *_OPTIONS):
        before: Any = getattr(was, name)
        if getattr(chosen, name) is None:
            setattr(chosen, name, before)
        elif _in_order(getattr(chosen, name)) != _in_order(before):
            option = "--pass" if name == "passes" else f"--{name.replace('_', '-')}"
            raise HarnessError(f"--resume: the campaign that is there had another {option}; give another --out")


def _in_order(value: Any) -> Any:
    return sorted(set(value)) if isinstance(value, list) else value
