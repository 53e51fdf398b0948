"""Under `intercept()` no byte and no query for a name leaves a program, whatever generation of openai it has."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from watching import WATCHING

_PROGRAM = Path(__file__).parent / "reaching.py"


@pytest.fixture(params=WATCHING)
def left(request, tmp_path):
    """What left the program that was told what to do."""

    def seen(how):
        found = WATCHING[request.param]([sys.executable, str(_PROGRAM), how], tmp_path / "calls")
        if found is None:
            pytest.skip(f"this system lets nobody watch the {request.param} of a program")
        return found

    return seen


def test_nothing_leaves_a_program_that_is_guarded(left):
    assert left("guarded") == []


def test_what_leaves_one_that_is_not_is_seen(left):
    assert left("bare")
