"""The same seed gives the same bytes: in whatever process, and on whatever Python that is at hand."""

import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = "{}.{}".format(*sys.version_info)
OTHERS = [version for version in ("3.11", "3.12", "3.13", "3.14") if version != OWN]
LEAST = {"content": 60, "wire": 500, "scenarios": 40}
"""Lines that there are at least: that two say nothing alike proves nothing."""


@cache
def told(part, python=sys.executable, hash_seed="1", packages=""):
    environ = os.environ | {
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), packages])),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [python, "tests/determinism/tell.py", part]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("part", LEAST)
def test_two_processes_tell_the_same(part):
    one = told(part)
    assert one.count(b"\n") >= LEAST[part]
    assert told(part, hash_seed="2") == one


@cache
def python_of(version):
    """Another Python, wherever it is usually found; None where there is none."""
    homes = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python3"), reverse=True)
    for found in filter(None, [*map(str, homes), shutil.which(f"python{version}")]):
        code = "import sys; print('{}.{}'.format(*sys.version_info))"
        done = subprocess.run([found, "-c", code], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return found
    return None


@pytest.mark.parametrize("version", OTHERS)
@pytest.mark.parametrize("part", ["content", "wire"])
def test_another_python_tells_the_same(part, version):
    python = python_of(version)
    if python is None:
        pytest.skip(f"there is no Python {version} at hand")
    # Nothing in these two parts was built for one Python, so that it can borrow the packages of this one.
    assert told(part, python, packages=sysconfig.get_path("purelib")) == told(part)


@pytest.mark.parametrize("version", OTHERS)
def test_another_python_with_packages_of_its_own_tells_the_same_of_scenarios(version):
    python = ROOT / f".venv-python{version}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no environment for Python {version}: `make pythons` makes one for each that is at hand")
    assert told("scenarios", str(python)) == told("scenarios")
