"""Policies as data: which failures should switch, after how many attempts, with which waits, and how it ends."""

from __future__ import annotations

from faultlab.policies.rules import Rules

__all__ = ["Rules"]
