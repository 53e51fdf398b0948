"""Of clients made at random none gets past a lab that intercepts. `make bench` does the same with a thousand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from leaking import leaks

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


# The suite's own guard refuses also to look an address up.
_NAMES = ["https://api.leak.invalid/v1", "http://model.invalid:8000/v1"]


@pytest.mark.parametrize("seed", range(2))
def test_no_client_gets_past(seed):
    assert leaks(seed, 25, _NAMES) == []


def test_one_that_does_would_be_seen():
    found = leaks(0, 25, _NAMES, allow_loopback=True)
    assert found[-1].endswith("connections came to the proxy")
