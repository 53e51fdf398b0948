"""What can be put under test. Each target is imported only when a scenario for it runs."""

from __future__ import annotations

__all__: list[str] = []
