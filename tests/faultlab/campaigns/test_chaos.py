"""The command: what it says, what it leaves behind, and how it ends."""

import io
import os
import resource
import signal
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from faultlab.campaign import Seen, here
from faultlab.cli import main
from faultlab.cli.live import Live
from faultlab.results import Results, Row
from faultlab.runner import load, run
from faultlab.trial import Edge

ROOT = Path(__file__).parents[3]
CONFIG = "model: {provider: openai, default: gpt-5.1}\nfallback_model: {provider: openrouter, model: m}\n"
KEYS = "OPENAI_API_KEY=sk-made-up\nOPENROUTER_API_KEY=sk-or-made-up\n"
FOUND = Path("scenarios/found")
FILE = FOUND / "results.sqlite"
ANOTHER = "give another folder by --out\n"
SHORT = ["--pass", "explore", "--depth", "1"]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    """A folder with a space in its name and an agent's configuration in it; nobody has a home."""
    home = tmp_path / "my agent"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.delenv("HOME", raising=False)
    Path("config.yaml").write_text(CONFIG, "utf-8")
    Path(".env").write_text(KEYS, "utf-8")


@pytest.fixture
def in_this_process(monkeypatch):
    """Who plays makes no difference, and starting processes takes longer than the runs."""
    monkeypatch.setattr("faultlab.cli.chaos.processes", lambda jobs: here())


def chaos(*words):
    return main(["chaos", "config.yaml", *words])


def test_it_tells_the_findings_and_the_report_and_tells_the_same_again_when_it_goes_on(capsys):
    Path("config.yaml").write_text(CONFIG.splitlines()[0], "utf-8")
    assert chaos(*SHORT, "--jobs", "1") == 0
    told = capsys.readouterr().out
    assert told.startswith("config.yaml:1: fallback_model is not set")
    assert "\nchaos of config.yaml\nseed 0, held to the policy hermes" in told
    assert "explore: schedules of 1: " in told
    assert chaos("--resume") == 0
    assert capsys.readouterr().out == told
    assert [path.name for path in FOUND.iterdir()] == ["results.sqlite"]


def test_what_breaks_is_handed_over_as_a_scenario_that_breaks_in_the_same_way(capsys, in_this_process):
    Path("policy.yaml").write_text(
        "name: mine\nlike: hermes\nfailures:\n  forbidden: {first: switch, reason: invalid_response}\n"
    )
    assert chaos(*SHORT, "--policy", "policy.yaml") == 1
    file = FOUND / "forbidden_fallback.yaml"
    told = capsys.readouterr().out
    assert f"pytest {file}::" in told
    assert "  said by   policy.yaml:4\n" in told
    (scenario,) = load(file)
    assert [violation.what for violation in run(scenario).violations][:1] == ["fallback"]
    assert file.read_text("utf-8").startswith(
        "# Found by: faultlab chaos config.yaml --pass explore --policy policy.yaml --depth 1\n"
    )


def test_what_one_run_breaks_together_is_one_file_that_shows_all_of_it(capsys, in_this_process):
    Path("policy.yaml").write_text(
        "name: mine\nlike: hermes\nfailures:\n  server_error: {first: switch, reason: client_error}\n"
    )
    assert chaos(*SHORT, "--policy", "policy.yaml") == 1
    told = capsys.readouterr().out
    with closing(Results.open(FILE)) as results:
        found = {each.breach: each.file for each in results.found()}
    together = {"server_error.fallback", "server_error.order", "server_error.waits_s"}
    (file,) = {found[breach] for breach in together}
    assert told.count(f"again     pytest {file}::") == 1
    assert told.count(f"{file}, as above") == list(found.values()).count(file) - 1
    (scenario,) = load(file)
    assert {f"server_error.{violation.what}" for violation in run(scenario).violations} >= together


