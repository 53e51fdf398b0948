"""The door as an editor sees it; what a type checker makes of it is for `make types`."""

import ast
import pydoc
from pathlib import Path

import faultlab
from faultlab import faults

ROOT = Path(__file__).parents[1]


def test_what_is_resolved_when_it_is_asked_for_is_declared_for_type_checkers():
    stub = ast.parse((ROOT / "faultlab" / "__init__.pyi").read_text("utf-8"))
    declared = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted(declared) == sorted(faultlab.__all__)


def test_help_tells_what_a_fault_sends_and_what_its_fields_are():
    told = pydoc.render_doc(faults.rate_limit, renderer=pydoc.plaintext)
    assert "retry_after_s: 'float | None' = None" in told
    assert "429, type `tokens`, code `rate_limit_exceeded`" in " ".join(told.replace("|", " ").split())
    assert "`retry_after_s`: seconds in the header `retry-after`." in told
