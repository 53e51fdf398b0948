"""Scenarios as the text of a scenario file, which the loader reads back to an equal one: `scenario_text`."""

from __future__ import annotations

from faultlab.written.document import document, scenario_text
from faultlab.written.layout import laid_out

__all__ = ["document", "laid_out", "scenario_text"]
