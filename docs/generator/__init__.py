"""What of the documentation is made from the code, its docstrings and its tables."""

import json
from pathlib import Path

from docs.generator import api_page, faults_page
from docs.generator.sentences import sentences
from faultlab.loader.scenario_schema import FILE, scenario_schema

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def made() -> dict[Path, str]:
    """Path → text, of every file that is made."""
    schema = json.dumps(scenario_schema(sentences()), indent=1, ensure_ascii=False) + "\n"
    return {
        REFERENCE / "api.md": api_page.page(),
        REFERENCE / "faults.md": faults_page.page(),
        REFERENCE / FILE.name: schema,
        FILE: schema,
    }
