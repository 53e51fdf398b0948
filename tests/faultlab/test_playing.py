"""What is kept of a run: how its last turn ended, and what its user waited in all of them."""

import json
import sys
from dataclasses import replace

import pytest

from faultlab.playing import play
from faultlab.runner import loader
from faultlab.subject import Subject
from faultlab.trial import Ending, Trial

CONFIG = {
    "model": {"provider": "openai", "default": "gpt-5.1"},
    "fallback_model": {"provider": "openrouter", "model": "m"},
}
PROGRAM = """
import os, time, urllib.request
base, key = (os.environ["FAULTLAB_PRIMARY_" + name] for name in ("BASE_URL", "API_KEY"))
body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
for pause_s in PAUSES:
    time.sleep(pause_s)
    request = urllib.request.Request(base + "/chat/completions", body, {"Authorization": "Bearer " + key})
    urllib.request.urlopen(request).read()
"""


def record(**more):
    document = {"name": "n", "says": ["one", "two"], "turns": [{"user": "hi"}], **more}
    (scenario,) = loader().read(json.dumps(document), "mine.yaml")
    scenario = replace(scenario, expectations=())
    return play(Subject("mine.yaml", scenario), Trial("hand", 0, scenario, expected=()))


@pytest.mark.parametrize(
    ("faults", "ending", "waits", "waited_s"),
    [
        (["ok", "ok"], Ending.PRIMARY, 0, 0.0),
        (["ok", "reset"], Ending.WAITED, 1, 2.0),
        (["reset", "ok", "reset"], Ending.WAITED, 2, 4.0),
        (["reset", "ok", "ok"], Ending.PRIMARY, 1, 2.0),
        (["forbidden", "ok"], Ending.FALLBACK, 0, 0.0),
    ],
    ids=str,
)
def test_a_run_ends_as_its_last_turn_does_and_waits_in_all_of_them(faults, ending, waits, waited_s):
    told = record(config=CONFIG, faults={"primary": faults}, turns=[{"user": "hi"}, {"user": "and then?"}])
    assert (told.ending, told.waits, told.waited_s, told.took_s) == (ending, waits, waited_s, waited_s)


@pytest.mark.parametrize(("pauses", "waits"), [((0, 0), 0), ((0, 0.4), 1)], ids=["at once", "after a wait"])
def test_what_a_program_takes_for_its_own_work_is_no_wait(pauses, waits):
    command = [sys.executable, "-I", "-c", PROGRAM.replace("PAUSES", str(pauses))]
    told = record(target={"command": command})
    assert (told.waits, told.ending) == (waits, Ending.WAITED if waits else Ending.PRIMARY)
