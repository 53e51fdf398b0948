"""What scenarios cost: CPU time of reading, collecting, running and reporting them, each beside its floor.

Both sides are measured in turn, and the quieter quarters of both are compared. Children are measured by what the
system says they used.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from transport import Constant, client, cpu_s, ratio

from faultlab.loader import Loader
from faultlab.runner import load, loader, run
from faultlab.scenario import Scenario

ROOT = Path(__file__).parents[1]
CALLS = 8
ITEMS = 2000
PAIRS = 4

SAMPLE = """\
name: Six rate limits spend the budget, and the fallback answers
clauses: [C1, C2, C4]
config:
  model: {provider: openai, default: gpt-5.1}
  fallback_model: {provider: openrouter, model: anthropic/claude-sonnet-4}
says: [Hello from the fallback]
faults:
  primary:
    - {rate_limit: {retry_after_s: 1}, times: 6}
turns:
  - user: ping
    expect:
      outcome: completed
      reply: Hello from the fallback
      fallback: {reason: retries_exhausted, after_calls: 6}
      calls: {primary: 6, fallback: 1}
      waits_s: [2, 4, 8, 16, 32]
"""

EIGHT = f"""\
name: Eight calls
target: sdk
says: [{", ".join(["It is noon."] * CALLS)}]
turns: [{", ".join(["{user: What is the time?, expect: {reply: It is noon.}}"] * CALLS)}]
"""

ONE = "name: Item {}\ntarget: {{callable: 'quiet:answer'}}\nturns: [{{user: hi, expect: {{reply: hello}}}}]\n"
QUIET = "def answer(lab, user):\n    return 'hello'\n"
PARAMETRISED = (
    "import pytest\n\n\n@pytest.mark.parametrize('n', range({}))\ndef test_one(n):\n    assert answer() == 'hello'\n"
    "\n\ndef answer():\n    return 'hello'\n"
)


def child_s(folder: Path, *arguments: str) -> float:
    """CPU seconds of a pytest of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603  # this Python
    assert done.returncode in (0, 5), done.stdout + done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def reading(folder: Path) -> float:
    """Reading and checking a scenario, beside PyYAML's quickest reading of the same text."""
    path = folder / "sample.yaml"
    path.write_text(SAMPLE)
    reader: Loader = loader()

    def ours() -> None:
        for _ in range(100):
            reader.load(path)

    def floor() -> None:
        for _ in range(100):
            yaml.load(path.read_bytes().decode(), Loader=yaml.CSafeLoader)

    return ratio(ours, floor)


def running(folder: Path) -> float:
    """A fresh isolated scenario of eight calls, beside eight calls of a plain client to constant bytes."""
    path = folder / "eight.yaml"
    path.write_text(EIGHT)
    (scenario,) = load(path)
    assert not run(scenario).violations

    def ours() -> None:
        for _ in range(5):
            run(scenario)

    def floor() -> None:
        for _ in range(5):
            plain_calls()

    return ratio(ours, floor)


def plain_calls() -> None:
    """Eight calls of one client."""
    with client(Constant()) as asked:
        for _ in range(CALLS):
            said: Any = [{"role": "user", "content": "What is the time?"}]
            asked.chat.completions.create(model="gpt-5.1", messages=said)


def item(folder: Path) -> float:
    """A scenario item in pytest without what it runs, beside a parametrised test."""
    (folder / "quiet.py").write_text(QUIET)
    ours, floor, runs = [], [], 0.0
    for count, sign in ((ITEMS, 1), (1, -1)):
        (folder / f"items{count}.yaml").write_text("---\n".join(ONE.format(n) for n in range(count)))
        (folder / f"test_{count}.py").write_text(PARAMETRISED.format(count))
        ours.append(sign * least(lambda count=count: child_s(folder, f"items{count}.yaml")))
        floor.append(sign * least(lambda count=count: child_s(folder, f"test_{count}.py")))
    sys.path.append(str(folder))
    scenarios = load(folder / f"items{ITEMS}.yaml")
    run_all(scenarios)
    runs = least(lambda: cpu_s(lambda: run_all(scenarios)))
    return (sum(ours) - runs) / sum(floor)


def run_all(scenarios: list[Scenario]) -> None:
    """What the items run, without pytest."""
    for scenario in scenarios:
        assert not run(scenario).violations


def least(measure: Callable[[], float]) -> float:
    """The quietest of a few."""
    return min(measure() for _ in range(PAIRS))


def collecting(folder: Path) -> float:
    """Collecting this project's whole suite, beside a pytest that finds nothing."""
    empty = folder / "empty"
    empty.mkdir()
    suite = str(ROOT / "scenarios")
    ours = least(lambda: child_s(ROOT, "--collect-only", suite))
    return ours / least(lambda: child_s(empty))


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    measures = [
        ("scenarios: read and checked / yaml.load(CSafeLoader)", reading, 1.3),
        ("scenarios: fresh, of 8 calls / 8 plain client calls", running, 1.15),
        ("scenarios: an item in pytest / a parametrised test", item, 1.2),
        ("scenarios: --collect-only of the suite / an empty pytest", collecting, 1.5),
    ]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, measure, target in measures:
            measured = measure(Path(folder))
            missed += measured > target
            print(f"{name:58} {measured:6.2f}   target ≤ {target}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
