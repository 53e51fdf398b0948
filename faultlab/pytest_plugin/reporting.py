"""What is told of a test that failed: the timeline of its lab, a trace in a file, and what a comparison was about."""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import pytest

from faultlab.pytest_plugin.base import LAB, trace_folder
from faultlab.pytest_plugin.scenarios import DidNotHold
from faultlab.timeline import steps_of
from faultlab.timetable import table
from faultlab.told import Told
from faultlab.trace import Trace
from faultlab.trace_json import crossed_out, trace_told

__all__ = ["compared", "file_name", "tell"]

_LONGEST: Final = 100
"""Characters of a file's name, its ending apart: file systems allow 255 bytes."""

_THE_MACHINE_S: Final = re.compile(
    r"user-agent$|accept-encoding$|x-stainless-(arch|os|lang|package-version|runtime|runtime-version)$"
)
"""Headers in which a client describes where it runs: the same seed writes the same bytes everywhere."""


def tell(item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport) -> None:
    """Add the timeline to the report, and write the trace where that was asked for."""
    if LAB in item.stash:
        lab = item.stash[LAB]
        report.sections.append(("faultlab timeline", lab.timeline()))
        _write(item, lab.stage.seed, lab.trace, lab.stage.secrets, lab.signs())
    elif call.excinfo is not None and isinstance(call.excinfo.value, DidNotHold):
        run = call.excinfo.value.run
        _write(item, run.scenario.seed, run.trace, run.secrets, run.verdict.signs)


def _write(item: pytest.Item, seed: int, trace: Trace, secrets: tuple[str, ...], signs: tuple[str, ...]) -> None:
    folder = trace_folder(item.config)
    if folder is None:
        return
    told = trace_told(trace)
    for exchange in told["exchanges"]:
        headers = exchange["request"]["headers"]
        exchange["request"]["headers"] = {name: headers[name] for name in headers if not _THE_MACHINE_S.match(name)}
    document = {"test": item.nodeid, "seed": seed, "signs": list(signs), "trace": told}
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(crossed_out(document, secrets), indent=1)
    Path(folder, f"{file_name(item.nodeid)}.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")


def file_name(node_id: str) -> str:
    """A name that every file system takes, and no other test has."""
    plain = re.sub(r"[^\w.-]+", "-", node_id.replace("::", "."), flags=re.ASCII).strip("-.")
    return f"{plain[-_LONGEST:]}-{blake2b(node_id.encode(), digest_size=4).hexdigest()}"


def compared(op: str, left: object, right: object) -> list[str]:
    """What was found, what was expected, and the timeline."""
    if isinstance(left, Told):
        return _explained(f"{left!r} {op} {right!r}", left, right)
    return _explained(f"{left!r} {op} {right!r}", right, left) if isinstance(right, Told) else []


def _explained(summary: str, found: Told, expected: object) -> list[str]:
    return [
        summary,
        found.question,
        f"  found     {found!r}",
        f"  expected  {expected!r}",
        *table(steps_of(found.trace)),
    ]
