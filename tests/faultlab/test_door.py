import subprocess
import sys

import pytest

import faultlab


@pytest.mark.parametrize("name", faultlab.__all__)
def test_every_name_of_the_door_is_there(name):
    assert getattr(faultlab, name) is not None


def test_a_name_that_is_not_there_is_told_as_python_tells_it():
    with pytest.raises(AttributeError, match="module 'faultlab' has no attribute 'Labb'"):
        faultlab.Labb  # noqa: B018  # looking it up is the test


def test_python_runs_the_package():
    done = subprocess.run([sys.executable, "-m", "faultlab", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "check" in done.stdout
