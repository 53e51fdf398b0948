"""Writes whatever of the documentation is made from the code: `make reference`."""

from docs.generator import made

for path, text in made().items():
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
