"""Writing to whoever reads us: all of a text, now, and past Python's own buffer. Knows no agent."""

from __future__ import annotations

import io
import select
from typing import Any, TextIO

from hermes_agent.errors import OutputLost

__all__ = ["write_out"]


def write_out(stream: TextIO, text: str) -> None:
    """Write all of it and hold nothing back, however long that takes. Raises OutputLost.

    What is written in a buffer holds that buffer's lock for as long as nobody reads: the process could not even end,
    as that empties the buffer. And what is left in it fails a second time then.
    """
    try:
        if isinstance(stream, io.TextIOWrapper):
            stream.flush()
            raw: Any = getattr(stream.buffer, "raw", stream.buffer)  # with `python -u` it is raw itself
            _write_all(raw, text.encode(stream.encoding, stream.errors or "strict"))
        else:
            stream.write(text)
            stream.flush()
    except OSError as error:
        raise OutputLost(f"the output cannot be written: {error.strerror or type(error).__name__}") from error


def _write_all(raw: io.RawIOBase, content: bytes) -> None:
    left = memoryview(content)
    while left:
        written = raw.write(left)
        if written is None:  # a pipe that whoever made it has set not to wait
            select.select([], [raw], [])
        else:
            left = left[written:]
