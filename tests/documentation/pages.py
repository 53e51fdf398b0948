"""README and docs as what they hold: snippets, the files that these are, commands and what they print, in order."""

import re
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "FRAMEWORKS",
    "IN_OTHER_LANGUAGES",
    "LANGUAGES",
    "PAGES",
    "ROOT",
    "SESSIONS",
    "Snippet",
    "files_of",
    "snippets",
    "snippets_in_order",
]

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")))}

LANGUAGES = {"js", "python", "sh", "text", "yaml"}
"""What snippets may be written in. A page of another one needs a test that runs it."""

FRAMEWORKS = {f"docs/how-to/{name}.md" for name in ("langchain", "litellm", "openai-agents", "pydantic-ai")}
"""Pages on what only the environment of `make docs-test` has."""

SESSIONS = {
    "docs/tutorial.md",
    "docs/how-to/chaos.md",
    "docs/how-to/continuous-integration.md",
    "docs/how-to/openai-sdk.md",
} | FRAMEWORKS
"""Pages that a reader follows in a folder of his own: files are written and commands run as they stand there."""

IN_OTHER_LANGUAGES = {"docs/how-to/servers-and-other-languages.md"}
"""Pages whose files need more than Python: `tests/other_languages` runs them."""

_SNIPPET = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:#|//) ([\w./-]+\.\w+)$")


class Snippet(NamedTuple):
    """One piece of a page that is not prose."""

    language: str
    text: str

    @property
    def file(self):
        """The file that it is, by its first line; None where that names none."""
        named = _FILE.match(self.text.partition("\n")[0])
        return named[1] if named else None


def snippets_in_order(page):
    return [Snippet(*found) for found in _SNIPPET.findall(page.read_text(encoding="utf-8"))]


def snippets(page, language):
    return [each.text for each in snippets_in_order(page) if each.language == language]


def files_of(page):
    """Name → text of the files that a page shows; of one that is shown twice the later."""
    return {each.file: each.text for each in snippets_in_order(page) if each.file}
