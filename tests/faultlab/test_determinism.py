"""The same scenario gives the same bytes, in whatever process it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TELL = """
import sys
from faultlab.reports.text import Style, render
from faultlab.runner import load, run_fully

for scenario in load(sys.argv[1]):
    ran = run_fully(scenario)
    print(render(ran, Style()), ran.verdict)
    for each in ran.trace.exchanges:
        print(each.n, each.upstream, each.started_s, each.ended_s, each.faults, each.request.body, each.sent)
    for turn in ran.trace.turns:
        print(turn)
"""


def told(hash_seed, file):
    environ = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", TELL, str(ROOT / "scenarios" / file)]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    "file",
    [
        "entrances/every_entrance_switches_on_each_trigger.yaml",
        "renewal/an_expired_token_is_renewed_once.yaml",
        "faults/every_provider_speaks_for_itself.yaml",
        "compression/a_provider_that_behaves_like_a_real_one.yaml",
        "targets/the_client_by_itself_retries_and_knows_no_fallback.yaml",
    ],
)
def test_two_processes_tell_the_same(file):
    one = told("1", file)
    assert b"turn 1" in one
    assert told("2", file) == one
