"""`faultlab serve`: providers in a process of their own, a control path beside them, and nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection

import pytest

from faultlab.cli import main

LIMITED = """\
name: Limited
says: [one, two]
limits: {primary: {requests_per_minute: 1}}
turns: [{user: x}]
"""
FAULTY = """\
name: Faulty
says: [hello]
faults: {primary: [{rate_limit: {}, times: 2}], fallback: [reset]}
turns: [{user: x}]
"""


@pytest.fixture
def file(tmp_path):
    def written(*texts):
        path = tmp_path / "s.yaml"
        path.write_text("\n---\n".join(texts), "utf-8")
        return str(path)

    return written


def ask(url, path="", body=None, method=None, headers=()):
    """Status and document of an answer."""
    _, _, host, below = url.split("/", 3)
    with closing(HTTPConnection(host, timeout=30)) as connection:
        sent = None if body is None else json.dumps(body)
        connection.request(method or ("GET" if body is None else "POST"), f"/{below}{path}", sent, dict(headers))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def chat(upstream, text="hi", **more):
    headers = {"authorization": f"Bearer {upstream.api_key}"}
    body = {"model": upstream.model, "messages": [{"role": "user", "content": text}]}
    return ask(upstream.base_url, "/chat/completions", body, headers=headers, **more)


@pytest.fixture(scope="module")
def _healthy(serving):
    with serving("--virtual-time") as (_, [served]):
        yield served


@pytest.fixture
def healthy(_healthy):
    """Healthy models in virtual time, as they were at the beginning: a process takes long to start."""
    ask(_healthy.control, "/reset", {})
    return _healthy


def test_without_a_scenario_models_are_healthy_and_never_stop_answering(serving):
    with serving() as (process, [served]):
        assert served.pid == process.pid
        assert [(one.name, one.provider, one.model) for one in served.upstreams] == [
            ("primary", "openai", "gpt-5.1"),
            ("fallback", "openrouter", "anthropic/claude-sonnet-4"),
        ]
        assert all(one.base_url.startswith("http://127.0.0.1:") for one in served.upstreams)
        answers = [chat(served.upstreams[number % 2]) for number in range(7)]
        told = ask(served.control, "/trace")[1]
    assert [status for status, _ in answers] == [200] * 7
    assert {document["choices"][0]["message"]["content"] for _, document in answers} == {
        "This is a made-up answer of a healthy model."
    }
    assert [x["upstream"] for x in told["exchanges"]] == ["primary", "fallback"] * 3 + ["primary"]
    assert {x["key_of"] for x in told["exchanges"]} == {"primary", "fallback"}


def test_a_scenario_s_answers_faults_and_what_is_left_of_them_are_told(serving, file):
    with serving(file(FAULTY)) as (process, [served]):
        assert served.scenario.endswith("s.yaml::faulty")
        primary, _ = served.upstreams
        assert [chat(primary)[0] for _ in range(2)] == [429, 429]
        assert chat(primary)[1]["choices"][0]["message"]["content"] == "hello"
        told = ask(served.control, "/trace")[1]
        process.terminate()
        told_at_last = process.stderr.read()
        assert process.wait(timeout=30) == 0
    assert [x["faults"] for x in told["exchanges"]] == [["rate_limit"], ["rate_limit"], []]
    assert told["unreached"] == [{"upstream": "fallback", "index": 0, "left": 1}]
    assert "s.yaml::faulty: served 3 exchanges\nentry 1 of faults.fallback, reset, was never reached: " in told_at_last


def test_several_scenarios_are_served_side_by_side_each_with_its_own_line(serving, file):
    with serving(file(FAULTY, LIMITED), labs=2) as (_, labs):
        assert [one.scenario.partition("::")[2] for one in labs] == ["faulty", "limited"]
        assert [chat(one.upstreams[0])[0] for one in labs] == [429, 200]
        assert [len(ask(one.control, "/trace")[1]["exchanges"]) for one in labs] == [1, 1]


def test_an_overlay_is_laid_over_what_is_served(serving, file, tmp_path):
    (tmp_path / "overlay.txt").write_text("faults: null\n")
    with serving(file(FAULTY), "--overlay", tmp_path / "overlay.txt") as (_, [served]):
        assert chat(served.upstreams[0])[0] == 200


def is_free(port):
    """Below those that the system gives to whoever asks for any."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_the_ports_may_be_chosen(serving):
    port = next(
        port for port in range(20_000 + os.getpid() % 10_000, 32_000) if all(map(is_free, range(port, port + 3)))
    )
    with serving("--port", str(port)) as (_, [served]):
        urls = [*(one.base_url for one in served.upstreams), served.control]
    assert [int(url.split("/")[2].partition(":")[2]) for url in urls] == [port, port + 1, port + 2]


# The clock.


