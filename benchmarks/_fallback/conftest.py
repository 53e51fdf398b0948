"""Takes the tests in turn, round by round: what else the machine does meets all of them."""

from typing import Any


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """By round, then as they stand in the file."""
    items.sort(key=lambda item: item.callspec.params["number"])
