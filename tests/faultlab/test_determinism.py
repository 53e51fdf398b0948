"""The same scenario gives the same bytes, in whatever process it runs."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TELL = """
import sys
from faultlab.reports.text import Style, render
from faultlab.runner import load, run_fully

for scenario in (scenario for file in sys.argv[1:] for scenario in load(file)):
    ran = run_fully(scenario)
    print(render(ran, Style()), ran.verdict)
    for each in ran.trace.exchanges:
        print(each.n, each.upstream, each.started_s, each.ended_s, each.faults, each.request.body, each.sent)
    for turn in ran.trace.turns:
        print(turn)
"""


FILES = [
    "entrances/every_entrance_switches_on_each_trigger.yaml",
    "renewal/an_expired_token_is_renewed_once.yaml",
    "faults/every_provider_speaks_for_itself.yaml",
    "compression/a_provider_that_behaves_like_a_real_one.yaml",
    "targets/the_client_by_itself_retries_and_knows_no_fallback.yaml",
]


def told(hash_seed):
    environ = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", TELL, *(str(ROOT / "scenarios" / file) for file in FILES)]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True).stdout


def test_two_processes_tell_the_same():
    one = told("1")
    assert one.count(b"turn 1") > len(FILES)
    assert told("2") == one
