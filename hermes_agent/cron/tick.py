"""One pass over a file of jobs: each that is due runs once, and its document is kept.

When the next pass comes is for whoever calls: the system's own cron, as a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from hermes_agent.cron import scheduler
from hermes_agent.cron.jobs import JobsFile
from hermes_agent.cron.scheduler import JobRun
from hermes_agent.messages import Outcome
from hermes_agent.runtime import Runtime

__all__ = ["FOLDER", "Ran", "tick"]

FOLDER = "hermes_agent_cron"
"""In HERMES_HOME: a folder for each job, a document for each run."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A job's run; `document` is the file that tells of it, None if it could not be written."""

    job_id: str
    name: str
    run: JobRun
    document: Path | None


def tick(jobs: JobsFile, runtime: Runtime) -> Iterator[Ran]:
    """Run what is due by now, each job once, and hand out each when it has ended; an interrupt leaves the rest due.

    Raises ConfigError if the file cannot be used.
    """
    began = _now(runtime)
    while (job := jobs.claim(began, now := max(began, _now(runtime)))) is not None:
        ran = _kept(job["id"], job.get("name") or job["id"], scheduler.run(job, runtime=runtime), now, runtime.home)
        jobs.finish(ran.job_id, ran.run.outcome.value, ran.run.error)
        yield ran
        if ran.run.outcome is Outcome.INTERRUPTED:
            return


def _now(runtime: Runtime) -> datetime:
    return datetime.fromtimestamp(runtime.clock.time(), UTC).replace(microsecond=0)


def _kept(job_id: str, name: str, run: JobRun, began: datetime, home: Path) -> Ran:
    """A run whose document cannot be kept is a failed one: nobody would learn of it."""
    folder = home / FOLDER / job_id
    try:
        path = _new_file(folder, f"{began:%Y-%m-%dT%H-%M-%SZ}")
        path.write_text(run.document, "utf-8", errors="replace")
    except OSError as error:
        told = f"{folder}: the document cannot be written: {error.strerror}"
        outcome = Outcome.FAILED if run.outcome is Outcome.COMPLETED else run.outcome
        return Ran(job_id, name, replace(run, outcome=outcome, error="; ".join(filter(None, (run.error, told)))), None)
    return Ran(job_id, name, run, path)


def _new_file(folder: Path, stem: str) -> Path:
    """A file that was not there before; what a job says is its owner's alone."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / (f"{stem}.md" if n == 1 else f"{stem}-{n}.md") for n in count(1))
    path = next(path for path in paths if not path.exists())
    path.touch(mode=0o600)
    return path
