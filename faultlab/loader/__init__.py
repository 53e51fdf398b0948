"""Scenario files into scenarios: parsed once, at the edge, with line and column. After it there is no invalid one.

How the agent's own configuration is read is handed in; nothing that runs a scenario is imported here.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from faultlab.errors import ScenarioError
from faultlab.loader.document import DEFAULT_CONFIG, ConfigReader, Reading
from faultlab.loader.layers import Variant, lay, lay_child, slug, variants
from faultlab.loader.tree import Tree, documents, refusal
from faultlab.scenario import Scenario
from faultlab.scenario_files import SUFFIXES, is_scenario_below

__all__ = [
    "DEFAULT_CONFIG",
    "MAX_SCENARIOS",
    "SUFFIXES",
    "ConfigReader",
    "Loader",
    "files_below",
    "is_agent_config",
    "text_of",
]

MAX_SCENARIOS: Final = 10_000
"""Scenarios of one file; more is a mistake in a generator, and nobody's suite."""

_MAX_BYTES: Final = 16_000_000
(_DEFAULT_CONFIG,) = documents(DEFAULT_CONFIG, "the configuration that is meant when a file does not say")


class Loader:
    """Reads scenario files. `read_config` is the agent's own reader, `overlay` a file that is laid over every other."""

    def __init__(self, read_config: ConfigReader, overlay: str | Path | None = None) -> None:
        self._read_config: ConfigReader = lru_cache(maxsize=1024)(read_config)
        self._overlay = _single(overlay) if overlay is not None else None

    def load(self, path: str | Path, shown: str | None = None) -> list[Scenario]:
        """The scenarios of a file, or of every file below a folder. `shown` is the name that errors and items give.

        Raises ScenarioError for the first thing that cannot be used.
        """
        if Path(path).is_dir():
            return [each for file in files_below(Path(path)) for each in self.load(file)]
        return self.read(text_of(Path(path)), shown or str(path), Path(path).absolute().parent)

    def read(self, text: str, shown: str, folder: Path | None = None) -> list[Scenario]:
        """The scenarios of a text, under the name of the file that it might stand in.

        `folder` is where that is, for files that it names; None: where its name says.
        """
        with _no_collection():
            trees = documents(text, shown)
            if not trees:
                raise ScenarioError("no scenario in this file: it is empty", path=shown, line=1, column=1)
            return self._scenarios(trees, folder or Path(shown).absolute().parent)

    def _scenarios(self, trees: list[Tree], folder: Path) -> list[Scenario]:
        found: dict[str, Scenario] = {}
        reading = Reading(self._read_config, folder)
        for tree in trees:
            for variant in self._variants(tree):
                name = _item_id(variant, single=len(trees) == 1)
                if name in found:
                    raise refusal(tree.mark, f"a second scenario called {name!r} in this file; give it another name")
                if len(found) == MAX_SCENARIOS:
                    raise refusal(tree.mark, f"this file makes more than {MAX_SCENARIOS:,} scenarios")
                found[name] = reading.scenario(variant.tree, name)
        return list(found.values())

    def _variants(self, tree: Tree) -> Iterator[Variant]:
        """The items of a document under the overlay, whose `config` comes last: it may change the default one."""
        if self._overlay is None:
            return variants(tree)
        config = self._overlay.value.get("config")
        if config is None:
            return variants(lay(tree, self._overlay))
        others = {name: child for name, child in self._overlay.value.items() if child is not config}
        laid = variants(lay(tree, Tree(others, self._overlay.mark, self._overlay.key)))
        return (each._replace(tree=lay_child(each.tree, "config", config, _DEFAULT_CONFIG)) for each in laid)


@contextmanager
def _no_collection() -> Iterator[None]:
    """What is read stays: looking through it for garbage meanwhile costs half as much again as the reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def files_below(folder: Path) -> list[Path]:
    """The scenario files below a folder, in order. Raises ScenarioError when there is none."""
    below = folder.rglob(f"*{SUFFIXES[0]}")
    found = sorted(path for path in below if is_scenario_below(folder, path) and path.is_file())
    if not found:
        raise ScenarioError(f"no scenario below this folder: scenarios are *{SUFFIXES[0]} files", path=str(folder))
    return found


_CONFIG_SECTIONS: Final = frozenset({"agent", "compression", "display", "fallback_model", "model"})


def is_agent_config(path: Path) -> bool:
    """Whether a file is an agent's configuration and no scenario: it is called so, or has sections of one, no turns."""
    if path.name == "config.yaml":
        return True
    trees = documents(text_of(path), str(path))
    if len(trees) != 1 or type(trees[0].value) is not dict:
        return False
    keys = trees[0].value.keys()
    return "turns" not in keys and not keys.isdisjoint(_CONFIG_SECTIONS)


def text_of(path: Path) -> str:
    """The text of a file. Raises ScenarioError if there is none."""
    try:
        size = path.stat().st_size or _MAX_BYTES  # of a pipe or a device nobody knows it before
        with path.open("rb") as file:
            raw = file.read(min(size, _MAX_BYTES) + 1)
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", path=str(path)) from None
    if len(raw) > _MAX_BYTES:
        raise ScenarioError(f"a file of more than {_MAX_BYTES:,} bytes is no scenario", path=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        found = f"not a text in UTF-8: found byte 0x{raw[error.start]:02x}"
        raise ScenarioError(found, path=str(path), line=line, column=column) from None


def _single(path: str | Path) -> Tree:
    trees = documents(text_of(Path(path)), str(path))
    if len(trees) != 1 or type(trees[0].value) is not dict:
        raise ScenarioError("an overlay is one mapping: the keys to lay over every file", path=str(path))
    return trees[0]


def _item_id(variant: Variant, *, single: bool) -> str:
    """What tells an item from the others of its file: the name under `each`, else the scenario's own, as a slug."""
    name = variant.tree.value.get("name")
    own = slug(str(name.value)) if name is not None else "scenario"
    if variant.each and single:
        own = variant.each
    elif variant.each:
        own = f"{own}-{variant.each}"
    return f"{own}-{variant.entry}" if variant.entry else own
