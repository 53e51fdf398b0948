"""What is told of a run: each report reads verdicts and traces, and nothing reads reports."""

from __future__ import annotations

__all__: list[str] = []
