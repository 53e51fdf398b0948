"""Something that holds meanwhile: for the block of a `with`, or, begun on an entered lab, until that lab ends."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Generic, TypeVar

from faultlab.errors import HarnessError

__all__ = ["Lasting"]

_T_co = TypeVar("_T_co", covariant=True)


class Lasting(AbstractContextManager[_T_co], Generic[_T_co]):
    """A context that is left once, by the block or by `undo`; with an `undo` it is entered at once.

    `value` is what entering it gave. One that nobody enters has no effect, and warns of it: who believes that his
    requests are intercepted would send real ones.
    """

    def __init__(self, context: AbstractContextManager[_T_co], undo: ExitStack | None) -> None:
        self._context = context
        self._awaits_a_block = undo is None
        self._inner: ExitStack | None = None
        self._value: _T_co
        if undo is not None:
            self._begin()
            undo.push(self)

    @property
    def value(self) -> _T_co:
        """What there is meanwhile. Raises HarnessError before it begins."""
        if not hasattr(self, "_value"):
            raise HarnessError("it has not begun: use it in a `with`, or enter the lab first")
        return self._value

    def _begin(self) -> None:
        inner = ExitStack()
        self._value = inner.enter_context(self._context)
        self._inner = inner

    def __del__(self) -> None:
        if self._awaits_a_block:
            told = "this had no effect: the lab is not entered, so it lasts for a block only, `with lab...():`"
            warnings.warn(told, RuntimeWarning, stacklevel=2)

    def __enter__(self) -> _T_co:
        self._awaits_a_block = False
        if self._inner is None:
            self._begin()
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        inner, self._inner = self._inner, None
        return None if inner is None else inner.__exit__(kind, error, traceback)
