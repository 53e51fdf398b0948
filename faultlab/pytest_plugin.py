"""The pytest plugin."""

import pytest

__all__ = ["pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options."""
    parser.addini("faultlab_paths", "folders that hold scenarios", type="args", default=["scenarios"])
