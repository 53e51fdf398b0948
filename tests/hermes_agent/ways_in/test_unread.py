"""The program as a shell runs it, where nobody reads what it says: a pipe or a terminal that is full, closed, or no
more than a full disk. It ends at once, in one way, and says so in at most one line."""

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

LONG = "word " * 60_000  # more than any pipe or terminal holds
WAIT_S = 20
FULL = Path("/dev/full")


class Provider(ThreadingHTTPServer):
    """Streams a chat answer of this length; `endless` it never finishes. `asked` once somebody asks."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.text, self.endless = LONG, False
        self.asked, self.over = Event(), Event()


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.set()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if body.get("stream") else "application/json")
        self.end_headers()
        with suppress(OSError):  # whoever asked is gone
            self.answer(streamed=body.get("stream"))

    def answer(self, *, streamed):
        if not streamed:
            message = {"role": "assistant", "content": self.server.text}
            self.wfile.write(json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode())
            return
        for start in range(0, len(self.server.text), 5000):
            self.event({"content": self.server.text[start : start + 5000]})
        if self.server.endless:
            self.server.over.wait(WAIT_S)
        self.event({}, "stop")

    def event(self, delta, finish_reason=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())

    def log_message(self, *_):
        """Nothing is told."""


@pytest.fixture
def provider():
    with Provider() as provider:
        serving = Thread(target=provider.serve_forever, args=(0.01,))
        serving.start()
        yield provider
        provider.over.set()
        provider.shutdown()
        serving.join()


@pytest.fixture
def program(provider, tmp_path):
    """Starts it with this standard output; its standard error is a pipe, and so is its standard input."""

    @contextmanager
    def started(*argv, stdout, streaming=True):
        url = f"http://127.0.0.1:{provider.server_port}/v1"
        config = {"model": {"provider": "custom", "default": "m", "base_url": url}, "display": {"streaming": streaming}}
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-W", "error", "-m", "hermes_agent", *argv]
        environ = {"HERMES_HOME": str(tmp_path)}
        with subprocess.Popen(command, stdout=stdout, env=environ, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    return started


@contextmanager
def closing_both(pair):
    try:
        yield pair
    finally:
        for end in pair:
            os.close(end)


def ended(process, stdin=b""):
    """Its exit code, and what it said of it; of a switch that cannot be made it may say that beforehand."""
    _, err = process.communicate(stdin, timeout=WAIT_S)
    told = [line for line in err.decode().splitlines() if "fallback_model is not set" not in line]
    return process.returncode, told


def interrupted(process, provider, output=None):
    """The same, by Ctrl-C: once somebody was asked, and where there is an output, once nothing more can be written."""
    assert provider.asked.wait(WAIT_S)
    for _ in range(WAIT_S * 100):
        if output is None or not select.select([], [output], [], 0)[1]:
            break
        Event().wait(0.01)
    process.send_signal(signal.SIGINT)
    return ended(process)


CHAT = b'{"chat_id": "a", "text": "hello"}\n'

# At the command line an answer goes into a pipe or a file when it is whole, streamed or not.
WAYS = {
    "cli": (["hello"], b"", True),
    "gateway, whole": (["gateway"], CHAT, False),
    "gateway, streamed": (["gateway"], CHAT, True),
}
by_each_way = pytest.mark.parametrize(("argv", "stdin", "streaming"), WAYS.values(), ids=WAYS)


@pytest.mark.parametrize("endless", [False, True], ids=["a whole answer", "one under way"])
def test_ctrl_c_ends_a_stream_to_a_terminal_that_nobody_reads(program, provider, endless):
    provider.endless = endless
    with closing_both(os.openpty()) as (_, terminal), program("hello", stdout=terminal) as process:
        assert interrupted(process, provider, terminal) == (130, ["Interrupted."])


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_ctrl_c_ends_an_answer_into_a_pipe_that_nobody_reads(program, provider, streaming):
    with closing_both(os.pipe()) as (_, pipe), program("hello", stdout=pipe, streaming=streaming) as process:
        assert interrupted(process, provider, pipe) == (130, [])


def test_ctrl_c_ends_a_turn_whose_answer_would_go_into_a_pipe_that_nobody_reads(program, provider):
    provider.endless = True
    with closing_both(os.pipe()) as (_, pipe), program("hello", stdout=pipe) as process:
        assert interrupted(process, provider) == (130, ["Interrupted."])


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_ctrl_c_ends_a_gateway_that_nobody_reads(program, provider, streaming):
    with closing_both(os.pipe()) as (_, pipe), program("gateway", stdout=pipe, streaming=streaming) as process:
        process.stdin.write(CHAT)
        process.stdin.flush()
        assert interrupted(process, provider, pipe) == (130, [])


@by_each_way
def test_who_has_read_enough_ends_it_without_a_word(program, streaming, argv, stdin):
    reads, writes = os.pipe()
    os.close(reads)
    with program(*argv, stdout=writes, streaming=streaming) as process:
        os.close(writes)
        assert ended(process, stdin) == (141, [])


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@by_each_way
def test_where_nothing_can_be_written_that_is_one_line_and_a_failure(program, streaming, argv, stdin):
    with FULL.open("w") as full, program(*argv, stdout=full, streaming=streaming) as process:
        line = "hermes_agent: the output cannot be written: No space left on device"
        assert ended(process, stdin) == (1, [line])


def test_help_that_nobody_reads_ends_as_quietly(program):
    reads, writes = os.pipe()
    os.close(reads)
    with program("--help", stdout=writes) as process:
        os.close(writes)
        assert ended(process) == (141, [])


def test_a_long_answer_that_is_read_is_whole(program):
    with program("hello", stdout=subprocess.PIPE) as process, closing(process.stdout):
        out, _ = process.communicate(timeout=WAIT_S)
    assert (process.returncode, out.decode()) == (0, f"{LONG}\n")
