"""The guards of conftest.py hold: what they forbid fails the test at once, what tests need passes."""

import socket
import subprocess
import sys
import time

import pytest

FAILS = pytest.fail.Exception


def test_sleeping_is_refused():
    with pytest.raises(FAILS, match="time is virtual"):
        time.sleep(0)


@pytest.mark.parametrize("host", ["192.0.2.1", "api.example.com"])
def test_a_connection_that_leaves_the_machine_is_refused(host):
    with pytest.raises(FAILS, match="nothing leaves"):
        socket.create_connection((host, 443), timeout=1)


def test_a_datagram_that_leaves_the_machine_is_refused():
    with socket.socket(type=socket.SOCK_DGRAM) as sender, pytest.raises(FAILS, match="nothing leaves"):
        sender.sendto(b"", ("192.0.2.1", 53))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_open(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1])).close()


def test_the_end_of_a_child_process_may_be_waited_for():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.01)"]) as child:
        assert child.wait(timeout=10) == 0
