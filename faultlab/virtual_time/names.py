"""Names that modules have bound themselves, by `from time import sleep`: found once, exchanged and put back often.

Looks at what a module holds, and never asks it for anything: some make up their attributes when they are asked.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator, Mapping
from operator import is_
from types import ModuleType
from typing import Any

from faultlab.virtual_time.reality import is_real

__all__ = ["Names"]

_Place = tuple[weakref.ref[ModuleType], str, Any, Any]


class Names:
    """Every name in a loaded module that stands for one of some functions; the test runner's own are left alone."""

    def __init__(self, stand_ins: Mapping[Any, Any]) -> None:
        self._stand_ins: dict[int, tuple[Any, Any]] = {}
        self._originals: dict[int, Any] = {}
        self._seen: dict[str, weakref.ref[ModuleType]] = {}
        self._modules: list[Any] = []
        self._places: list[_Place] = []
        self.add(stand_ins)

    def add(self, stand_ins: Mapping[Any, Any]) -> None:
        """More functions, and what stands in for each; whatever was seen is looked through anew for those not known."""
        if all(id(real) in self._stand_ins for real in stand_ins):
            return
        for real, stand_in in stand_ins.items():
            self._stand_ins[id(real)] = (real, stand_in)
            self._originals[id(stand_in)] = real
        self._modules.clear()
        self._seen.clear()
        self._places.clear()

    def exchange(self) -> None:
        """Let the stand-ins stand there."""
        self._look(meanwhile=False)
        for module, name, real, stand_in in self._places:
            _put(module(), name, real, stand_in)

    def put_back(self) -> None:
        """Let the functions themselves stand there, also in modules that were loaded meanwhile."""
        if len(sys.modules) != len(self._modules):  # whoever slips by asks a stand-in, which tells the truth then
            self._look(meanwhile=True)
        for module, name, real, stand_in in self._places:
            _put(module(), name, stand_in, real)

    def _look(self, *, meanwhile: bool) -> None:
        """Find the places in modules that nobody has looked through yet."""
        by_name = sys.modules.copy()  # other threads import meanwhile
        modules = list(by_name.values())
        if len(modules) == len(self._modules) and all(map(is_, modules, self._modules)):
            return  # the short way of nearly all: no module came, went or changed places
        self._modules, seen = modules, self._seen
        for name, module in by_name.items():
            before = seen.get(name)
            if (before is None or before() is not module) and issubclass(type(module), ModuleType):
                seen[name] = weakref.ref(module)
                found = list(self._places_in(module, meanwhile))
                if not is_real(name):
                    self._places += found
                elif meanwhile:  # it was loaded in the meantime: what it found there it gives back, for good
                    for _, bound, real, stand_in in found:
                        _put(module, bound, stand_in, real)

    def _places_in(self, module: ModuleType, meanwhile: bool) -> Iterator[_Place]:
        for name, value in _held_by(module).copy().items():
            real = self._originals.get(id(value)) if meanwhile else None
            found = self._stand_ins.get(id(value) if real is None else id(real))
            if found is not None and (value is found[0] or value is found[1]):
                yield weakref.ref(module), name, *found


def _held_by(module: ModuleType) -> dict[str, Any]:
    """Its names; a lazy module is not loaded by that."""
    held: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return held


def _put(module: ModuleType | None, name: str, before: Any, after: Any) -> None:
    if module is not None:
        held = _held_by(module)
        if held.get(name) is before:
            held[name] = after
