"""Targets that are not this project's agent: the client by itself, and somebody's own function."""

import json
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faultlab.runner import load, run_fully
from faultlab.verdict import Outcome

SDK = """\
name: The client's own retries
target: {sdk: {call: %s, stream: %s, async: %s, max_retries: 2}}
says: [hello there]
faults: {primary: [{rate_limit: {retry_after_s: 3}, times: 2}]}
turns:
  - user: hi
    expect:
      reply: hello there
      calls: {primary: 3}
      waits_s: [3, 3]
      fallback: never
      user_sees: {contains: hello}
"""


@pytest.fixture
def played(tmp_path):
    def play(text):
        path = tmp_path / "s.yaml"
        path.write_text(text, "utf-8")
        (scenario,) = load(path)
        return run_fully(scenario)

    return play


@pytest.mark.parametrize("call", ["chat", "responses"])
@pytest.mark.parametrize("stream", ["true", "false"])
@pytest.mark.parametrize("is_async", ["true", "false"])
def test_the_client_retries_by_itself_in_virtual_time(played, call, stream, is_async):
    run = played(SDK % (call, stream, is_async))
    assert run.verdict.outcome is Outcome.HELD, run.verdict


def test_the_client_s_own_jitter_is_the_same_in_every_run(played):
    text = "name: n\ntarget: sdk\nsays: [hi]\nfaults: {primary: [reset, reset]}\nturns: [{user: x}]\n"
    runs = [[exchange.started_s for exchange in played(text).trace.exchanges] for _ in range(3)]
    assert runs[0] == runs[1] == runs[2]
    assert runs[0] != [exchange.started_s for exchange in played(text + "seed: 1\n").trace.exchanges]


def test_what_the_client_raises_is_how_the_turn_failed(played):
    text = "name: n\ntarget: sdk\nfaults: {primary: [unauthorized]}\nturns: [{user: x, expect: {outcome: failed}}]\n"
    run = played(text)
    assert run.verdict.outcome is Outcome.HELD
    assert run.trace.turns[0].end.error.startswith("AuthenticationError: ")


def test_an_answer_that_cannot_be_read_is_a_failure_of_the_caller(played):
    text = "name: n\ntarget: sdk\nfaults: {primary: [empty_choices]}\nturns: [{user: x, expect: {outcome: failed}}]\n"
    assert played(text).trace.turns[0].end.error.startswith("IndexError")


APP = """\
def ask(lab, user):
    try:
        return _asked(lab["primary"], user)
    except Exception:
        return _asked(lab["fallback"], user)


def _asked(provider, user):
    with provider.client(max_retries=1) as client:
        messages = [{"role": "user", "content": user}]
        return client.chat.completions.create(model=provider.model, messages=messages).choices[0].message.content


def elsewhere(lab, user):
    with lab["primary"].client(base_url="https://else.example/v1") as client:
        client.models.list()


def leave(lab, user):
    raise SystemExit(3)


def leak(lab, user):
    return lab["primary"].api_key


number = 3
"""


@pytest.fixture
def app(tmp_path, monkeypatch):
    (tmp_path / "an_app.py").write_text(APP)
    yield "an_app"
    monkeypatch.delitem(sys.modules, "an_app", raising=False)


def test_a_function_of_one_s_own_is_played_against_the_lab(played, app):
    run = played(
        f"""\
name: Its own fallback
target: {{callable: "{app}:ask"}}
says: [from the backup]
faults: {{primary: [{{server_error: {{}}, times: 2}}]}}
turns:
  - user: hi
    expect: {{reply: from the backup, order: PPF, fallback: {{after_calls: 2}}, waited_s: {{at_least: 0.3}}}}
"""
    )
    assert run.verdict.outcome is Outcome.HELD, run.verdict


def test_a_function_that_gives_a_key_away_is_told(played, app):
    (violation,) = played(f"name: n\ntarget: {{callable: '{app}:leak'}}\nturns: [{{user: x}}]\n").verdict.violations
    assert violation.what == "I11"


def test_a_function_that_ends_the_process_ends_its_own_turn_only(played, app):
    run = played(f"name: n\ntarget: {{callable: '{app}:leave'}}\nturns: [{{user: x}}]\n")
    assert run.verdict.outcome is Outcome.FAILED
    assert run.trace.turns[0].end.error == "SystemExit: 3"