def test_virtual_time_moves_when_it_is_told_to_and_limits_go_by_it(serving, file):
    with serving(file(LIMITED), "--virtual-time") as (_, [served]):
        primary = served.upstreams[0]
        assert [chat(primary)[0], chat(primary)[0]] == [200, 429]
        moved = ask(served.control, "/clock", {"advance_s": 60})
        assert moved == (200, {"now_s": 60.0, "time": 1767225660.0, "is_virtual": True})
        assert chat(primary)[0] == 200
        times = [x["started_s"] for x in ask(served.control, "/trace")[1]["exchanges"]]
    assert times == [0, 0, 60]


def test_the_machine_s_own_time_is_moved_by_nobody(serving):
    with serving() as (_, [served]):
        assert ask(served.control, "/clock")[1]["is_virtual"] is False
        status, told = ask(served.control, "/clock", {"advance_s": 1})
    assert (status, told["error"]["message"]) == (409, "time is the machine's own here: serve with --virtual-time")


@pytest.mark.parametrize("told", [{}, [], {"advance_s": -1}, {"advance_s": "1"}, {"advance_s": True}])
def test_what_moves_no_clock_is_refused(healthy, told):
    assert ask(healthy.control, "/clock", told)[0] == 400
    assert ask(healthy.control, "/clock")[1]["now_s"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/trace/", 404), ("POST", "/trace", 405)]
)
def test_the_control_path_knows_what_it_knows(healthy, method, path, status):
    assert ask(healthy.control, path, method=method)[0] == status
    assert ask(healthy.control, "/trace")[1]["exchanges"] == []


# Credentials.


def test_no_credential_is_told_not_even_one_that_was_sent_where_none_belongs(healthy):
    primary = healthy.upstreams[0]
    chat(primary, text=f"my key is {primary.api_key}")
    told = ask(healthy.control, "/trace")[1]
    (exchange,) = told["exchanges"]
    assert primary.api_key not in json.dumps(told)
    assert exchange["request"]["headers"]["authorization"] == "[redacted]"
    assert "my key is [here stood a credential]" in exchange["request"]["body"]


@pytest.mark.parametrize("header", ["x-auth-token", "some-gateway-api-key"])
def test_a_real_key_in_a_place_of_its_own_is_not_told_either(healthy, header):
    url = healthy.upstreams[0].base_url
    ask(url, "/chat/completions?key=a-real-one", {"messages": []}, headers={header: "a-real-one"})
    (exchange,) = ask(healthy.control, "/trace")[1]["exchanges"]
    assert "a-real-one" not in json.dumps(exchange)
    assert exchange["request"]["url"].endswith("/chat/completions?key=[redacted]")
    assert exchange["request"]["headers"][header] == "[redacted]"


def test_the_line_for_people_tells_no_key():
    command = [sys.executable, "-m", "faultlab", "serve", "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.stdin.close()
        assert process.stdout.read() == ""
        assert process.wait(timeout=30) == 0
    assert line.startswith("serving healthy answers: primary http://127.0.0.1:")
    assert line.endswith(f"/_faultlab; pid {process.pid}\n")
    assert "sk-" not in line


# The end.


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, None])
def test_it_ends_at_once_with_nothing_left_behind_whoever_is_still_being_answered(serving, file, how):
    slow = "name: Slow\nsays: [hi]\nfaults: {primary: [read_timeout]}\nturns: [{user: x}]\n"
    with serving(file(slow)) as (process, [served]):
        _, _, host, below = served.upstreams[0].base_url.split("/", 3)
        with closing(HTTPConnection(host, timeout=30)) as connection:
            connection.request("POST", f"/{below}/chat/completions", "{}")
            assert len(ask(served.control, "/trace")[1]["exchanges"]) == 1
            if how is None:
                process.stdin.close()
            else:
                process.send_signal(how)
            assert process.wait(timeout=30) == 0
        assert process.stderr.read().endswith("served 1 exchange\n")
    name, _, port = host.partition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((name, int(port)), timeout=1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["s.yaml::nobody"], "no scenario called 'nobody'"),
        (["nothing.yaml"], "nothing.yaml: cannot be read"),
        (["--port", "70000"], "there is no port 70000"),
        (["--port", "-1"], "there is no port -1"),
        (["--port", "65535"], "there is no port 65537, and 3 are taken from 65535 on"),
        (["--port", "65531", "s.yaml", "s.yaml"], "there is no port 65536, and 6 are taken from 65531 on"),
    ],
)
def test_what_cannot_be_served_is_told(file, tmp_path, monkeypatch, capsys, arguments, told):
    file(FAULTY)
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_scenario_whose_providers_cannot_be_asked_is_not_served(file, capsys):
    path = file("name: n\nconfig: {model: {provider: opnai, default: m}}\nturns: [{user: x}]\n")
    assert main(["serve", path]) == 2
    told = "there is nothing to serve: no provider of its configuration can be asked"
    assert capsys.readouterr().err == f"{path}::n: {told}\n"


