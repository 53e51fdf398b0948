"""The passes that there are, and what each is told by the command line; as text too, so that a campaign can go on."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from faultlab.errors import HarnessError
from faultlab.passes.base import Pass
from faultlab.passes.matrix import Matrix
from faultlab.scenario import ENTRIES

__all__ = ["NAMES", "OPTIONS", "add_options", "asked_for", "made"]

_Told = tuple[str, str]
"""The name of a pass, and its options as they stand in a results file: `depth=8 entry=cli`."""


def _matrix(options: dict[str, str]) -> Pass:
    return Matrix((options["entry"],) if "entry" in options else ENTRIES)


_MADE: Final[dict[str, Callable[[dict[str, str]], Pass]]] = {"matrix": _matrix}

_OPTIONS: Final[dict[str, tuple[str, ...]]] = {"matrix": ("entry",)}
"""Which of the options each is told."""

OPTIONS: Final = ("seed", "entry")
"""All that decides what is tried."""

NAMES: Final = tuple(_MADE)
"""In the order in which they are gone through."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose passes and what they try."""
    parser.add_argument("--pass", dest="passes", action="append", choices=NAMES, help="this one alone; may be repeated")
    parser.add_argument("--entry", choices=ENTRIES, help="one entrance of the agent only")


def asked_for(chosen: argparse.Namespace) -> tuple[_Told, ...]:
    """What the arguments ask for."""
    names = [name for name in NAMES if name in (chosen.passes or NAMES)]
    return tuple((name, _as_text(chosen, name)) for name in names)


def _as_text(chosen: argparse.Namespace, name: str) -> str:
    values = {option: getattr(chosen, option) for option in _OPTIONS[name]}
    return " ".join(f"{option}={value}" for option, value in values.items() if value is not None)


def made(told: tuple[_Told, ...]) -> list[Pass]:
    """The passes of a results file."""
    unknown = [name for name, _ in told if name not in _MADE]
    if unknown:
        raise HarnessError(f"there is no pass {unknown[0]!r:.60}; there are: {', '.join(NAMES)}")
    return [_MADE[name](dict(each.split("=", 1) for each in options.split())) for name, options in told]
