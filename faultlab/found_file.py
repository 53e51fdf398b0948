"""A shrunk breach as an ordinary scenario file: what broke, how it was found, and the command that shows it again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from faultlab.errors import HarnessError
from faultlab.expectations import Expectation, RequestLike
from faultlab.loader.layers import slug
from faultlab.shrink import Shrunk
from faultlab.trial import Breach
from faultlab.written import scenario_text

__all__ = ["FoundFile", "found_file", "write_found"]

_LONGEST_NAME: Final = 100
_MOST_NAMESAKES: Final = 1_000
"""Files of one breach in a folder, each with another text; nobody reads more."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is ready to be written: `stem` is its name without a number and a suffix, `item` the scenario's id.

    `entries` are the entries of faults in it.
    """

    stem: str
    text: str
    item: str
    entries: int

    def command(self, file: str | Path) -> str:
        """What shows it again, once it stands in this file."""
        return f"pytest {shlex.quote(f'{file}::{self.item}')}"


def found_file(shrunk: Shrunk, *, of: str, number: int, runs: int, found_by: Sequence[str], folder: Path) -> FoundFile:
    """The file of a breach that `runs` runs had, number `number` of the pass `of` first.

    `found_by` is the command line of the campaign, `folder` where the file will stand.
    """
    breach, shown = shrunk.breach, (shrunk.breach, *shrunk.also)
    name = _name(breach)
    told_of = tuple(_pointed(each, shown) for each in shrunk.scenario.expectations if _is_told(each, shown))
    scenario = replace(shrunk.scenario, name=name, clauses=_clauses(breach), expectations=told_of)
    text = scenario_text(scenario, why=_why(shrunk, of, number, runs), folder=folder)
    head = f"# Found by: {shlex.join(found_by)}\n"
    return FoundFile(_stem(breach), head + text, slug(name), scenario.entries)


def write_found(folder: Path, file: FoundFile) -> Path:
    """Write it, and tell where. What stands there already stays: another text of the same name gets a number.

    Raises HarnessError if it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return next(path for path in _namesakes(folder, file.stem) if _is_written(path, file.text))
    except OSError as error:
        raise HarnessError(f"{folder}: what was found cannot be written: {error.strerror}") from None
    except StopIteration:
        raise HarnessError(f"{folder}: there are {_MOST_NAMESAKES:,} files of {file.stem} already") from None


def _namesakes(folder: Path, stem: str) -> Iterator[Path]:
    return (folder / f"{stem}{f'_{n}' if n > 1 else ''}.yaml" for n in range(1, _MOST_NAMESAKES + 1))


def _is_written(path: Path, text: str) -> bool:
    """Whether the text stands there now; a file that is there already is left as it is."""
    try:
        file = path.open("xb")
    except FileExistsError:
        return path.is_file() and path.read_bytes() == text.encode()
    try:
        with file:
            file.write(text.encode())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _is_told(expectation: Expectation, shown: Sequence[Breach]) -> bool:
    """What broke, and what a reader asks for; nothing that only says what did not happen, or follows from the rest."""
    if expectation.key in _ALWAYS or any(each.what.endswith(f".{expectation.key}") for each in shown):
        return True
    return expectation.key in _TELLING and expectation.value not in (None, 0, ())


def _pointed(expectation: Expectation, shown: Sequence[Breach]) -> Expectation:
    """Of all that is held of requests only what broke: each of them has dozens of paths."""
    if expectation.key != "requests":
        return expectation
    expected = [each.expected for each in shown if each.turn == expectation.turn]
    pairs = ((each, told) for each in expectation.value for told in expected)
    found = tuple(less for each, told in pairs if (less := _of_request(each, told)) is not None)
    return replace(expectation, value=found) if found else expectation


def _of_request(request: RequestLike, expected: str) -> RequestLike | None:
    """The one thing of it that was expected; None: it was another request, or something else."""
    about, _, told = expected.partition(": ")
    if about != f"request {request.n}":
        return None
    has = tuple(pair for pair in request.has if told.startswith(f"{pair[0]} = "))
    lacks = tuple(path for path in request.lacks if told == f"no {path}")
    return RequestLike(request.n, has=has, lacks=lacks) if has or lacks else None


_ALWAYS: Final = ("outcome", "fallback")
_TELLING: Final = ("failure", "refused", "reply", "order", "compressions", "refreshes", "waits_s")


def _name(breach: Breach) -> str:
    """What should hold, in a sentence."""
    told = " ".join(f"{breach.what}: {breach.expected}".split())
    return told if len(told) <= _LONGEST_NAME else told[:_LONGEST_NAME].rpartition(" ")[0] + " ..."


def _stem(breach: Breach) -> str:
    return re.sub(r"[^a-z0-9]+", "_", breach.what.lower()).strip("_") or "breach"


def _clauses(breach: Breach) -> tuple[str, ...]:
    """The invariant is a clause of the contract; a line of the policy is its user's own."""
    return (breach.what,) if re.fullmatch(r"I\d+", breach.what) else ()


def _why(shrunk: Shrunk, of: str, number: int, runs: int) -> str:
    breach = shrunk.breach
    where = f" in turn {breach.turn}" if breach.turn is not None else ""
    others = "by this run alone" if runs == 1 else f"by {runs:,} runs"
    more = f" It shows {', '.join(each.what for each in shrunk.also)}, too." if shrunk.also else ""
    return (
        f"{breach.what} did not hold{where}: expected {breach.expected}; found {breach.found}. Broken {others}, "
        f"first by number {number} of the pass {of}; made smaller in {shrunk.tries:,} tries ({shrunk.stopped}).{more}"
    )
