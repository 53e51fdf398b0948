"""The door as a type checker and an editor see it."""

import ast
import pydoc
import subprocess
import sys
from pathlib import Path

import faultlab
from faultlab import faults

ROOT = Path(__file__).parents[1]


def test_a_type_checker_knows_the_door_and_finds_the_mistakes_that_are_marked():
    command = [sys.executable, "-m", "mypy", "--strict", "tests/typing/door.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_resolved_when_it_is_asked_for_is_declared_for_type_checkers():
    stub = ast.parse((ROOT / "faultlab" / "__init__.pyi").read_text("utf-8"))
    declared = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted(declared) == sorted(faultlab.__all__)


def test_help_tells_what_a_fault_sends_and_what_its_fields_are():
    told = pydoc.render_doc(faults.rate_limit, renderer=pydoc.plaintext)
    assert "retry_after_s: 'float | None' = None" in told
    assert "429, type `tokens`, code `rate_limit_exceeded`" in " ".join(told.replace("|", " ").split())
    assert "`retry_after_s`: seconds in the header `retry-after`." in told
