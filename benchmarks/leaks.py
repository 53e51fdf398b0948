"""How many of 1,000 clients made at random get past a lab that intercepts: none, by three witnesses.

What each client got back, a trap on the loopback that stands for every proxy, and, where this system lets anybody
watch, the system calls of the whole run.
"""

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "faultlab" / "intercept"), str(ROOT / "tests" / "conformance")]

from leaking import leaks  # noqa: E402  # found by the path above
from watching import system_calls  # noqa: E402

SEED, CLIENTS = 20_260_101, 1_000
WITHIN = "--within"


def within() -> int:
    """The run itself: each leak is told."""
    warnings.simplefilter("ignore")  # of requests that were told not to verify
    found = leaks(SEED, CLIENTS)
    print(*found, sep="\n", file=sys.stderr)
    print(len(found))
    return 0


def main() -> int:
    """Print the figure beside its target; 1 if it is missed."""
    run = [sys.executable, str(Path(__file__)), WITHIN]
    found = int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)  # noqa: S603  # this Python
    with tempfile.TemporaryDirectory() as folder:
        left = system_calls(run, Path(folder) / "calls")
    print(f"{'leaks in 1,000 randomly made clients':50} {found:6}   target ≤ 0")
    if left is None:
        print("(nobody may watch the system calls of a program here)")
    else:
        print(f"{'the same: system calls that lead out':50} {len(left):6}   target ≤ 0")
    return int(bool(found or left))


if __name__ == "__main__":
    sys.exit(within() if WITHIN in sys.argv else main())
