"""A run that somebody had to end, or that crashed, has no verdict: it is trouble, with the reason."""

import pytest

from faultlab.playing import play
from faultlab.subject import subject_of
from faultlab.trial import Standing, Trial

APP = """\
import os, signal, sys, time

def loop(lab, user):
    with lab["primary"].client() as client:
        while True:
            client.models.list()

if __name__ == "__main__":
    match sys.argv[1]:
        case "hang":
            time.sleep(600)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "odd":
            os.kill(os.getpid(), signal.SIGRTMIN + 1)
        case "flood":
            while True:
                print("x" * 100_000)
        case "fail":
            sys.exit(139)
"""


@pytest.fixture
def record(tmp_path):
    def played(target):
        (tmp_path / "stopped_app.py").write_text(APP, encoding="utf-8")
        (tmp_path / "s.yaml").write_text(f"name: n\ntarget: {target}\nturns: [{{user: x}}, {{user: y}}]\n", "utf-8")
        subject = subject_of(tmp_path / "s.yaml")
        return play(subject, Trial("x", 0, subject.healthy, ()))

    return played


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("hang", "it was ended after 0.3 s, which is all the time that it has"),
        ("crash", "it crashed: signal SIGSEGV"),
        ("odd", "it crashed: signal 35"),
        ("flood", "it said more than 1,000,000 bytes, which is all that is read"),
    ],
)
def test_a_program_that_did_not_end_by_itself_is_trouble(record, does, told):
    timeout_s = 0.3 if does == "hang" else 30
    found = record(f"{{command: ['{{python}}', '{{folder}}/stopped_app.py', {does}], timeout_s: {timeout_s}}}")
    assert (found.standing, found.reasons) == (Standing.TROUBLE, (told,))


def test_one_that_says_that_it_has_failed_has_failed(record):
    found = record("{command: ['{python}', '{folder}/stopped_app.py', fail]}")
    assert (found.standing, found.ending) == (Standing.HELD, "failed")


def test_a_function_that_never_stops_asking_is_trouble(record):
    found = record("{callable: 'stopped_app:loop'}")
    assert (found.standing, found.reasons) == (Standing.TROUBLE, ("it never stops asking",))