def test_a_second_campaign_does_not_write_over_the_first(capsys, in_this_process):
    FOUND.mkdir(parents=True)
    FILE.touch()  # what a campaign leaves that was ended at once is none
    assert chaos(*SHORT) == 0
    capsys.readouterr()
    for words, told in {
        (): f"{FILE} is there already: go on with it by --resume, or {ANOTHER}",
        ("--resume", "--depth", "2"): "--resume: the campaign that is there had another --depth; give another --out\n",
        (
            "--resume",
            "--pass",
            "matrix",
        ): "--resume: the campaign that is there had another --pass; give another --out\n",
    }.items():
        assert chaos(*words) == 2
        assert capsys.readouterr().err == told
    Path("config.yaml").write_text(CONFIG.replace("gpt-5.1", "gpt-5.2"))
    assert chaos("--resume") == 2
    told = "--resume: config.yaml, or its policy, is another since that campaign began; give another --out\n"
    assert capsys.readouterr().err == told


def test_one_process_at_a_time_writes_a_results_file(capsys, in_this_process):
    assert chaos(*SHORT) == 0
    capsys.readouterr()
    held = Results.go_on(FILE)
    try:
        assert chaos("--resume") == 2
    finally:
        held.close()
    told = capsys.readouterr().err
    assert told == f"{FILE}: another campaign is writing it; wait for that one, or {ANOTHER}"


def test_a_configuration_that_changes_meanwhile_is_told(capsys, monkeypatch, in_this_process):
    class Changing(Live):
        def saw(self, seen):
            Path("config.yaml").write_text("model: {provider: gemini, default: g}\n")

    monkeypatch.setattr("faultlab.cli.chaos.Live", Changing)
    assert chaos(*SHORT) == 0
    told = capsys.readouterr().err
    assert told.endswith("config.yaml has changed meanwhile: all this is about what stood there when it was read\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--jobs 0", "argument --jobs: a whole number from 1, not '0'"),
        ("--depth 0", "argument --depth: a whole number from 1, not '0'"),
        ("--seed -1", "argument --seed: a whole number from 0, not '-1'"),
        ("--pass walk", "argument --pass: invalid choice: 'walk'"),
        ("--jobs 2 --dask tcp://127.0.0.1:1", "argument --dask: not allowed with argument --jobs"),
        ("--dask junk", "argument --dask: an address as tcp://host:8786, not 'junk'"),
        ("--dask http://127.0.0.1:8786", "argument --dask: an address as tcp://host:8786, not 'http://127.0.0.1:8786'"),
        ("--dask tcp://127.0.0.1", "argument --dask: an address as tcp://host:8786, not 'tcp://127.0.0.1'"),
    ],
)
def test_what_cannot_be_meant_is_told_by_the_parser(capsys, words, told):
    with pytest.raises(SystemExit, match="2"):
        chaos(*words.split())
    assert told in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "--out config.yaml/there",
            "config.yaml/there/results.sqlite cannot be written: Not a directory; give another folder by --out",
        ),
        (
            "--out /proc/there",
            "/proc/there/results.sqlite cannot be written: No such file or directory; give another folder by --out",
        ),
        ("--policy nowhere.yaml", "nowhere.yaml: cannot be read: No such file or directory"),
        ("--junit nowhere/x.xml", "nowhere/x.xml: cannot be written: No such file or directory"),
        ("--html config.yaml/x", "config.yaml/x: cannot be written: Not a directory"),
        ("--html .", ".: cannot be written: Is a directory"),
    ],
)
def test_what_cannot_be_done_is_one_line(capsys, words, told):
    assert chaos(*words.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(told)


def test_what_cannot_be_done_is_told_before_anything_is_left_behind(capsys):
    assert chaos("--junit", "x.xml", "--html", "nowhere/x.html") == 2
    assert not FOUND.exists()
    assert not Path("x.xml").exists()


def test_a_report_may_stand_in_the_folder_that_the_campaign_makes(in_this_process):
    assert chaos(*SHORT, "--html", str(FOUND / "report.html")) == 0
    assert (FOUND / "report.html").stat().st_size > 10_000


def test_whoever_goes_on_with_nothing_is_told_that_it_begins(capsys, in_this_process):
    assert chaos(*SHORT, "--resume") == 0
    told = capsys.readouterr()
    assert told.err.startswith("--resume: no campaign has begun in scenarios/found yet: this one begins\n")
    assert chaos("--resume") == 0
    assert capsys.readouterr().out == told.out


def test_a_cluster_that_is_not_there_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr("faultlab.campaign.cluster._CONNECT_S", 0.2)
    assert chaos("--dask", "tcp://127.0.0.1:1") == 2
    assert capsys.readouterr().err.startswith("--dask: no scheduler at tcp://127.0.0.1:1: ")


def test_a_folder_that_cannot_be_written_to_is_one_line(capsys, no_writing):
    assert chaos("--out", f"{no_writing}/there") == 2
    assert capsys.readouterr().err in {
        f"{no_writing}/there/results.sqlite cannot be written: {why}; give another folder by --out\n"
        for why in ("Permission denied", "Read-only file system")
    }


def test_a_disk_that_is_full_is_one_line_and_what_is_there_is_told():
    command = [sys.executable, "-m", "faultlab", "chaos", "config.yaml", *SHORT, "--jobs", "1"]
    most = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (90_000, 90_000))
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environ, preexec_fn=most, capture_output=True, text=True, check=False)
    assert done.stderr == f"{FILE} cannot be written or read: disk I/O error; what was written before is kept\n"
    assert done.returncode == 2
    assert "explore: stopped before its end" in done.stdout
    assert chaos("--resume", "--jobs", "1") == 0


