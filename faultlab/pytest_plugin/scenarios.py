"""Scenario files as pytest items. Nothing that runs a scenario is imported before one runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faultlab.errors import ScenarioError
from faultlab.loader import Loader
from faultlab.pytest_plugin.base import UNREADABLE, seed_asked_for
from faultlab.reports.base import printable
from faultlab.reports.text import NARROWEST, Style, render
from faultlab.runner import Run, loader, run_fully
from faultlab.scenario import Scenario
from faultlab.verdict import Outcome

__all__ = ["DidNotHold", "ScenarioFile", "ScenarioItem"]

_LOADER = pytest.StashKey[Loader]()


class ScenarioFile(pytest.File):
    """One file; what it cannot hold is one message, and the other files still run."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each scenario."""
        try:
            scenarios = _loader(self.config).load(self.path, _shown(self.path, self.config))
        except ScenarioError as error:
            self.config.stash[UNREADABLE] = self.config.stash.get(UNREADABLE, 0) + 1
            raise self.CollectError(printable(str(error))) from None
        seed = seed_asked_for(self.config)
        for scenario in scenarios:
            seeded = scenario if scenario.seed or seed is None else replace(scenario, seed=seed)
            yield ScenarioItem.from_parent(self, name=scenario.id, scenario=seeded)


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
