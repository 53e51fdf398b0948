"""Writes docs/reference/frameworks.md anew, from what the installed frameworks do: run it in .venv-docs."""

import os
import tempfile
from pathlib import Path

from falling_back import APPLICATIONS, WAYS, application, page, seen
from pages import ROOT


def observed(name):
    """Way → fault → cell, of one framework."""
    with tempfile.TemporaryDirectory() as folder, application(name, Path(folder)) as chat:
        return {way: seen(getattr(chat, way), os.environ.__setitem__) for way in WAYS}


if __name__ == "__main__":
    by_framework = {name: observed(name) for name in APPLICATIONS}
    cells = {way: {name: found[way] for name, found in by_framework.items()} for way in WAYS}
    there = ROOT / "docs" / "reference" / "frameworks.md"
    there.parent.mkdir(exist_ok=True)
    there.write_text(page(cells), encoding="utf-8")
    print(f"{there.relative_to(ROOT)} is written")
