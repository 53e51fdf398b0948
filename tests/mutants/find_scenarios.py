"""Which scenario shows each wrong agent up: run by hand when the suite or the agent changes, prints a line for each.

python tests/mutants/find_scenarios.py [PART OF A NAME]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from wrong_agent import wrong_agent
from wrong_agents import WRONG_AGENTS

from faultlab.runner import load, run
from faultlab.verdict import Outcome

ROOT = Path(__file__).parents[2]


def fails(scenario) -> bool:
    """Whether this scenario shows the agent of the moment up."""
    return run(scenario).outcome is Outcome.FAILED


def main(part: str = "") -> None:
    """For each wrong agent, the files in which some scenario does not hold."""
    files = {path: load(path) for path in sorted((ROOT / "scenarios").rglob("*.yaml"))}
    for mutant in (one for one in WRONG_AGENTS if part in one.name):
        with wrong_agent(mutant):
            shown = [path for path, scenarios in files.items() if any(map(fails, scenarios))]
        print(mutant.name, *(path.relative_to(ROOT) for path in shown), sep="\n    ")


main(*sys.argv[1:])
