"""Libraries that are imported while somebody intercepts: each is patched as soon as it is there.

Knows no library; which are watched, and what is done with them, it is given.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from typing import Any

__all__ = ["watched"]


@contextmanager
def watched(arrived: Mapping[str, Callable[[Any], object]]) -> Iterator[None]:
    """Call each with its module: at once if it was imported, and meanwhile when it is."""
    finder = _Finder(arrived)
    sys.meta_path.insert(0, finder)
    try:
        for name, call in arrived.items():
            if _is_whole(sys.modules.get(name)):
                call(sys.modules[name])
        yield
    finally:
        if sys.meta_path is not None:  # as it is once the interpreter ends, with a lab that nobody has ended
            sys.meta_path.remove(finder)


def _is_whole(module: Any) -> bool:
    """Whether it was imported, and not only begun to be."""
    return module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False)


class _Finder:
    """Finds what the others find, and is told when it was executed."""

    def __init__(self, arrived: Mapping[str, Callable[[Any], object]]) -> None:
        self._arrived = arrived

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of a module that is watched; None leaves the others to it."""
        if name not in self._arrived:
            return None
        others = (each for each in sys.meta_path if each is not self)
        spec = next(filter(None, (each.find_spec(name, path, target) for each in others)), None)
        if spec is not None and spec.loader is not None:
            _call_when_executed(spec.loader, name, self._arrived[name])
        return spec


def _call_when_executed(loader: Any, name: str, call: Callable[[Any], object]) -> None:
    """Once: a loader may be shared with other modules, and what was found may never be imported."""
    execute = loader.exec_module

    def exec_module(module: Any) -> None:
        is_it = module.__name__ == name
        if is_it:
            loader.exec_module = execute
        execute(module)
        if is_it:
            call(module)

    loader.exec_module = exec_module
