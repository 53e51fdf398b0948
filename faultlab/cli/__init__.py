"""The command `faultlab`: runs scenarios without pytest, serves providers, records real ones, checks files.

Exit codes: 0 all held, 1 something did not hold, 2 it could not be run (usage, an unreadable file, a scenario in
error, and nothing failed), 130 stopped by Ctrl-C or another signal to end.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from faultlab.cli import catalogue, chaos, checking, recording, reporting, running, schema, serving
from faultlab.cli.base import COULD_NOT_RUN, STOPPED
from faultlab.errors import FaultlabError
from faultlab.reports.base import printable

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say and return the exit code."""
    if sys.stdout is None:  # as it is for whoever was started without one
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lasts
    chosen = _parser().parse_args(argv)
    do: Callable[[argparse.Namespace], int] = chosen.do
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = do(chosen)
        sys.stdout.flush()
    except FaultlabError as error:
        print(printable(str(error)), file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        return _unwritten()
    except OSError as error:
        print(f"standard output cannot be written: {error.strerror}", file=sys.stderr)
        return _unwritten()
    return code


def _unwritten() -> int:
    """Whoever read us has read enough; what is still buffered must not fail a second time at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return COULD_NOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("faultlab", description="Fault injection for LLM agents.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (running, chaos, checking, reporting, schema, catalogue, serving, recording):
        command.add_to(commands)
    return parser
