"""What the page of the scenario format says of each key, for the schema that editors show."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "scenarios.md"


def sentences() -> dict[str, str]:
    """Path of a key → its sentence, from the page's tables and from the paragraph on turns."""
    text = PAGE.read_text("utf-8")
    expected = {f"expect.{name}": told for name, told in _rows(_section(text, "### Expectations")).items()}
    turn = {f"turns.{name}": told for name, told in _openings(_section(text, "## Turns")).items()}
    return {name: _plain(told) for name, told in {**_rows(_section(text, "## Keys")), **expected, **turn}.items()}


def _section(text: str, heading: str) -> str:
    """What stands between a heading and the next one of any rank."""
    return re.split(r"^#+ ", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def _rows(text: str) -> dict[str, str]:
    """The second cell of a table by each name in the first."""
    found = re.findall(r"^\| (`[^|]+) \| (.*) \|$", text, re.MULTILINE)
    return {name: told for names, told in found for name in re.findall(r"`(\w+)`", names)}


def _openings(text: str) -> dict[str, str]:
    """The sentences of a section's first paragraph by the key that each begins with."""
    paragraph = text.strip().partition("\n\n")[0]
    found = (re.match(r"`(\w+)", each) for each in re.split(r"(?<=\.)\s+(?=`)", paragraph))
    return {opening[1]: " ".join(opening.string.split()) for opening in found if opening}


def _plain(text: str) -> str:
    """Without links and marks, as an editor shows it."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "").replace("*", "")
