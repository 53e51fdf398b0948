"""Scenario files as pytest items, and the fixture `faultlab`. Nothing that runs a scenario is imported before one runs.

Collected are `*.yaml` files below the ini option `faultlab_paths` and files named on the command line; no other is
opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faultlab.errors import ScenarioError
from faultlab.lab import Lab
from faultlab.loader import SUFFIXES, Loader
from faultlab.reports.base import printable
from faultlab.reports.text import NARROWEST, Style, render
from faultlab.runner import Run, loader, run_fully
from faultlab.scenario import Scenario
from faultlab.verdict import Outcome

__all__ = [
    "DidNotHold",
    "ScenarioFile",
    "ScenarioItem",
    "faultlab",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_runtestloop",
]

_LOADER = pytest.StashKey[Loader]()
_UNREADABLE = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options."""
    parser.addini("faultlab_paths", "folders below the root that hold scenarios", type="args", default=["scenarios"])
    parser.addini("faultlab_overlay", "a file whose keys are laid over every scenario", default="")


@pytest.fixture
def faultlab() -> Iterator[Lab]:
    """A lab for one test; at its end all must have come about as planned."""
    with Lab() as lab:
        yield lab


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a YAML file that is a scenario by its place, or by the user's word."""
    if file_path.suffix not in SUFFIXES:
        return None
    if not parent.session.isinitpath(file_path) and not _is_ours(file_path, parent.config):
        return None
    node: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return node


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Let the others run: pytest stops at a file that cannot be collected, unless it is asked to go on."""
    if session.testsfailed == session.config.stash.get(_UNREADABLE, 0):
        session.config.option.continue_on_collection_errors = True


def _is_ours(path: Path, config: pytest.Config) -> bool:
    folders = (config.rootpath / folder for folder in config.getini("faultlab_paths"))
    return path.suffix == SUFFIXES[0] and any(path.is_relative_to(folder) for folder in folders)


class ScenarioFile(pytest.File):
    """One file; what it cannot hold is one message, and the other files still run."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each scenario."""
        try:
            scenarios = _loader(self.config).load(self.path, _shown(self.path, self.config))
        except ScenarioError as error:
            self.config.stash[_UNREADABLE] = self.config.stash.get(_UNREADABLE, 0) + 1
            raise self.CollectError(printable(str(error))) from None
        for scenario in scenarios:
            yield ScenarioItem.from_parent(self, name=scenario.id, scenario=scenario)


class ScenarioItem(pytest.Item):
    """One scenario. It passes if all held."""

    def __init__(self, *, scenario: Scenario, **options: Any) -> None:
        super().__init__(**options)
        self.scenario = scenario

    def runtest(self) -> None:
        """Play and judge it."""
        run = run_fully(self.scenario)
        if run.verdict.outcome is not Outcome.HELD:
            raise DidNotHold(run)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The steps, what was expected, and where that is written."""
        if isinstance(excinfo.value, DidNotHold):
            writer = self.config.get_terminal_writer()
            return render(excinfo.value.run, Style(max(NARROWEST, writer.fullwidth), writer.hasmarkup))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands in its file."""
        return self.path, self.scenario.place.line - 1, printable(self.scenario.name)


class DidNotHold(Exception):
    """A scenario failed or was in error; carries the run, for the report."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.scenario.node_id}: {run.verdict.outcome.value}")
        self.run = run


def _loader(config: pytest.Config) -> Loader:
    if _LOADER not in config.stash:
        overlay = config.getini("faultlab_overlay")
        try:
            config.stash[_LOADER] = loader(config.rootpath / overlay if overlay else None)
        except ScenarioError as error:
            raise pytest.UsageError(f"faultlab_overlay: {error}") from None
    return config.stash[_LOADER]


def _shown(path: Path, config: pytest.Config) -> str:
    """The path as the user would type it where pytest was started."""
    started = config.invocation_params.dir
    return os.path.relpath(path, started) if path.is_relative_to(started) else str(path)
