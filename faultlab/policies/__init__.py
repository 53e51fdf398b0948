"""Policies as data: which failures should switch, after how many attempts, with which waits, and how it ends."""

from __future__ import annotations

from faultlab.policies.kinds import UNSAID, kind_of
from faultlab.policies.rules import Rules

__all__ = ["UNSAID", "Rules", "kind_of"]
