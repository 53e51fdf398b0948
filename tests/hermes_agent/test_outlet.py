"""What is written is written whole and at once, and what cannot be written is one error."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from hermes_agent.errors import OutputLost
from hermes_agent.outlet import write_out

FULL = Path("/dev/full")
LONG = "ä" * 300_000  # more than a pipe holds


class Pipe:
    def __init__(self):
        reads, writes = os.pipe()
        self.reads = reads
        self.stream = os.fdopen(writes, "w", encoding="utf-8")

    def read_on(self):
        """All that comes, once the stream is closed: read by a thread."""
        got = []
        thread = Thread(target=lambda: got.append(Path(f"/dev/fd/{self.reads}").read_bytes()))
        thread.start()
        return thread, got

    def close(self):
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            os.close(self.reads)


@pytest.fixture
def pipe():
    pipe = Pipe()
    yield pipe
    pipe.close()


@pytest.mark.parametrize("waits", [True, False], ids=["a pipe that waits", "a pipe set not to wait"])
def test_a_text_longer_than_a_pipe_holds_is_written_whole(pipe, waits):
    os.set_blocking(pipe.stream.fileno(), waits)
    thread, got = pipe.read_on()
    write_out(pipe.stream, LONG)
    pipe.stream.close()
    thread.join()
    assert got == [LONG.encode()]


def test_what_was_printed_before_comes_before(pipe):
    print("one", file=pipe.stream)
    write_out(pipe.stream, "two")
    assert os.read(pipe.reads, 100) == b"one\ntwo"


def test_nothing_is_left_that_could_fail_again_when_the_stream_is_closed(pipe):
    os.close(pipe.reads)
    with pytest.raises(OutputLost, match="the output cannot be written: Broken pipe") as raised:
        write_out(pipe.stream, "one")
    assert isinstance(raised.value.__cause__, BrokenPipeError)
    pipe.stream.close()


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_told_as_such():
    with FULL.open("w") as full, pytest.raises(OutputLost, match="No space left on device"):
        write_out(full, "one")


def test_a_stream_of_no_file_is_written_to_as_it_is():
    stream = io.StringIO()
    write_out(stream, "one")
    assert stream.getvalue() == "one"


def test_a_stream_without_a_buffer_of_its_own_is_written_to_directly():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1", errors="replace")
    write_out(stream, "ä…")
    assert raw.getvalue() == b"\xe4?"
