"""Waiting for another thread's work, not for time."""

import threading

import pytest

__all__ = ["eventually"]


def eventually(holds):
    """Return once it holds; a failure if that takes ten seconds."""
    for _ in range(2000):
        if holds():
            return
        threading.Event().wait(0.005)
    pytest.fail("it never came to that")
