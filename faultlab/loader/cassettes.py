"""What a file says of recorded answers: which file they stand in, and what has to match. Looked at, not played.

vcrpy, which reads it in the end, costs more than all scenarios together: whether it is a cassette can be seen without.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from faultlab.cassette import MATCHED_BY_DEFAULT, MATCHERS
from faultlab.errors import ScenarioError
from faultlab.loader.described import described, object_of
from faultlab.loader.shapes import Shape, choice, fields, one_or_more, text
from faultlab.loader.tree import Tree, listed_under, refusal, shown
from faultlab.nearest import did_you_mean
from faultlab.scenario import FromCassette
from faultlab.scenario_files import SUFFIXES

__all__ = ["WrittenCassette", "held_playable", "written_cassette"]

_LIST: Final = "interactions"
_SUFFIXES: Final = (*SUFFIXES, ".json")
_MOST_ALLOWED: Final = 20
"""Names of files that a message has room for."""


class WrittenCassette(NamedTuple):
    """A cassette as a scenario names it; `mark` is where that stands."""

    path: str
    match_on: tuple[str, ...]
    mark: Any


_CASSETTE: Final[dict[str, Shape[Any]]] = {"cassette": text, "match_on": one_or_more(choice("match_on", MATCHERS))}


@described(lambda: object_of(_CASSETTE, needed=("cassette",)))
def written_cassette(tree: Tree) -> WrittenCassette:
    """`{cassette: file}`, and with `match_on` what has to be equal for a recording to answer."""
    read = fields(tree, _CASSETTE, needed=("cassette",))
    match_on = read.get("match_on", MATCHED_BY_DEFAULT)
    return WrittenCassette(read["cassette"], match_on, tree.value["cassette"].mark)


def held_playable(written: WrittenCassette, folder: Path) -> FromCassette:
    """The same with its place. Raises ScenarioError if there is no such file in the folder, or it holds no traffic."""
    path = folder / written.path
    try:
        state = path.stat()
        why = _why_unplayable(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise _unreadable(written, path, error) from None
    if why:
        raise refusal(written.mark, f"{shown(written.path)} cannot be played as a cassette: {why}")
    return FromCassette(str(path), written.path, written.match_on)


# Many scenarios play one cassette.
@lru_cache(maxsize=64)
def _why_unplayable(path: Path, *_: int) -> str | None:
    found = path.read_bytes()
    try:
        count = _count(found.decode("utf-8-sig"), str(path))
    except (UnicodeDecodeError, ScenarioError) as error:
        return str(error)
    if count is None:
        return f"it has no list of `{_LIST}`"
    return None if count else "it holds no interactions"


def _count(written: str, file: str) -> int | None:
    """How many interactions there are; None where there is nothing of the kind."""
    if not written.lstrip().startswith("{"):
        return listed_under(_LIST, written, file)
    try:
        document = json.loads(written)
    except ValueError as error:
        raise ScenarioError(f"unreadable JSON: {error}", path=file) from None
    listed = document.get(_LIST)
    return len(listed) if isinstance(listed, list) else None


def _unreadable(written: WrittenCassette, path: Path, error: OSError) -> ScenarioError:
    """With the files that are there instead, and the nearest of them."""
    try:
        there = sorted(each.name for each in path.parent.iterdir() if each.suffix in _SUFFIXES)
    except OSError:
        there = []
    names = [str(Path(written.path).with_name(name)) for name in there]
    told = f"cassette {shown(written.path)} cannot be read: {error.strerror}"
    near = did_you_mean(written.path, names) if names else ""
    return refusal(written.mark, told + near, names[:_MOST_ALLOWED])
