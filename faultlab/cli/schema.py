"""`faultlab schema`: the JSON schema of the scenario format, for editors."""

from __future__ import annotations

import argparse
from typing import Any

from faultlab.cli.base import HELD
from faultlab.loader.scenario_schema import FILE

__all__ = ["add_to", "schema"]


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("schema", help="the JSON schema of the scenario format, for editors")
    added.set_defaults(do=schema)


def schema(_chosen: argparse.Namespace) -> int:
    """Print it; the exit code."""
    print(FILE.read_text("utf-8"), end="")
    return HELD
