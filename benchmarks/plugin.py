"""What the plugin costs those who do not use it: CPU time of a pytest that collects nothing, with it and without.

Both are children measured in turn by what the system says they used, and their quieter halves are compared.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

PAIRS = 12
MOST = 1.15


def child_s(folder: Path, *arguments: str) -> float:
    """CPU seconds of a pytest of its own, without any other plugin."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603  # this Python
    assert done.returncode == 5, done.stdout + done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def quieter(times: list[float]) -> float:
    """The mean of the lower half."""
    return mean(sorted(times)[: len(times) // 2])


def main() -> int:
    """Measure, print, and say whether the target is met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child_s(folder, "-p", "faultlab.pytest_plugin")  # compiles what is not compiled yet
        pairs = [(child_s(folder, "-p", "faultlab.pytest_plugin"), child_s(folder)) for _ in range(PAIRS)]
    ours, floor = (quieter(list(times)) for times in zip(*pairs, strict=True))
    found = ours / floor
    print(f"an empty pytest with the plugin / without it, CPU   {found:5.2f}   target {MOST}")
    return 0 if found <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
