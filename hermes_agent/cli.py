"""The agent at the command line: one prompt, a conversation, the gateway, or cron jobs.

The answer goes to standard output, everything else to standard error. Exit: 0 completed, 1 failed or partial, 2 what
was asked for cannot be done, 130 interrupted, 141 nobody reads the answer any more; 1 as well if it cannot be written.
With `display.streaming` the answer is there as it comes on a terminal, and what was withdrawn of it is marked in its
place. Anywhere else it is there when it is whole.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn, TextIO

from hermes_agent import run_agent
from hermes_agent.config import load_config
from hermes_agent.console import Console
from hermes_agent.cron import jobs, scheduler
from hermes_agent.cron.tick import tick
from hermes_agent.errors import HermesError, OutputLost
from hermes_agent.gateway.run import GatewayRunner
from hermes_agent.messages import Outcome
from hermes_agent.runtime import Runtime, system_runtime
from hermes_agent.runtime_provider import check
from hermes_agent.sessions import SessionStore

__all__ = ["main"]

_EXIT = {Outcome.COMPLETED: 0, Outcome.FAILED: 1, Outcome.PARTIAL: 1, Outcome.INTERRUPTED: 130}
_CANNOT_BEGIN = 2
_NOBODY_READS = 141
"""As a shell tells of a program that SIGPIPE has ended."""

_USAGE = """hermes_agent [--resume [ID]] [--] [PROMPT ...]
       hermes_agent gateway
       hermes_agent cron run JOBFILE
       hermes_agent cron tick [JOBSFILE]"""

_ABOUT = """\
With a prompt: one answer. Without: a conversation, each line a turn; /new begins a new session, /quit ends.
gateway: chats as JSON lines on standard input and output. cron run: the job, or the list of jobs, in a JSON file.
cron tick: of such a list (hermes_agent_cron.json in HERMES_HOME) the jobs that are due, by their schedules in UTC."""


class _Terminal(Console):
    """Where the user is, and the outside that the agent gets."""

    def __init__(self, runtime: Runtime, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        super().__init__(stdin, stdout, stderr)
        self.runtime = runtime

    def refuse(self, text: str) -> NoReturn:
        """Say in one line why nothing was begun."""
        self.notice(f"hermes_agent: {text}")
        raise SystemExit(_CANNOT_BEGIN)


def main(
    argv: Sequence[str] | None = None,
    *,
    runtime: Runtime | None = None,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> int:
    """Do what the arguments say; the exit code. No stream of the caller's is closed."""
    streams = (stdin or sys.stdin, stdout or sys.stdout or io.StringIO(), stderr or sys.stderr or io.StringIO())
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a byte that is no text ends no conversation
    terminal = _Terminal(runtime or system_runtime(), *streams)
    try:
        return _run(list(sys.argv[1:] if argv is None else argv), terminal)
    except OutputLost as lost:
        return _unheard(lost, terminal)
    except HermesError as error:
        terminal.notice(f"hermes_agent: {error}")
        return _CANNOT_BEGIN
    except SystemExit as end:
        return int(end.code or 0)
    except KeyboardInterrupt:
        return _EXIT[Outcome.INTERRUPTED]


def _unheard(lost: OutputLost, terminal: _Terminal) -> int:
    """Who has read enough needs no complaint; whoever believes that all was written does."""
    if isinstance(lost.__cause__, BrokenPipeError):
        return _NOBODY_READS
    terminal.notice(f"hermes_agent: {lost}")
    return _EXIT[Outcome.FAILED]


def _run(argv: list[str], terminal: _Terminal) -> int:
    match argv:
        case ["gateway"]:
            _warn(terminal)
            GatewayRunner(runtime=terminal.runtime).serve(terminal.stdin, terminal.stdout)
            return 0
        case ["cron", "run", path]:
            return _run_jobs(_jobs(Path(path), terminal), terminal)
        case ["cron", "tick"]:
            return _tick(terminal.runtime.home / jobs.FILE, terminal)
        case ["cron", "tick", path]:
            return _tick(Path(path), terminal)
        case ["gateway" | "cron", *_]:
            terminal.refuse("usage: hermes_agent gateway, hermes_agent cron run JOBFILE, or cron tick [JOBSFILE]")
    options = _parsed(argv, terminal)
    session_id = None if options.resume is None else _resumed(options.resume, terminal)
    _warn(terminal)
    if options.prompt:
        with closing(_agent(session_id, terminal)) as agent:
            return _ask(agent, " ".join(options.prompt), terminal)
    return _converse(session_id, terminal)