@pytest.fixture
def no_writing(tmp_path):
    """A folder that may be read only, whoever we are."""
    folder = tmp_path / "readable"
    folder.mkdir(mode=0o555)
    if os.getuid():
        yield folder
        return
    mounted = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if subprocess.run(mounted, check=False, capture_output=True).returncode:
        pytest.skip("root may write everywhere, and may not mount here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


def test_who_presses_ctrl_c_is_told_what_is_known_so_far():
    command = [sys.executable, "-m", "faultlab", "chaos", "config.yaml", "--pass", "explore", "--jobs", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes) as process:
        while not known():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        told, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "explore: stopped before its end" in told
    assert error == "stopped: the same command with --resume goes on from there\n"


def known():
    """How many runs are there."""
    if not Results.has_begun(FILE):
        return 0
    results = Results.open(FILE)
    try:
        return len(results.numbers("explore"))
    finally:
        results.close()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_who_stops_it_sees_that_it_is_stopping():
    stream = Terminal()
    live = Live(stream)
    live.stops = True
    live.beat()
    assert stream.getvalue().endswith("stopping; another Ctrl-C ends it at once\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_the_campaign_and_a_second_ctrl_c_ends_at_once(number):
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.getsignal(each) for each in numbers}
    live = Live(io.StringIO())
    try:
        with live.told_to_stop():
            assert not live.stops
            signal.raise_signal(number)
        assert live.stops
        assert {signal.getsignal(each) for each in numbers} == {signal.SIG_DFL}
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


SEEN = Seen(Row("random", 7, "broken", 1, "{}"), Edge("before", "x", "state"), ("a cell", "another"))


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (100, "random  3 of 1,000  1 broken  "),
        (60, "random  3 of 1,000  1 broken  "),
        (30, "random  3 of 1,000  1 broken"),
        (5, ""),
    ],
)
def test_the_line_has_as_many_words_as_there_is_room_for(width, line):
    live = Live(Terminal())
    live.begins("random", 1000)
    live.had(2)
    live.saw(SEEN)
    told = live.line(width)
    assert told.startswith(line)
    assert len(told) <= width
    assert (" cells" in told) == (width == 100)


def test_the_line_of_explore_tells_how_many_schedules_its_steps_stand_for():
    live = Live(Terminal(), depth=3)
    live.begins("explore", None)
    steps = {("a", "x"): "a", ("a", "y"): "b", ("b", "x"): None}
    for number, ((before, by), after) in enumerate(steps.items()):
        edge = Edge(before, by, after, "primary", "primary", "", "", 0.0)
        live.saw(Seen(Row("explore", number, "held", 1, "{}"), edge))
    # x, y, xx, xy, yx, xxx, xxy, xyx
    assert live.line(80).endswith("2 states  8 schedules")


def test_no_line_is_written_over_where_that_cannot_be(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    live = Live(stream)
    live.begins("explore", None)
    live.beat()
    live.clear()
    assert "\x1b" not in stream.getvalue()
