"""What holds for every scenario here beside its verdict: time is virtual, so that nothing really sleeps."""

import time
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail an item in which `time.sleep` was reached, whoever swallowed what that would have raised."""
    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "sleep", slept.append)
        yield
    if slept:
        pytest.fail(f"{item.name}: time.sleep was reached, for {slept} seconds")
