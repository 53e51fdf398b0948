"""What the tiny campaign comes to, when nothing happens to it."""

import contextlib

import pytest

from tests.faultlab.campaigns.playing import goes_on


@pytest.fixture(scope="session")
def asked(tmp_path_factory):
    """Where what is tried stands."""
    return tmp_path_factory.mktemp("asked")


@pytest.fixture(scope="session")
def whole(asked, tmp_path_factory):
    """The reports and the runs."""
    with contextlib.chdir(tmp_path_factory.mktemp("whole")):
        return goes_on(asked)
