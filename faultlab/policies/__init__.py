"""Policies as data: which failures should switch, after how many attempts, with which waits, and how it ends."""

from __future__ import annotations

from faultlab.policies.kinds import UNSAID, kind_of
from faultlab.policies.reading import hermes_rules, read_rules
from faultlab.policies.rules import Row, Rules

__all__ = ["UNSAID", "Row", "Rules", "hermes_rules", "kind_of", "read_rules"]
