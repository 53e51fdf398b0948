"""The Makefile: what it offers, and what it says where it cannot help."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make")
TARGETS = [
    *("scenarios", "streaming", "test", "hunt", "docs-test", "conformance", "observe", "languages"),
    *("pythons", "reference", "lint", "types", "bench", "help"),
]


def make(*arguments, **options):
    return subprocess.run([MAKE, *arguments], capture_output=True, text=True, check=False, **options)


def test_make_alone_lists_every_target():
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # make may run us
    listed = [line.split()[1] for line in make(cwd=ROOT, env=environ).stdout.splitlines()]
    assert sorted(listed) == sorted(TARGETS)


@pytest.fixture
def without_python(tmp_path):
    """A folder with the Makefile, and a PATH on which no Python stands."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("make", "sh", "rm", "echo", "test"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    return {"cwd": tmp_path, "env": {"PATH": str(programs)}}


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "help"])
def test_without_a_python_one_line_says_what_is_needed(without_python, target):
    done = make(target, **without_python)
    said, _make_gives_up = done.stderr.splitlines()
    assert said.startswith("Python 3.11 or newer")
    assert done.returncode == 2


def test_a_python_that_is_too_old_is_passed_over(without_python):
    old = without_python["cwd"] / "programs" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert make("types", **without_python).stderr.startswith("Python 3.11 or newer")