@pytest.mark.parametrize(
    ("fallback", "why"),
    [
        ("{provider: opnrouter, model: m}", "nobody knows the provider 'opnrouter', and no base_url is stated"),
        ("{provider: openai, model: gpt-5.1}", "its address, model and key are those of the other one"),
    ],
)
def test_who_is_configured_and_cannot_be_served_is_told(serving, file, fallback, why):
    config = f"{{model: {{provider: openai, default: gpt-5.1}}, fallback_model: {fallback}}}"
    path = file(f"name: n\nconfig: {config}\nsays: [hi]\nturns: [{{user: x}}]\n")
    with serving(path) as (process, [served]):
        assert [one.name for one in served.upstreams] == ["primary"]
        process.stdin.close()
        assert process.stderr.readline() == f"{path}::n: the fallback is not served: {why}\n"


def test_a_fault_that_no_socket_can_play_is_told_with_its_place(file, capsys):
    path = file("name: n\nfaults:\n  primary: [ok, dns_failure]\nturns: [{user: x}]\n")
    assert main(["serve", path]) == 2
    assert capsys.readouterr().err.startswith(f"{path}:3:17: primary: dns_failure (dns_failure) cannot be played on")


def test_a_scenario_is_steered_and_is_as_it_was_after_a_reset(serving, file):
    with serving(file(FAULTY)) as (_, [served]):
        primary, fallback = served.upstreams
        told = {"says": ["new"], "faults": {"primary": [], "fallback": ["overloaded"]}}
        assert ask(served.control, "/script", told)[0] == 200
        assert (chat(fallback)[0], chat(primary)[0]) == (529, 200)
        assert ask(served.control, "/reset", {})[1]["answers_left"] == {"primary": 1, "fallback": 1}
        assert [chat(primary)[0] for _ in range(3)] == [429, 429, 200]


def test_healthy_models_stay_so_while_something_goes_wrong_with_one(healthy):
    told = ask(healthy.control, "/script", {"faults": {"primary": ["rate_limit"]}})[1]
    assert told["answers_left"] == {"primary": None, "fallback": None}
    assert [chat(healthy.upstreams[0])[0] for _ in range(3)] == [429, 200, 200]


def test_a_request_that_nothing_was_said_for_is_told_at_the_end(serving, file):
    with serving(file("name: n\nsays: [one]\nturns: [{user: x}]\n")) as (process, [served]):
        assert chat(served.upstreams[0])[0] == 200
        with pytest.raises(ConnectionError):
            chat(served.upstreams[0])
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert "1 request found no answer left" in process.stderr.read()


@pytest.mark.parametrize(("times", "told"), [(1, "1 request"), (2, "2 requests")])
def test_what_was_no_request_is_counted_at_the_end(serving, times, told):
    with serving() as (process, [served]):
        host, port = served.upstreams[0].base_url.split("/")[2].split(":")
        for _ in range(times):
            with socket.create_connection((host, int(port)), timeout=30) as connection:
                connection.sendall(b"nothing that is HTTP\r\n\r\n")
                assert b" 400 " in connection.recv(4096)
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == f"served 0 exchanges, and refused {told} that nobody could read\n"


SERVE = [sys.executable, "-m", "faultlab", "serve", "--until-stdin-closes"]


def by_a_shell(redirected, **more):
    """What becomes of it with its streams as a shell redirects them."""
    command = ["sh", "-c", f'exec "$@" {redirected}', "sh", *SERVE]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, **more)


@pytest.mark.parametrize("redirected", ["<&-", "</dev/null", "0>/dev/null"])
def test_standard_input_that_is_closed_from_the_beginning_ends_it(redirected):
    ended = by_a_shell(redirected)
    assert (ended.returncode, ended.stderr) == (0, "served 0 exchanges\n")
    assert ended.stdout.startswith("serving healthy answers: ")


def test_it_can_do_without_a_standard_output():
    ended = by_a_shell(">&-", stdin=subprocess.DEVNULL)
    assert (ended.returncode, ended.stderr) == (0, "served 0 exchanges\n")


def test_a_standard_output_that_is_full_is_told_as_what_it_is():
    ended = by_a_shell(">/dev/full", stdin=subprocess.DEVNULL)
    assert (ended.returncode, ended.stderr) == (2, "standard output cannot be written: No space left on device\n")


def test_a_standard_output_that_nobody_reads_ends_it_without_a_word():
    with subprocess.Popen(SERVE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.wait(timeout=30), process.stderr.read()) == (2, b"")


def test_a_signal_and_the_end_of_standard_input_may_come_together(serving):
    with serving() as (process, _):
        process.send_signal(signal.SIGINT)
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == "served 0 exchanges\n"


def test_a_port_that_is_taken_is_told(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot be served at these ports: Address already in use" in capsys.readouterr().err
