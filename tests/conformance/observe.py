"""Records what the installed openai client shows of every entry of the catalogue; `make observe` runs it for each.

The table is written so that its diff can be read: sorted by id, a line for each field.
"""

import json
import sys

import openai
from observing import table_row

from faultlab.adapters.transport import installed_library
from faultlab.providers import entries
from faultlab.providers.observed import file_of


def main():
    """Write the table of the generation that is installed here."""
    library = installed_library()
    told = {
        "openai": openai.__version__,
        "library": f"{library.__name__} {library.__version__}",
        "python": ".".join(map(str, sys.version_info[:2])),
        "entries": {entry.id: table_row(entry) for entry in sorted(entries(), key=lambda entry: entry.id)},
    }
    file = file_of(int(openai.__version__.partition(".")[0]))
    file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"openai {openai.__version__}: {len(told['entries'])} entries")


if __name__ == "__main__":
    main()