def _parsed(argv: list[str], terminal: _Terminal) -> argparse.Namespace:
    parser = argparse.ArgumentParser("hermes_agent", usage=_USAGE, description=_ABOUT)
    parser.add_argument("prompt", nargs="*", metavar="PROMPT", help="what to ask")
    parser.add_argument(
        "--resume", nargs="?", const="", metavar="ID", help="go on with a session; the latest without ID"
    )
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()) as complained:
        try:
            return parser.parse_args(argv)
        except SystemExit:
            terminal.answer(said.getvalue().rstrip("\n"))
            terminal.notice(complained.getvalue().rstrip("\n"))
            raise


def _warn(terminal: _Terminal) -> None:
    """What the configuration promises and cannot hold is told before it matters (C14)."""
    runtime = terminal.runtime
    for sentence in check(load_config(runtime.home), runtime.environ, runtime.home):
        terminal.notice(f"hermes_agent: {sentence}")


def _resumed(wanted: str, terminal: _Terminal) -> str:
    with SessionStore(terminal.runtime.home) as store:
        known = store.sessions()
    if not known:
        terminal.refuse("there is no session to resume")
    if wanted and wanted not in known:
        terminal.refuse(f"there is no session {wanted!r}; the latest: {', '.join(known[:_LISTED])}")
    return wanted or known[0]


_LISTED = 5


def _agent(session_id: str | None, terminal: _Terminal) -> run_agent.AIAgent:
    return run_agent.AIAgent(
        runtime=terminal.runtime,
        session_id=session_id,
        on_notice=terminal.notice,
        on_delta=terminal.delta if terminal.is_terminal else None,
        on_withdrawn=terminal.withdrawn,
    )


def _ask(agent: run_agent.AIAgent, text: str, terminal: _Terminal) -> int:
    result = agent.run_conversation(text)
    if agent.config.display.streaming and terminal.is_terminal:
        terminal.end_line()
    else:
        terminal.answer(result["reply"])
    if result["error"]:
        terminal.notice(result["error"])
    return _EXIT[Outcome(result["outcome"])]


def _converse(session_id: str | None, terminal: _Terminal) -> int:
    """A line, a turn; the exit code of the last one."""
    agent, code = _agent(session_id, terminal), 0
    try:
        while line := terminal.line():
            match line.strip():
                case "":
                    continue
                case "/quit" | "/exit":
                    break
                case "/new":
                    agent.close()
                    agent = _agent(None, terminal)
                    terminal.notice("This is a new session.")
                case text:
                    code = _ask(agent, text, terminal)
    finally:
        agent.close()
    return code


def _jobs(path: Path, terminal: _Terminal) -> list[Mapping[str, Any]]:
    """The file's job, or its list of jobs."""
    try:
        held = json.loads(path.read_bytes())
    except OSError as error:
        terminal.refuse(f"{path}: cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        terminal.refuse(f"{path}: cannot be read as JSON")
    given = held if isinstance(held, list) else [held]
    if not given or not all(isinstance(job, dict) for job in given):
        terminal.refuse(f"{path}: holds no job; allowed: an object with id, name and prompt, or a list of them")
    return given


def _run_jobs(given: Sequence[Mapping[str, Any]], terminal: _Terminal) -> int:
    """The worst of the jobs' exit codes; an interrupt ends them all."""
    worst = 0
    for job in given:
        done = scheduler.run(job, runtime=terminal.runtime)
        terminal.answer(done.document.rstrip())
        worst = max(worst, _ended(str(job.get("name") or job.get("id") or "job"), done, terminal))
        if done.outcome is Outcome.INTERRUPTED:
            break
    return worst


def _tick(path: Path, terminal: _Terminal) -> int:
    """Show where the documents of the jobs that ran are. A malformed job is told and keeps no other from running."""
    listed, worst = jobs.JobsFile(path), 0
    for problem in listed.problems():
        terminal.notice(f"hermes_agent: {problem}")
        worst = _CANNOT_BEGIN
    for ran in tick(listed, terminal.runtime):
        terminal.answer(str(ran.document or ""))
        worst = max(worst, _ended(ran.name, ran.run, terminal))
    return worst


def _ended(name: str, done: scheduler.JobRun, terminal: _Terminal) -> int:
    if done.error:
        terminal.notice(f"{name}: {done.error}")
    return _EXIT[done.outcome]
