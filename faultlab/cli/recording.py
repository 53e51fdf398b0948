"""`faultlab record`: a command whose real model traffic goes into a cassette, without what is secret in it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any, Final, NamedTuple

from faultlab.adapters.cassette.forwarding import forwarding
from faultlab.adapters.cassette.recorder import Recorder
from faultlab.errors import TargetError

__all__ = ["add_to", "record"]

_OPENAI: Final = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
"""Where the official clients, and those before them, look for their base URL."""

_DEFAULT_URL: Final = "https://api.openai.com/v1"
_SECRET: Final = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_BY_SIGNAL: Final = 128
_STREAMS: Final = range(3)

_ABOUT: Final = """\
Runs a command and records what it asks its models, and what these answer, in a cassette of vcrpy. Keys, cookies and ids
of accounts are left out before anything is written. The command is led to a port of 127.0.0.1 by OPENAI_BASE_URL and by
every other variable that holds an --upstream; from there its requests go on to the real provider, with its own key, and
answers come back as they come. Ends as the command ends, and with its exit code."""


class _Way(NamedTuple):
    """A provider's real base URL, and the variables that lead to it whatever they hold now."""

    url: str
    names: tuple[str, ...]


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser(
        "record", help="real traffic of a command into a cassette, keys removed", description=_ABOUT
    )
    added.add_argument("--to", metavar="FILE", type=Path, help="the cassette; cassettes/NAME.yaml if left out")
    added.add_argument("--overwrite", action="store_true", help="also if that file is there already")
    added.add_argument(
        "--upstream",
        metavar="[NAME=]URL",
        action="append",
        help="a provider's base URL, and the variable that leads there; what OPENAI_BASE_URL says if left out, else "
        f"{_DEFAULT_URL}",
    )
    added.add_argument("argv", nargs="+", metavar="COMMAND", help="behind --, as it would be run without faultlab")
    added.set_defaults(do=record)


def record(chosen: argparse.Namespace) -> int:
    """Run the command to its end; its exit code."""
    ways = _ways(chosen.upstream or [os.environ.get(_OPENAI[0]) or _DEFAULT_URL])
    path = chosen.to or Path("cassettes", f"{_name_of(chosen.argv)}.yaml")
    recorder = Recorder(path, _secrets(), overwrite=chosen.overwrite)
    try:
        with forwarding([way.url for way in ways], recorder) as there:
            code = _run(chosen.argv, _led(ways, there))
    finally:
        recorder.write()
    print(_told(recorder, there), file=sys.stderr)
    return code


def _ways(given: Sequence[str]) -> list[_Way]:
    """The first one without a name is where the official clients are led."""
    ways: list[_Way] = []
    for each in given:
        name, named, url = each.partition("=") if "://" not in each.partition("=")[0] else ("", "", each)
        is_first = not named and not any(way.names == _OPENAI for way in ways)
        ways.append(_Way((url if named else each).rstrip("/"), (name,) if named else _OPENAI if is_first else ()))
    return ways


def _led(ways: Sequence[_Way], there: Sequence[str]) -> dict[str, str]:
    """The environment of the command."""
    environ = dict(os.environ)
    for way, url in zip(ways, there, strict=True):
        same = [name for name, value in os.environ.items() if value.rstrip("/") == way.url]
        environ |= dict.fromkeys([*same, *way.names], url)
    return environ


def _secrets() -> list[str]:
    """What the environment holds under the name of a secret may stand in a prompt too."""
    return [value for name, value in os.environ.items() if name.upper().endswith(_SECRET)]


def _name_of(argv: Sequence[str]) -> str:
    """What a command is called: its script or module where an interpreter runs one."""
    program, *rest = argv
    if "-m" in rest[:-1]:
        return rest[rest.index("-m") + 1]
    script = next((each for each in rest if Path(each).is_file()), program)
    return Path(script).stem or "recorded"


def _run(argv: Sequence[str], environ: dict[str, str]) -> int:
    """The exit code; of one that was ended by a signal 128 and its number, as in a shell."""
    try:
        process = Popen(argv, env=environ)  # noqa: S603  # what it is, the user says; no shell reads it
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise TargetError(f"command {argv[0]!r:.200} cannot be started: {told}") from None
    with process, _passing_on(process):
        code = process.wait()
    return code if code >= 0 else _BY_SIGNAL - code


@contextmanager
def _passing_on(process: Popen[bytes]) -> Iterator[None]:
    """Meanwhile a signal to end ends the command, and with it us: what was recorded so far is kept."""
    heard = not _is_in_front()

    def interrupt(*_: object) -> None:
        nonlocal heard
        # The terminal sends a first Ctrl-C to the command as well, which should not hear it twice.
        if heard:
            process.send_signal(signal.SIGINT)
        heard = True

    def end(*_: object) -> None:
        process.terminate()

    former = {each: signal.signal(each, do) for each, do in ((signal.SIGINT, interrupt), (signal.SIGTERM, end))}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _is_in_front() -> bool:
    """Whether a Ctrl-C at the terminal reaches all that we start."""
    for stream in _STREAMS:
        with suppress(OSError):  # it is no terminal
            return os.tcgetpgrp(stream) == os.getpgrp()
    return False


def _told(recorder: Recorder, there: Sequence[str]) -> str:
    """One line of what has come of it."""
    lost = recorder.left_out
    left_out = f"; {_counted(lost)} left out, whose answer did not come whole or could not be read" if lost else ""
    if not recorder.recorded:
        return f"recorded nothing: no answer came by way of {' or '.join(there)}{left_out}"
    return f"recorded {_counted(recorder.recorded)} in {recorder.path}{left_out}"


def _counted(count: int) -> str:
    return f"{count} exchange{'' if count == 1 else 's'}"
