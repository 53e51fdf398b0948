"""Steering a served lab: what it is told holds from then on, what it tells is true, and no web page is listened to."""

import json
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier, Thread

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from faultlab import Lab, faults
from faultlab.limits import Limits
from faultlab.script import Reply, Script
from faultlab.upstream import Upstream


@pytest.fixture
def lab():
    """Two upstreams that have one answer and one fault each, served."""
    lab = Lab(virtual_time=False)
    for provider, name in (("openai", "primary"), ("groq", "backup")):
        lab.upstream(provider, name=name, model=f"m-{name}", says=[f"from {name}"], faults=[faults.unavailable()])
    with lab.serve():
        yield lab


def ask(url, path="", body=None, method=None, **headers):
    """Status and document of an answer."""
    _, _, host, below = url.split("/", 3)
    with closing(HTTPConnection(host, timeout=30)) as connection:
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method or ("GET" if body is None else "POST"), f"/{below}{path}", sent, given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def steer(lab, path, body=None, **more):
    return ask(lab.environ()["FAULTLAB_CONTROL_URL"], path, body, **more)


def chat(upstream, **headers):
    """Status, and what was said."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    status, told = ask(upstream.served_url, "/chat/completions", body, **headers)
    return (status, told["choices"][0]["message"]["content"]) if status == 200 else status


# A script.


def test_what_it_is_told_holds_from_then_on_and_the_rest_stays(lab):
    told = {"says": {"primary": ["one", "two"]}, "faults": {"primary": [{"rate_limit": {}, "times": 2}, "ok"]}}
    assert steer(lab, "/script", told) == (
        200,
        {
            "answers_left": {"primary": 2, "backup": 1},
            "unreached": [
                {"upstream": "primary", "index": 0, "left": 2},
                {"upstream": "backup", "index": 0, "left": 1},
            ],
        },
    )
    assert [chat(lab["primary"]) for _ in range(4)] == [429, 429, (200, "one"), (200, "two")]
    assert [chat(lab["backup"]) for _ in range(2)] == [503, (200, "from backup")]


def test_a_list_of_answers_is_shared_by_all(lab):
    told = {"says": ["one", {"text": "two"}], "faults": {"primary": [], "backup": []}}
    assert steer(lab, "/script", told)[0] == 200
    assert [chat(lab["backup"]), chat(lab["primary"])] == [(200, "one"), (200, "two")]


def test_what_is_not_told_keeps_its_place(lab):
    assert chat(lab["primary"]) == 503
    assert steer(lab, "/script", {"says": {"primary": ["new"]}})[0] == 200
    assert chat(lab["primary"]) == (200, "new")


def test_limits_are_counted_from_then_on_and_those_that_stay_go_on(lab):
    assert (
        steer(lab, "/script", {"faults": {"primary": []}, "limits": {"primary": {"requests_per_minute": 1}}})[0] == 200
    )
    assert chat(lab["primary"]) == (200, "from primary")
    assert steer(lab, "/script", {"says": {"primary": ["more"]}})[0] == 200
    assert chat(lab["primary"]) == 429
    assert steer(lab, "/script", {"limits": {"primary": {}}})[0] == 200
    assert chat(lab["primary"]) == (200, "more")


def test_a_number_is_whole_however_it_is_written(lab):
    assert steer(lab, "/script", b'{"faults": {"primary": [{"reset": {}, "times": 2.0}]}}')[0] == 200


@pytest.mark.parametrize(
    ("body", "message", "at"),
    [
        (b"", "the body is no JSON", None),
        (b"[1", "the body is no JSON", None),
        (b"\xff", "the body is no JSON", None),
        (b"[" * 100_000, "nested more than 100 levels deep", None),
        (b'{"says": 1e400}', "1e400 is no number that can be read", None),
        (b'{"says": NaN}', "NaN is no number that can be read", None),
        (b'{"says": [], "says": []}', "duplicate key 'says'", None),
        ({}, "it says nothing of what is to change", None),
        ([], "expected a mapping, found an empty list", ""),
        ({"fautls": {}}, "unknown key 'fautls'; did you mean 'faults'?", "/fautls"),
        ({"says": "hello"}, "expected a list of answers", "/says"),
        ({"says": ["a", 7]}, "expected a text", "/says/1"),
        ({"says": {"nobody": []}}, "unknown key 'nobody'", "/says/nobody"),
        ({"faults": {"primary": ["rate_limt"]}}, "unknown fault 'rate_limt'; did you mean", "/faults/primary/0"),
        (
            {"faults": {"backup": ["ok", {"slow": {"first_s": "1"}}]}},
            "first_s: a number of seconds from 0, not '1'",
            "/faults/backup/1/slow/first_s",
        ),
        ({"faults": {"primary": ["ok", "dns_failure"]}}, "dns_failure (dns_failure) cannot be", "/faults/primary/1"),
        ({"faults": {"primary": ["tls_failure"]}}, "there is no TLS where", "/faults/primary/0"),
        ({"faults": {"primary": [{"rate_limit": {"variant": "x"}}]}}, "sends no variant 'x'", "/faults/primary/0"),
        ({"limits": {"primary": {"requests_per_minute": 0}}}, "a whole", "/limits/primary/requests_per_minute"),
        ({"limits": {"a/b~c": {}}}, "unknown key 'a/b~c'", "/limits/a~1b~0c"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place_and_changes_nothing(lab, body, message, at):
    status, told = steer(lab, "/script", body)
    assert status == 400
    assert message in told["error"]["message"]
    assert told["error"].get("at") == at
    assert len(steer(lab, "/trace")[1]["unreached"]) == 2
    assert chat(lab["primary"]) == 503


def test_what_could_stand_there_is_told_with_it(lab):
    assert steer(lab, "/script", {"faults": {"prim": []}})[1]["error"]["allowed"] == ["backup", "primary"]
    assert steer(lab, "/script", {"x": 1})[1]["error"]["allowed"] == ["faults", "limits", "says"]
    assert "rate_limit" in steer(lab, "/script", {"faults": {"primary": ["x"]}})[1]["error"]["allowed"]


def test_one_wrong_word_leaves_all_of_it_undone(lab):
    told = {"says": {"primary": ["new"]}, "faults": {"primary": [], "backup": ["dns_failure"]}}
    assert steer(lab, "/script", told)[0] == 400
    assert [chat(lab["primary"]), chat(lab["primary"])] == [503, (200, "from primary")]


@pytest.mark.parametrize("kind", ["refused", "connect_timeout"])
def test_a_port_that_turns_clients_away_opens_as_soon_as_it_is_told(lab, kind):
    assert steer(lab, "/script", {"faults": {"primary": [kind]}})[0] == 200
    _, _, host, _ = lab["primary"].served_url.split("/", 3)
    client = HTTPConnection(host, timeout=1.5 if kind == "refused" else 0.2)
    with pytest.raises(OSError, match=r"refused|timed out"):
        client.connect()
    assert steer(lab, "/script", {"faults": {"primary": [kind]}})[0] == 200
    assert steer(lab, "/script", {"faults": {"primary": []}})[0] == 200
    began_s = lab.clock.now_s
    assert chat(lab["primary"]) == (200, "from primary")
    assert lab.clock.now_s - began_s < 0.5


# Back to the beginning.


def test_after_a_reset_all_is_as_it_was_when_it_began(lab):
    steer(
        lab, "/script", {"says": ["other"], "faults": {"primary": ["reset"]}, "limits": {"backup": {"body_bytes": 9}}}
    )
    assert chat(lab["backup"]) == 413
    assert steer(lab, "/reset", b"")[1]["answers_left"] == {"primary": 1, "backup": 1}
    assert steer(lab, "/trace")[1]["exchanges"] == []
    assert [chat(lab["backup"]), chat(lab["backup"])] == [503, (200, "from backup")]
    assert [exchange.n for exchange in lab.trace.exchanges] == [1, 2]


def test_a_reset_forgets_what_was_used_up(lab):
    first = [chat(lab["primary"]), chat(lab["primary"])]
    assert steer(lab, "/reset", b"")[0] == 200
    assert [chat(lab["primary"]), chat(lab["primary"])] == first == [503, (200, "from primary")]


def test_a_reset_forgets_who_asked_for_a_host_that_nobody_stands_for(lab):
    _, _, host, _ = lab["primary"].served_url.split("/", 3)
    with closing(HTTPConnection(host, timeout=30)) as connection:
        connection.request("GET", "http://elsewhere.example/")
        assert connection.getresponse().status == 404
    assert lab.refused == ["http://elsewhere.example/"]
    assert steer(lab, "/reset", b"")[0] == 200
    assert lab.refused == []


def test_a_key_that_a_renewal_replaced_holds_again_after_a_reset():
    lab = Lab(virtual_time=False)
    token_url = "https://auth.example/token"
    given = {"token_url": token_url, "refresh": ("ok",), "script": Script([Reply("hi")])}
    lab.add(Upstream("primary", "openai", "https://one.example/v1", lab.stage, **given))
    key, refresh_token = lab["primary"].api_key, lab["primary"].behind.refresh_token
    with lab.serve():
        status, told = ask(lab.served(token_url), "", {"refresh_token": refresh_token})
        assert (status, told["access_token"]) == (200, lab["primary"].api_key)
        assert chat(lab["primary"], authorization=f"Bearer {key}") == 401
        assert steer(lab, "/reset", b"")[0] == 200
        assert chat(lab["primary"], authorization=f"Bearer {key}") == (200, "hi")


def test_one_that_came_later_is_served_steered_and_reset_as_well(lab):
    late = lab.upstream("openrouter", name="late", says=["late"])
    assert chat(late) == (200, "late")
    assert steer(lab, "/reset", b"")[1]["answers_left"]["late"] == 1
    assert steer(lab, "/script", {"faults": {"late": ["overloaded"]}})[0] == 200
    assert [chat(late), chat(late)] == [529, (200, "late")]


def test_a_request_under_way_is_answered_as_it_began_and_stands_in_no_trace(lab):
    steer(lab, "/script", {"faults": {"primary": [{"slow": {"first_s": 0.2}}]}, "says": {"primary": ["slow", "next"]}})
    said = []
    asking = Thread(target=lambda: said.append(chat(lab["primary"])))
    asking.start()
    while not lab.trace.exchanges:
        pass
    assert steer(lab, "/reset", b"")[0] == 200
    asking.join()
    assert said == [(200, "slow")]
    assert lab.trace.exchanges == []
    assert [chat(lab["primary"]), chat(lab["primary"])] == [503, (200, "from primary")]


def test_many_ask_and_many_steer_at_once():
    """Each answer is of one script or of the other, and each script is there whole."""
    lab = Lab(virtual_time=False)
    lab.upstream("openai", name="primary", says=["a"] * 100)
    ready, answers = Barrier(4), []

    def asks():
        ready.wait()
        answers.extend(chat(lab["primary"]) for _ in range(20))

    def steers():
        ready.wait()
        for number in range(20):
            script = {"says": ["b"] * 100, "faults": {"primary": ["ok"]}}
            assert steer(lab, "/script" if number % 2 else "/reset", script)[0] == 200

    with lab.serve():
        threads = [Thread(target=each) for each in (asks, asks, steers, steers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 40
    assert set(answers) <= {(200, "a"), (200, "b")}


# What it tells.


@pytest.fixture
def described(lab):
    return steer(lab, "/openapi.json")[1]


def holds(described, schema, told):
    Draft202012Validator({**schema, "components": described["components"]}).validate(told)


def test_what_it_can_be_asked_is_an_openapi_document(described):
    validate(described)
    assert described["components"]["schemas"]["Upstream"]["enum"] == ["primary", "backup"]
    Draft202012Validator.check_schema(described["components"]["schemas"]["Fault"])


def test_the_page_tells_every_operation(described):
    page = Path(__file__).parents[2] / "docs" / "how-to" / "servers-and-other-languages.md"
    told = re.findall(r"^\| `((?:GET|POST) /.*)` \| (.*) \|$", page.read_text("utf-8"), re.MULTILINE)
    operations = {
        f"{method.upper()} {path}": one["summary"]
        for path, each in described["paths"].items()
        for method, one in each.items()
    }
    assert dict(told) == operations


def test_the_index_names_the_upstreams_and_every_operation(lab, described):
    status, told = steer(lab, "")
    operations = [f"{method.upper()} {path}" for path, each in described["paths"].items() for method in each]
    assert (status, list(told["paths"])) == (200, operations)
    assert [one["name"] for one in told["upstreams"]] == ["primary", "backup"]
    assert steer(lab, "/") == (status, told)


ASKED = {
    "getIndex": (None, {200}),
    "getDescription": (None, {200}),
    "getTrace": (None, {200}),
    "setScript": ({"faults": {"primary": ["reset"]}}, {200, 400}),
    "reset": (b"", {200}),
    "getClock": (None, {200}),
    "moveClock": ({"advance_s": 1}, {400, 409}),
}


def test_every_operation_answers_as_it_is_described(lab, described):
    chat(lab["primary"])
    chat(lab["primary"])
    operations = [(path, method, one) for path, each in described["paths"].items() for method, one in each.items()]
    assert {one["operationId"] for _, _, one in operations} == ASKED.keys()
    for path, method, operation in operations:
        body, statuses = ASKED[operation["operationId"]]
        for sent in (body, b"nothing") if "requestBody" in operation else (body,):
            status, told = steer(lab, path, sent, method=method.upper())
            assert status in statuses
            response = operation["responses"][str(status)]
            if "$ref" in response:
                response = described["components"]["responses"][response["$ref"].rpartition("/")[2]]
            holds(described, response["content"]["application/json"]["schema"], told)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/trace", "/script", "/"])
def test_what_means_nothing_is_told_what_does(lab, method, path):
    status, told = steer(lab, path, method=method)
    assert status == 405
    assert told["error"]["allowed"] in (["GET"], ["POST"])


SCRIPTS = [
    {"says": ["a", {"text": "b", "tool_calls": [{"name": "f", "arguments": {"x": 1}}], "finish_reason": "length"}]},
    {"says": {"primary": [{"usage": {"prompt_tokens": 1, "completion_tokens": 0}}]}},
    {"faults": {"primary": ["ok", {"rate_limit": None, "times": "forever"}, {"wire": "openai.500.server_error"}]}},
    {"faults": {"backup": [{"slow": {"first_s": 0.5}, "rate_limit": {}, "times": 3}, {"status": {"code": 418}}]}},
    {"limits": {"primary": {"context_tokens": 100, "tokens_per_day": None}}},
]
NO_SCRIPTS = [
    {},
    {"other": 1},
    {"says": [1]},
    {"says": {"else": []}},
    {"says": [{"words": "x"}]},
    {"faults": {"primary": ["wire"]}},
    {"faults": {"primary": [{"times": 2}]}},
    {"faults": {"primary": [{"reset": {}, "times": 0}]}},
    {"faults": {"primary": [{"slow": {"first_s": -1}}]}},
    {"faults": {"primary": [{"rate_limit": {"of": "money"}}]}},
    {"faults": {"primary": [{"status": {"code": 100}}]}},
    {"limits": {"primary": {"requests_per_minute": 0.5}}},
]


@pytest.mark.parametrize("script", SCRIPTS, ids=json.dumps)
def test_a_script_that_the_schema_allows_is_taken(lab, described, script):
    holds(described, described["components"]["schemas"]["Script"], script)
    assert steer(lab, "/script", script)[0] == 200


@pytest.mark.parametrize("script", NO_SCRIPTS, ids=json.dumps)
def test_a_script_that_the_schema_refuses_is_refused(lab, described, script):
    with pytest.raises(Exception, match="is"):
        holds(described, described["components"]["schemas"]["Script"], script)
    assert steer(lab, "/script", script)[0] == 400


def test_no_key_is_told_by_any_of_it(lab):
    ask(lab["primary"].served_url, "/chat/completions", {"messages": [lab["primary"].api_key]})
    for path in ("", "/trace", "/openapi.json"):
        assert lab["primary"].api_key not in json.dumps(steer(lab, path)[1])


def test_steering_needs_no_lab_in_virtual_time_and_works_with_one():
    lab = Lab()
    lab.upstream("openai", says=["hi"], limits=Limits(requests_per_minute=1))
    with lab.serve() as served:
        assert ask(served.control, "/clock", {"advance_s": 60})[1]["now_s"] == 60
        assert lab.clock.now_s == 60


# Who is listened to.


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:4012", "127.8.9.1", "localhost:80", "LOCALHOST", "[::1]:80"])
def test_programs_of_this_machine_may_ask(lab, host):
    assert steer(lab, "/trace", host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4012", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "["],
)
@pytest.mark.parametrize("path", ["/trace", "/reset", "/openapi.json", "/nothing"])
def test_a_name_that_somebody_led_here_is_refused(lab, host, path):
    status, told = steer(lab, path, host=host, method="POST" if path == "/reset" else "GET")
    assert (status, "no name of the loopback" in told["error"]["message"]) == (403, True)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
def test_a_web_page_is_refused_wherever_it_is_from(lab, origin):
    status, told = steer(lab, "/script", {"faults": {"primary": []}}, origin=origin, content_type="text/plain")
    assert (status, "web page" in told["error"]["message"]) == (403, True)
    assert chat(lab["primary"]) == 503


def test_nothing_lets_a_page_of_another_origin_read_an_answer(lab):
    _, _, host, below = lab.environ()["FAULTLAB_CONTROL_URL"].split("/", 3)
    for method in ("GET", "OPTIONS"):
        with closing(HTTPConnection(host, timeout=30)) as connection:
            connection.request(method, f"/{below}/trace", headers={"origin": "https://evil.example"})
            names = [name.lower() for name, _ in connection.getresponse().getheaders()]
        assert not [name for name in names if name.startswith("access-control")]
