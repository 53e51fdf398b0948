"""The test of a fallback that takes four calls: its real seconds beside those of the same test with other mocks.

The client's own retries wait between the calls. The tests stand in `_fallback/`; pytest runs them in turn, and what it
says of each is taken, with what its fixtures take. The first round warms up.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent
RIVALS = HERE.parent / ".venv-rivals"
ROUNDS = 6
TARGET = 1 / 20
OURS = "faultlab"


def seconds() -> dict[str, float]:
    """The middle of what the test takes, by what it is written with."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        plugins = ("-p", "faultlab.pytest_plugin", "-p", "pytest_httpx2", "-p", "respx.plugin")
        environ = os.environ | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(RIVALS),
            "ROUNDS": str(ROUNDS + 1),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
        done = subprocess.run(  # noqa: S603 - the child is this Python
            [*command, *plugins, f"--rootdir={HERE}", f"--junitxml={report}", str(HERE / "_fallback")],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        return medians(ET.parse(report))  # noqa: S314 - pytest has just written it


def medians(report: "ET.ElementTree[ET.Element]") -> dict[str, float]:
    """By test, without the first round."""
    taken: dict[str, list[float]] = {}
    for case in report.iter("testcase"):
        name, number = re.fullmatch(r"test_with_(\w+)\[(\d+)\]", case.attrib["name"]).groups()  # type: ignore[union-attr]
        if number != "0":
            taken.setdefault(name, []).append(float(case.attrib["time"]))
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    if not RIVALS.is_dir():
        raise SystemExit(f"{RIVALS.name} is not there: `make bench` makes it")
    taken = seconds()
    ours = taken.pop(OURS)
    for name, rival in taken.items():
        print(
            f"{f'fallback: {ours * 1000:.0f} ms / {rival:.2f} s with {name}':50} 1/{rival / ours:<4.0f} target ≤ 1/20"
        )
    return int(any(ours / rival > TARGET for rival in taken.values()))


if __name__ == "__main__":
    sys.exit(main())