def test_a_request_to_somebody_else_is_an_error(played, app):
    verdict = played(f"name: n\ntarget: {{callable: '{app}:elsewhere'}}\nturns: [{{user: x}}]\n").verdict
    assert verdict.trouble.startswith("nobody stands for https://else.example/v1/models")


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("an_app:nothing", "cannot be imported: AttributeError: module 'an_app' has no attribute 'nothing'"),
        ("no_app:ask", "cannot be imported: ModuleNotFoundError: No module named 'no_app'"),
        ("raises:ask", "cannot be imported: ValueError: on import"),
        ("exits:ask", "cannot be imported: SystemExit: 3"),
        ("an_app:number", "is no function"),
    ],
)
def test_a_function_that_cannot_be_had_is_an_error(played, app, tmp_path, name, trouble):
    (tmp_path / "raises.py").write_text("raise ValueError('on import')\n")
    (tmp_path / "exits.py").write_text("raise SystemExit(3)\n")
    run = played(f"name: n\ntarget: {{callable: '{name}'}}\nturns: [{{user: x}}]\n")
    assert run.verdict.trouble == f"target {name} {trouble}"
    assert app not in sys.path


ALONE = """\
import json
import os
from pathlib import Path
from urllib.request import urlopen

import openai

HERE = Path(__file__).parent
AT_IMPORT = os.environ.get("OPENAI_API_KEY")


def own_client(lab, user):
    with openai.OpenAI(max_retries=0) as client:
        answer = client.chat.completions.create(model="gpt-5.1", messages=[{"role": "user", "content": user}])
    return answer.choices[0].message.content


def variables(lab, user):
    (HERE / "seen").write_text(json.dumps({**os.environ, "at import": AT_IMPORT, "mine": lab["primary"].api_key}))
    return ""


def out(lab, user):
    with urlopen(f"http://127.0.0.1:{user}/", timeout=5) as answer:
        return answer.read().decode()
"""


@pytest.fixture
def alone(tmp_path, monkeypatch, played):
    """Plays a function with its own clients, in a process whose user has keys of his own."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-s-own")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    (tmp_path / "alone_app.py").write_text(ALONE)

    def play(function, user="hi", target="", more=""):
        told = f"name: n\ntarget: {{callable: 'alone_app:{function}'{target}}}\nturns: [{{user: '{user}'}}]\n{more}"
        return played(told)

    yield play
    sys.modules.pop("alone_app", None)


def test_a_client_that_a_function_makes_for_itself_is_answered_by_the_upstream_of_its_host(alone):
    run = alone("own_client", more="says: [from the primary]\n")
    assert run.verdict.outcome is Outcome.HELD, run.verdict
    assert [(each.upstream, each.key_of) for each in run.trace.exchanges] == [("primary", "primary")]
    assert run.trace.turns[0].end.reply == "from the primary"


def test_a_function_has_made_up_keys_the_scenario_s_variables_and_no_other(alone, tmp_path):
    run = alone("variables", more="env: {MY_APP: fast, HOME: null}\n")
    assert run.verdict.trouble is None
    seen = json.loads(Path(tmp_path, "seen").read_text("utf-8"))
    assert seen["OPENAI_API_KEY"] == seen["at import"] == seen["mine"]
    assert seen["MY_APP"] == "fast"
    assert not seen.keys() & {"HOME", "HTTPS_PROXY", "PYTEST_CURRENT_TEST"}
    assert os.environ["OPENAI_API_KEY"] == "sk-somebody-s-own"


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.settimeout(5)
        yield found


def test_what_a_function_asks_past_the_lab_reaches_nobody_and_says_how_it_could(alone, listening):
    port = listening.getsockname()[1]
    run = alone("out", port)
    assert run.verdict.trouble.startswith(f"nobody stands for socket://localhost:{port}; ")
    assert run.verdict.trouble.endswith(f"to let it through, `allow: ['localhost:{port}']` beside `callable`")
    listening.settimeout(0)
    with pytest.raises(BlockingIOError):
        listening.accept()


def test_hosts_that_its_scenario_allows_are_reached(alone, listening):
    def answer():
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    port = listening.getsockname()[1]
    with ThreadPoolExecutor() as beside:
        answered = beside.submit(answer)
        run = alone("out", port, target=f", allow: ['localhost:{port}']")
        answered.result()
    assert run.verdict.trouble is None
    assert run.trace.turns[0].end.reply == "ok"


def test_the_client_by_itself_has_no_account_of_whoever_runs_it(played, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-somebody-s-own")
    run = played("name: n\ntarget: sdk\nsays: [hi]\nturns: [{user: hi}]\nenv: {OPENAI_PROJECT_ID: proj-made-up}\n")
    (exchange,) = run.trace.exchanges
    assert "openai-organization" not in exchange.request.headers
    assert exchange.request.headers["openai-project"] == "proj-made-up"
