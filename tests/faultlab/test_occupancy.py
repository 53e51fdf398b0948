import threading

import pytest

from faultlab import Lab
from faultlab.errors import LabBusy
from faultlab.occupancy import occupying


def elsewhere(ask):
    """What a call in another thread raises, or None."""
    raised = []

    def run():
        try:
            ask()
            raised.append(None)
        except LabBusy as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="second")
    thread.start()
    thread.join()
    return raised[0]


def occupy():
    with occupying("interception"):
        pass


def enter(**options):
    with Lab(**options):
        pass


def test_what_one_thread_has_it_may_take_again():
    with occupying("virtual time"), occupying("interception"), occupying("virtual time"):
        pass
    assert elsewhere(occupy) is None


def test_another_thread_is_told_who_has_it_and_since_where():
    with occupying("virtual time"):
        error = elsewhere(occupy)
    assert "thread 'MainThread' has virtual time (since " in str(error)
    assert f"{__file__}:" in str(error)
    assert elsewhere(occupy) is None


def test_it_is_free_again_after_an_exception():
    with pytest.raises(ZeroDivisionError), occupying("virtual time"):
        raise ZeroDivisionError
    assert elsewhere(occupy) is None


def test_labs_of_one_thread_stack():
    with Lab() as outer, Lab() as inner:
        inner.clock.sleep(5)
        assert (inner.clock.now_s, outer.clock.now_s) == (5, 0)


def test_a_second_thread_s_lab_is_refused_unless_it_does_without():
    with Lab():
        assert "Lab(virtual_time=False)" in str(elsewhere(enter))
        assert elsewhere(lambda: enter(virtual_time=False)) is None
    assert elsewhere(enter) is None
