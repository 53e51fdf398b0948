"""The system prompt: the configured text, then the folder's AGENTS.md and the user's memory file, if they are there."""

from __future__ import annotations

from pathlib import Path

__all__ = ["LONGEST_FILE", "system_prompt"]

LONGEST_FILE = 20_000
"""Characters of one file that go into the prompt: every request carries them."""


def system_prompt(configured: str, cwd: Path | None, home: Path | None) -> str:
    """The whole prompt; a folder that is None is not looked into."""
    parts = [configured] if configured else []
    if cwd is not None:
        parts += _section("Instructions of this folder (AGENTS.md)", cwd / "AGENTS.md")
    if home is not None:
        parts += _section("What you remember of this user (MEMORY.md)", home / "memories" / "MEMORY.md")
    return "\n\n".join(parts)


def _section(title: str, path: Path) -> list[str]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(LONGEST_FILE).strip()
    return [f"# {title}\n{text}"] if text else []
