import pytest

from faultlab.verdict import Outcome, Place, Verdict, Violation

WRONG = Violation("reply", "a", "b")


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict(), Outcome.HELD),
        (Verdict((WRONG,)), Outcome.FAILED),
        (Verdict((WRONG,), ("a fault was never reached",)), Outcome.FAILED),
        (Verdict((), ("a fault was never reached",)), Outcome.ERROR),
        (Verdict((WRONG,), trouble="the target cannot be imported"), Outcome.ERROR),
    ],
)
def test_a_sign_makes_an_error_only_of_what_held_otherwise(verdict, outcome):
    assert verdict.outcome is outcome


def test_a_place_reads_as_people_write_it():
    assert str(Place("a.yaml", 3, 9)) == "a.yaml:3"
