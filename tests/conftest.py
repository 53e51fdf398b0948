"""What holds for every test: nothing waits, nothing leaves the machine, chance repeats itself where it must."""

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from hypothesis import settings

from faultlab.served import Served

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

pytest_plugins = "pytester"

gc.set_threshold(10_000, 10, 10)  # thousands of tests and the client's types outlive all: looking through them is dear

# Who runs tests in the background ignores Ctrl-C, and so would each program that a test starts to press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

LOOPBACK = ("127.", "::1", "localhost")
REAL_SLEEP = time.sleep
GUARDED = [
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (socket.socket, "sendto"),
    (socket, "getaddrinfo"),
]


def _sleep(seconds):
    # The standard library polls for the end of a child process: that waits for work, not for time.
    if sys._getframe(1).f_globals["__name__"] == "subprocess":
        return REAL_SLEEP(seconds)
    return pytest.fail(f"time.sleep({seconds}) was reached: time is virtual here")


def _host(name, arguments):
    """The host that a call names; None if it names none, as for a socket of the file system."""
    if name == "getaddrinfo":
        return arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
    return arguments[-1][0] if isinstance(arguments[-1], tuple) else None


def _on_loopback_only(name, real):
    def call(*arguments, **keywords):
        host = _host(name, arguments)
        if host is not None and not str(host).startswith(LOOPBACK):
            pytest.fail(f"{name} was asked for {host}: nothing leaves the machine")
        return real(*arguments, **keywords)

    return call


@pytest.fixture(autouse=True)
def _nothing_waits_and_nothing_leaves(monkeypatch):
    monkeypatch.setattr(time, "sleep", _sleep)
    for owner, name in GUARDED:
        monkeypatch.setattr(owner, name, _on_loopback_only(name, getattr(owner, name)))


@pytest.fixture(scope="session")
def serving():
    """Starts `faultlab serve` in a process of its own, for as long as a block lasts: the process, and where all is.

    It is over at the latest when this process is: its standard input ends then.
    """

    @contextlib.contextmanager
    def served(*arguments, labs=1):
        command = [sys.executable, "-W", "error", "-m", "faultlab", "serve", "--until-stdin-closes", "--json"]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with subprocess.Popen([*command, *arguments], text=True, **pipes) as process:
            try:
                lines = [process.stdout.readline() for _ in range(labs)]
                assert all(lines), process.stderr.read()
                yield process, [Served.from_line(line) for line in lines]
            finally:
                process.stdin.close()
                process.wait(timeout=30)

    return served
