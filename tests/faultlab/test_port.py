"""A port that is held whether anybody listens or not, and that tells who knocks."""

import contextlib
import socket

import pytest

from faultlab.adapters.port import Port

_AS_MANY = 300
"""More than the kernel tells in one message."""


@pytest.fixture
def port():
    with contextlib.closing(Port()) as made:
        yield made


@pytest.fixture
def knock(port):
    """Somebody who asks to be let in, and does not wait for it."""
    with contextlib.ExitStack() as callers:

        def come():
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex((port.host, port.number))
            return caller

        yield come


def test_who_is_left_without_an_answer_is_told_until_he_goes(port, knock):
    assert port.ignore()
    caller = knock()
    number = caller.getsockname()[1]
    assert (port.knocking(), port.ignored, port.is_there(number)) == ((number,), 1, True)
    caller.close()
    assert port.knocking() == ()
    port.forget()
    assert port.ignored == 0


def test_some_are_ignored_and_others_let_in(port, knock):
    assert port.ignore()
    ignored = [knock().getsockname()[1] for _ in range(2)]
    assert port.ignore(ignored)
    other = knock()
    with contextlib.closing(port.accept()) as accepted:
        assert accepted.getpeername() == other.getsockname()
    assert sorted(port.knocking()) == sorted(ignored)
    assert port.ignore()
    assert knock().getsockname()[1] in port.knocking()


def test_so_are_many(port, knock):
    assert port.ignore()
    callers = [knock().getsockname()[1] for _ in range(_AS_MANY)]
    assert sorted(port.knocking()) == sorted(callers)


def test_who_knocks_elsewhere_is_none_of_its_business(port, knock):
    with contextlib.closing(Port()) as other:
        assert port.ignore()
        assert other.ignore()
        knock()
        assert other.knocking() == ()


def test_who_is_let_in_knocks_no_more(port, knock):
    port.listen()
    caller = knock()
    with port.accept() as connection:
        assert connection.getpeername() == caller.getsockname()
    assert port.knocking() == ()
    with pytest.raises(BlockingIOError):
        port.accept()


def test_a_port_that_was_closed_has_the_same_number_again(port, knock):
    port.listen()
    port.refuse()
    with pytest.raises(ConnectionRefusedError), socket.create_connection((port.host, port.number)):
        pass
    port.listen()
    knock()
    port.accept().close()
