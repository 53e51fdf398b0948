"""The agent as it would be with one small change: its source is altered as it is imported, nothing else is touched."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import CodeType

BOUND_TO_THE_AGENT = {"faultlab.targets.hermes"}
"""What holds on to the agent's classes, and so is imported anew with it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong agent: in `module`, which holds `old` exactly once, stands `new`. `scenarios` shows it up."""

    name: str
    module: str
    old: str
    new: str
    scenarios: str
    seen_in: str = ""


class _Altering(SourceFileLoader):
    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname) or ""
        found = source.count(self._mutant.old)
        if found != 1:
            raise AssertionError(f"{self._mutant.name}: {self._mutant.old!r} stands {found} times in {fullname}")
        return compile(source.replace(self._mutant.old, self._mutant.new), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname, path=None, target=None) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        spec.loader = _Altering(self._mutant, spec.origin)
        return spec


@contextmanager
def wrong_agent(mutant: Mutant) -> Iterator[None]:
    """Within, whoever imports the agent gets the wrong one; afterwards all is as before."""
    bound = _bound_to(mutant.module)
    right = _taken_out(bound)
    finder = _Finder(mutant)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _taken_out(bound)
        sys.modules.update(right)


def _taken_out(names: frozenset[str]) -> dict[str, object]:
    return {name: sys.modules.pop(name) for name in names if name in sys.modules}


@cache
def _bound_to(module: str) -> frozenset[str]:
    """The module, whatever imports it, and the packages of these: the rest is the same in the wrong agent."""
    bound = {"hermes_agent", module, module.rpartition(".")[0]} | BOUND_TO_THE_AGENT
    while more := {name for name, imported in _imports().items() if imported & bound - {"hermes_agent"}} - bound:
        bound |= more | {name.rpartition(".")[0] for name in more}
    return frozenset(bound)


@cache
def _imports() -> dict[str, set[str]]:
    """Module of the agent → all that it may have imported by name."""
    home = Path(find_spec("hermes_agent").origin).parent
    found = {}
    for file in home.rglob("*.py"):
        name = ".".join(file.relative_to(home.parent).with_suffix("").parts).removesuffix(".__init__")
        nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
        found[name] = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        for node in (node for node in nodes if isinstance(node, ast.ImportFrom)):
            found[name] |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
