"""Somebody's program as a target: what it is given, what is made of what it says, and that it leaves nothing behind."""

import json
import shlex
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest

from faultlab.adapters.dead_end import dead_end
from faultlab.runner import load, run_fully
from faultlab.targets.command.child import MOST_BYTES
from faultlab.verdict import Outcome

ASK = """
import json, os, urllib.request
def ask(text, upstream="PRIMARY"):
    url, key, model = (os.environ[f"FAULTLAB_{upstream}_{x}"] for x in ("BASE_URL", "API_KEY", "MODEL"))
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(url + "/chat/completions", body, {"Authorization": "Bearer " + key})
    return json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"]
"""


@pytest.fixture
def played(tmp_path):
    def play(code, arguments=(), more="", expect="fallback: never", **target):
        (tmp_path / "program.py").write_text(f"{ASK}\nimport sys\n{code}\n")
        command = ["{python}", "-I", "{folder}/program.py", *arguments]
        (tmp_path / "s.yaml").write_text(
            f"name: n\nsays: [hello]\ntarget: {json.dumps({'command': command} | target)}\n{more}"
            f"turns: [{{user: 'a {{folder}} \"b\"', expect: {{{expect}}}}}]\n"
        )
        (scenario,) = load(tmp_path / "s.yaml")
        return run_fully(scenario)

    return play


def end(run):
    (turn,) = run.trace.turns
    return turn.end


# What it is given.


def test_the_prompt_stands_where_it_is_asked_for_word_for_word_and_no_shell_reads_it(played):
    run = played("print(sys.argv[1:], sys.stdin.read())", ["--say", "<{user}>"])
    assert end(run).reply == """['--say', '<a {folder} "b">'] """


def test_else_it_stands_on_standard_input(played):
    assert end(played("print(sys.argv[1:], sys.stdin.read(), end='')")).reply == '[] a {folder} "b"'


def test_it_is_led_to_its_models_by_variables(played):
    names = ["OPENAI_BASE_URL", "OPENAI_API_KEY", *(f"FAULTLAB_{who}_{what}" for who, what in VARIABLES)]
    run = played(f"print(*(os.environ[name] for name in {names}), sep='\\n')", expect="outcome: completed")
    url, key, *told = end(run).reply.splitlines()
    assert told[:3] == [url, key, "gpt-5.1"]
    assert told[3:5] != [url, key]
    assert told[5] == "anthropic/claude-sonnet-4"
    assert all(one.startswith("http://127.0.0.1:") for one in (url, told[3]))
    assert {key, told[4]} <= set(run.secrets)


VARIABLES = [(who, what) for who in ("PRIMARY", "FALLBACK") for what in ("BASE_URL", "API_KEY", "MODEL")]


def test_its_requests_stand_in_the_trace_under_the_providers_own_urls_with_whose_key_it_was(played):
    run = played("print(ask('hi'))", expect="reply: hello, order: P, exit_code: 0")
    assert run.verdict.outcome is Outcome.HELD, run.verdict
    (exchange,) = run.trace.exchanges
    assert exchange.request.url == "https://api.openai.com/v1/chat/completions"
    assert exchange.request.headers["host"] == "api.openai.com"
    assert exchange.key_of == "primary"


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "MISTRAL_API_KEY",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "DB_PASSWORD",
        "MY_KEY2",
        "MY_PAT",
        "DATABASE_URL",
        "GROQ_BASE_URL",
        "REGISTRY_AUTH",
        "SENTRY_DSN",
        "PYTHON_INDEX_TOKEN",
        "UNHEARD_OF",
        "OPENAI_ORG_ID",
        "HERMES_HOME",
        "https_proxy",
        "ALL_PROXY",
    ],
)
def test_nothing_real_that_is_a_credential_or_leads_elsewhere_gets_to_it(played, monkeypatch, name):
    monkeypatch.setenv(name, "the-real-one")
    run = played("print(*os.environ.values())")
    assert end(run).reply
    assert "the-real-one" not in end(run).reply


@pytest.mark.parametrize("name", ["HOME", "LC_ALL", "TZ", "PYTHONHASHSEED", "VIRTUAL_ENV"])
def test_what_a_program_needs_to_start_gets_to_it(played, monkeypatch, name):
    monkeypatch.setenv(name, "0")
    assert end(played(f"print(os.environ[{name!r}], len(os.environ['PATH']) > 0)")).reply == "0 True"


def test_the_scenario_s_own_variables_have_the_last_word(played):
    more = "env: {OPENAI_BASE_URL: 'https://mine.example', FAULTLAB_PRIMARY_MODEL: null, GITHUB_TOKEN: mine}\n"
    names = ("OPENAI_BASE_URL", "FAULTLAB_PRIMARY_MODEL", "GITHUB_TOKEN")
    run = played(f"print(*(os.environ.get(name) for name in {names}))", more=more)
    assert end(run).reply == "https://mine.example None mine"


