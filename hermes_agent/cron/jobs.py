"""The jobs of a file: which one is due, claimed before it runs, so that neither a crash nor another tick runs it again.

It runs nothing. What it does not know of a job it keeps.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hermes_agent.cron.schedule import Schedule, malformed, read_moment, read_schedule
from hermes_agent.errors import ConfigError
from hermes_agent.home import read_text, write_text

__all__ = ["FILE", "JobsFile"]

FILE = "hermes_agent_cron.json"
"""In HERMES_HOME, where no other is named."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A job that can be used, beside its entry in the file."""

    entry: dict[str, Any]
    schedule: Schedule
    next_run_at: datetime | None
    last_run_at: datetime | None


class JobsFile:
    """A list of jobs in a JSON file. Every method raises ConfigError if the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def problems(self) -> list[ConfigError]:
        """What is wrong with single jobs; those never run, and keep no other from running."""
        return _sorted_out(self._read(), self._path)[1]

    def claim(self, due_by: datetime, now: datetime) -> Mapping[str, Any] | None:
        """The first job that was due by then, as it stands in the file; None if there is none.

        That it has begun, and when it is due again, is written before it is handed out: nobody else gets it.
        """
        with self._entries() as entries:
            for job in _sorted_out(entries, self._path)[0]:
                due = job.next_run_at or job.schedule.first(due_by, job.last_run_at)
                if due is None or due > due_by:
                    job.entry["next_run_at"] = _written_moment(due)
                    continue
                job.entry["next_run_at"] = _written_moment(job.schedule.following(due, now))
                job.entry.update(last_run_at=_written_moment(now), last_status="running", last_error=None)
                return dict(job.entry)
        return None

    def finish(self, job_id: str, status: str, error: str | None) -> None:
        """Write how the run of a job ended, if the job is still there."""
        with self._entries() as entries:
            for entry in entries:
                if isinstance(entry, dict) and entry.get("id") == job_id:
                    entry.update(last_status=status, last_error=error)

    @contextmanager
    def _entries(self) -> Iterator[list[Any]]:
        """What the file holds; what is changed of it is written back before another tick can read it."""
        self._read()  # a file that cannot be used gets no lock beside it
        path = self._path.resolve()
        try:
            with path.with_name(f"{path.name}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # soon free again: nobody holds it while a job runs
                entries = self._read()
                before = _written(entries)
                yield entries
                if _written(entries) != before:
                    write_text(path, _written(entries))
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be changed: {error.strerror}") from None

    def _read(self) -> list[Any]:
        try:
            entries = json.loads(read_text(self._path))
            _written(entries).encode()  # what cannot be written again is not to be begun with
        except FileNotFoundError:
            raise ConfigError(str(self._path), (), "no file", "a list of jobs in JSON") from None
        except json.JSONDecodeError as error:
            raise ConfigError(f"{self._path}:{error.lineno}: cannot be read as JSON") from None
        except (ValueError, RecursionError):  # a number of thousands of digits, half a character, thousands of levels
            raise ConfigError(f"{self._path}: cannot be read as JSON") from None
        if not isinstance(entries, list):
            raise malformed(str(self._path), (), entries, "a list of jobs")
        return entries


def _sorted_out(entries: Sequence[Any], path: Path) -> tuple[list[_Job], list[ConfigError]]:
    """The jobs that can be used, and what is wrong with the others; those that are not enabled are neither."""
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
    used = Counter(name for name in ids if isinstance(name, str))
    jobs: list[_Job] = []
    problems: list[ConfigError] = []
    for number, (entry, name) in enumerate(zip(entries, ids, strict=True), 1):
        if isinstance(entry, dict) and entry.get("enabled") is False:
            continue
        try:
            jobs.append(_read_job(entry, f"{path}: job {name if _is_name(name) else number}", used))
        except ConfigError as error:
            problems.append(error)
    return jobs, problems


def _read_job(entry: Any, where: str, used: Mapping[str, int]) -> _Job:
    if not isinstance(entry, dict):
        raise malformed(where, (), entry, "an object with id, prompt and schedule")
    for key, (allowed, fits) in _KEYS.items():
        if not fits(entry.get(key)):
            raise malformed(where, (key,), entry.get(key), allowed)
    if used[entry["id"]] > 1:
        raise malformed(where, ("id",), entry["id"], "an id that no other job has")
    next_run_at, last_run_at = (
        None if entry.get(key) is None else read_moment(entry[key], where, (key,))
        for key in ("next_run_at", "last_run_at")
    )
    return _Job(entry, read_schedule(entry.get("schedule"), where), next_run_at, last_run_at)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", value) is not None


_KEYS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "id": ("letters, digits, '.', '_' and '-' (it names a folder)", _is_name),
    "name": ("a text", lambda value: value is None or isinstance(value, str)),
    "prompt": ("what to ask", lambda value: isinstance(value, str) and bool(value.strip())),
    "enabled": ("true or false", lambda value: value is None or isinstance(value, bool)),
}


def _written(entries: Any) -> str:
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def _written_moment(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
