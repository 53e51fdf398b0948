"""A reader with a folder and a shell of his own: what he writes down, what his commands print, what of that is the same
each time.
"""

import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

__all__ = ["PLUGINS", "comparable", "ran", "write"]

PLUGINS = "-p faultlab.pytest_plugin -p xdist.plugin"
"""No other plugin of pytest that happens to be installed: that saves most of its start."""


def ran(command, folder, **variables):
    """The exit code of a command and what it prints, in a folder, with nothing set that it does not need."""
    environ = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(folder),
        "COLUMNS": "100",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        **variables,
    }
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def comparable(told):
    """Without what differs from run to run: seconds, addresses, widths, the order of workers, a line shown again."""
    told = re.sub(r"\d+(\.\d+)?(?= ?s\b)", "N", told)
    told = re.sub(r"\b0x[0-9a-f]+", "0x", told)
    told = re.sub(r"([-=_])\1{2,}", r"\1\1\1", told)
    told = re.sub(r"^[.EFs]+(?= +\[)", lambda progress: "".join(sorted(progress[0])), told, flags=re.MULTILINE)
    lines = [" ".join(line.split()) for line in told.splitlines() if line.strip()]
    return [line for line, _ in itertools.groupby(lines)]