def test_its_home_holds_the_configuration_with_the_served_addresses_and_no_key(played):
    code = """
config = json.load(open(os.environ["HERMES_HOME"] + "/config.yaml"))
for section, name in (("model", "PRIMARY"), ("fallback_model", "FALLBACK")):
    assert config[section]["base_url"] == os.environ[f"FAULTLAB_{name}_BASE_URL"]
    assert config[section]["api_key_env"] == f"FAULTLAB_{name}_API_KEY"
    assert config[section].get("api_key") is None
print(json.dumps([config["model"]["default"], config["model"]["provider"], config["agent"], os.environ["HERMES_HOME"]]))
"""
    more = """config:
  model: {provider: openai, default: gpt-5.1, api_key: written-by-somebody}
  fallback_model: {provider: groq, model: m}
  agent: {api_max_retries: 2}
"""
    *told, home = json.loads(end(played(code, more=more)).reply)
    assert told == ["gpt-5.1", "openai", {"api_max_retries": 2}]
    assert not Path(home).exists()


def test_a_model_that_needs_no_key_is_configured_without_one(played):
    more = "config: {model: {provider: custom, default: m, base_url: 'http://127.0.0.1:9/v1'}}\n"
    code = "print(sorted(json.load(open(os.environ['HERMES_HOME'] + '/config.yaml'))['model']))"
    assert end(played(code, more=more)).reply == "['base_url', 'default', 'provider']"


ELSEWHERE = {
    "urllib": "urllib.request.urlopen({url!r}, timeout=5)",
    "httpx2": "import httpx2; httpx2.get({url!r}, timeout=5)",
    "curl": "import subprocess; subprocess.run(['curl', '-s', '-m', '5', {url!r}])",
}


@pytest.mark.parametrize("how", ELSEWHERE)
@pytest.mark.parametrize("url", ["https://api.example.invalid/v1?key=secret", "http://me:secret@example.invalid:81/x"])
def test_who_asks_somebody_else_and_heeds_proxies_is_refused_and_told_of(played, how, url):
    if how == "curl" and shutil.which("curl") is None:
        pytest.skip("no curl")
    run = played(f"try:\n    {ELSEWHERE[how].format(url=url)}\nexcept Exception as error:\n    print(error)")
    origin = url.replace("me:secret@", "").rpartition("/")[0].removesuffix("/v1")
    assert run.verdict.trouble == (
        f"the target asked for {origin}, and no upstream stands for that host; "
        f"to let it through, `allow: ['{origin.partition('//')[2]}']` beside `command`"
    )


def test_hosts_that_its_scenario_allows_are_asked_without_a_detour(played):
    run = played("print(os.environ['NO_PROXY'], os.environ['no_proxy'])", allow=["db.example", "x.example:81"])
    assert end(run).reply == " ".join(2 * ["127.0.0.1,localhost,::1,db.example,x.example:81"])


