"""A promise about many small things of one kind: one test, that tells of all that break it.

A test for each of them would cost pytest more than looking at them does.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def holds_for(things: Callable[[], Iterable[Any]], named: Callable[[Any], str]) -> Callable[[Any], Any]:
    """Make a test of a function that takes one thing and asserts what holds for each."""

    def promised(holds: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            found = list(things())
            assert found
            broken = [told for thing in found if (told := _told(holds, thing, named))]
            if broken:
                pytest.fail("\n\n".join(broken), pytrace=False)

        test.__name__, test.__doc__, test.__module__ = holds.__name__, holds.__doc__, holds.__module__
        return test

    return promised


def _told(holds: Callable[[Any], None], thing: Any, named: Callable[[Any], str]) -> str | None:
    try:
        holds(thing)
    except (AssertionError, pytest.fail.Exception) as error:
        return f"{named(thing)}: {error}"
    return None
