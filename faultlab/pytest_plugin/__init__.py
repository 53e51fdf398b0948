"""The door for pytest: scenario files as items, and the fixture `faultlab`.

It is loaded into every pytest of an environment, so it imports next to nothing: what a scenario or a lab needs is
imported when the first one comes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from faultlab.pytest_plugin.base import LAB, UNREADABLE, trace_folder
from faultlab.scenario_files import SUFFIXES, is_scenario_below
from faultlab.told import Told

__all__ = [
    "faultlab",
    "faultlab_served",
    "pytest_addoption",
    "pytest_assertrepr_compare",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_itemcollected",
    "pytest_report_header",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtestloop",
]

_MARKER = (
    "faultlab(*, seed=0, virtual_time=True, unused_replies=False, intercept=False, allow_loopback=False): "
    "the lab of this test is set up so, with every HTTP client answered by it if it is to intercept; "
    "a marked test has one even if it does not ask for the fixture."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the ini file."""
    group = parser.getgroup("faultlab", "faultlab: fault injection for LLM agents")
    group.addoption(
        "--faultlab-seed", type=_seed, metavar="N", help="seed of every lab and scenario that does not state another"
    )
    group.addoption("--faultlab-trace", metavar="DIR", help="write a trace of each failing test into this folder")
    parser.addini("faultlab_paths", "folders below the root that hold scenarios", type="args", default=["scenarios"])
    parser.addini("faultlab_overlay", "a file whose keys are laid over every scenario", default="")
    parser.addini("faultlab_seed", "seed of every lab and scenario that does not state another", default="")
    parser.addini("faultlab_virtual_time", "whether sleeps move the lab's clock", type="bool", default=True)
    parser.addini("faultlab_intercept", "whether labs answer every HTTP client", type="bool", default=False)
    parser.addini("faultlab_unused_replies", "whether replies never used fail a test", type="bool", default=False)


def _seed(text: str) -> int:
    """A whole number from 0: argparse tells what is wrong with anything else."""
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Print a seed that was given, for whoever wants to see the same again."""
    seed = config.getoption("faultlab_seed")
    return None if seed is None else f"faultlab: seed {seed}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a YAML file that is a scenario by its place, or by the user's word."""
    if file_path.suffix not in SUFFIXES:
        return None
    if not parent.session.isinitpath(file_path) and not _is_ours(file_path, parent.config):
        return None
    from faultlab.pytest_plugin.scenarios import ScenarioFile

    node: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return node


def _is_ours(path: Path, config: pytest.Config) -> bool:
    folders = (config.rootpath / folder for folder in config.getini("faultlab_paths"))
    return any(is_scenario_below(folder, path) for folder in folders)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a marked test its lab, whether it asks for it or not: a mark without effect would promise too much."""
    names = getattr(item, "fixturenames", None)
    if names is not None and "faultlab" not in names and item.get_closest_marker("faultlab"):
        item.fixturenames = ["faultlab", *names]  # type: ignore[attr-defined]  # the list belongs to its siblings too


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Let the others run: pytest stops at a file that cannot be collected, unless it is asked to go on."""
    if session.testsfailed == session.config.stash.get(UNREADABLE, 0):
        session.config.option.continue_on_collection_errors = True


@pytest.fixture
def faultlab(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A `faultlab.Lab` for one test: fake model providers, and time that costs nothing.

    At the test's end all must have come about as planned: a fault that never fired or a request that nobody expected
    fails it.
    """
    from faultlab.pytest_plugin.labs import meanwhile

    with meanwhile(request) as lab:
        yield lab


@pytest.fixture
def faultlab_served(faultlab: Any) -> Any:
    """The lab of the fixture `faultlab`, served on the loopback: for a program in any language.

    Each upstream that the test sets up is at its `served_url`; `environ()` leads a child process there.
    """
    faultlab.serve()
    return faultlab


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Judge the lab as the last part of a test that has passed so far: the test fails then, not its end."""
    result = yield
    if LAB in item.stash:
        from faultlab.pytest_plugin.labs import judge

        judge(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell what happened to a test that failed."""
    report = yield
    if report.failed and (LAB in item.stash or trace_folder(item.config) is not None):
        from faultlab.pytest_plugin.reporting import tell

        tell(item, call, report)
    if call.when == "teardown" and LAB in item.stash:
        del item.stash[LAB]  # items last as long as the session
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison with what a trace said by the timeline that it was read from."""
    if not isinstance(left, Told) and not isinstance(right, Told):
        return None
    from faultlab.pytest_plugin.reporting import compared

    return compared(op, left, right)