def test_who_connects_and_says_nothing_or_nonsense_is_told_of_nowhere():
    refused = []
    with dead_end(refused) as url:
        address = "127.0.0.1", int(url.rpartition(":")[2])
        for said in (b"", b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET http://[x/ HTTP/1.1\r\n\r\n", b"x" * 60_000):
            with socket.create_connection(address, timeout=5) as connection:
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(100).startswith(b"HTTP/1.1 403 ")
    assert refused == []


# What is made of what it says.


def test_its_exit_code_tells_how_it_ended_and_standard_error_stands_in_the_report(played):
    run = played("print('out'); print('why\\nit failed', file=sys.stderr); sys.exit(3)", expect="exit_code: 3")
    (turn,) = run.trace.turns
    assert (turn.end.outcome, turn.exit_code, turn.end.reply) == ("failed", 3, "out")
    assert turn.shown == "out\nwhy\nit failed\n"
    assert turn.end.error == "exit code 3; standard error: why\nit failed"


def test_a_signal_is_told_as_a_shell_tells_it(played):
    run = played("os.kill(os.getpid(), 15)")
    assert (run.trace.turns[0].exit_code, end(run).outcome) == (128 + signal.SIGTERM, "failed")


def test_bytes_that_are_no_text_are_an_answer_all_the_same(played):
    assert end(played("sys.stdout.buffer.write(b'a\\xff\\r\\n')")).reply == "a\ufffd"


def test_a_program_that_gives_its_key_away_is_told(played):
    run = played("print(os.environ['OPENAI_API_KEY'], file=sys.stderr)")
    assert [violation.what for violation in run.verdict.violations] == ["I11"]


def test_a_file_with_a_key_in_its_home_is_told(played):
    run = played("open(os.environ['HERMES_HOME'] + '/note', 'w').write(os.environ['OPENAI_API_KEY'])")
    (violation,) = run.verdict.violations
    assert violation.found == "one in the file note"


def test_a_program_that_asks_with_somebody_else_s_key_is_told(played):
    code = "os.environ['FAULTLAB_PRIMARY_API_KEY'] = os.environ['FAULTLAB_FALLBACK_API_KEY']; print(ask('hi'))"
    assert [violation.what for violation in played(code).verdict.violations] == ["I7"]


# Its end.


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(played, tmp_path):
    code = f"""
import subprocess, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
print("so far", flush=True)
time.sleep(600)
"""
    run = played(code, expect="outcome: failed", timeout_s=1.5)
    assert end(run).error == "it was ended after 1.5 s, which is all the time that it has"
    assert end(run).reply == "so far"
    assert run.trace.turns[0].exit_code == 128 + signal.SIGKILL
    assert run.trace.turns[0].ended_s < 60
    for pid in (tmp_path / "pids").read_text().split():
        assert not _runs(pid)


def test_what_it_leaves_running_in_its_group_ends_with_it(played, tmp_path):
    code = f"""
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
print("done")
"""
    run = played(code, expect="reply: done")
    assert run.verdict.outcome is Outcome.HELD, run.verdict
    assert not _runs((tmp_path / "pid").read_text())


def test_what_it_leaves_running_in_a_session_of_its_own_ends_with_it(played, tmp_path):
    daemon = tmp_path / "daemon.py"
    daemon.write_text(f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, stdout=2)
open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
os.close(1)
time.sleep(600)
""")
    code = f"""
import subprocess
child = subprocess.Popen(
    [sys.executable, {str(daemon)!r}], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
)
child.stdout.read()
print("done")
"""
    run = played(code, expect="reply: done")
    assert run.verdict.outcome is Outcome.HELD, run.verdict
    for pid in (tmp_path / "pids").read_text().split():
        assert not _runs(pid)


def _runs(pid):
    """Whether there is such a process still, a moment after it was ended."""
    return all(_is_alive(pid) and not threading.Event().wait(0.01) for _ in range(500))


def _is_alive(pid):
    """A dead one that nobody has asked after is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] not in "ZX"


def test_a_program_that_says_too_much_is_ended(played):
    run = played("while True: print('x' * 1000)", expect="outcome: failed")
    assert end(run).error == "it said more than 1,000,000 bytes, which is all that is read"
    assert len(end(run).reply) == MOST_BYTES


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_program_that_has_said_too_much_before_anybody_looked_has_failed_too(played, stream):
    run = played(f"sys.{stream}.write('x' * {MOST_BYTES + 1})", expect="outcome: failed")
    assert end(run).outcome == "failed"
    assert (end(run).error or "").startswith("it said more than 1,000,000 bytes, which is all that is read")


def test_it_may_say_all_that_is_read(played):
    run = played(f"sys.stdout.write('x' * {MOST_BYTES})")
    assert (end(run).outcome, len(end(run).reply)) == ("completed", MOST_BYTES)


def test_a_program_that_never_stops_asking_is_ended(played):
    code = "\nwhile True:\n    try:\n        ask('hi')\n    except OSError:\n        pass"
    run = played(code, more="faults: {primary: [{forbidden: {}, times: forever}]}\n", expect="outcome: failed")
    assert end(run).outcome == "runaway"
    assert len(run.trace.exchanges) == 1000


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["./nothing-of-this-name"], "command './nothing-of-this-name' cannot be started: No such file or directory"),
        (["/"], "command '/' cannot be started: Permission denied"),
    ],
)
def test_a_program_that_cannot_be_started_is_an_error(tmp_path, command, told):
    path = tmp_path / "s.yaml"
    path.write_text(f"name: n\ntarget: {{command: {json.dumps(command)}}}\nturns: [{{user: x}}]\n")
    assert run_fully(*load(path)).verdict.trouble == told


def test_each_turn_is_a_process_of_its_own_against_the_same_models(tmp_path):
    path = tmp_path / "s.yaml"
    program = shlex.join([sys.executable, "-c", f"{ASK}\nprint(ask('hi'))"])
    path.write_text(
        f"""name: n
target: {{command: [sh, -c, {json.dumps(program)}]}}
says: [one, two]
turns: [{{user: a, expect: {{reply: one, order: P}}}}, {{user: b, expect: {{reply: two, order: P}}}}]
"""
    )
    run = run_fully(*load(path))
    assert run.verdict.outcome is Outcome.HELD, run.verdict
