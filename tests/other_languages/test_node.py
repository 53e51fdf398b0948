"""The official client for Node against the served fakes: what it makes of them, as far as it was seen."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faultlab import Lab, faults

sys.path.insert(0, str(Path(__file__).parents[1] / "documentation"))
from pages import IN_OTHER_LANGUAGES, PAGES, files_of

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="there is no Node"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "openai").is_dir(), reason="the npm package openai is not there: make languages"
    ),
]


@pytest.fixture
def asked():
    """What Node says when it asks a primary and its backup, and those two as they were asked."""

    def ask(way, *entries, says=("Hello",), backup=(), tls=(), **options):
        lab = Lab(virtual_time=False)
        lab.upstream("openai", name="primary", model="gpt", says=says, faults=entries)
        lab.upstream("openrouter", name="backup", model="claude", says=["Hello from the backup"], faults=backup)
        with lab.serve(tls=tls):
            done = subprocess.run(
                [NODE, HERE / "ask.mjs", way, json.dumps(options)],
                env=lab.environ(),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), lab

    return ask


def statuses(upstream):
    return [exchange.status for exchange in upstream.exchanges]


def test_it_is_led_here_by_its_own_variables_and_answered(asked):
    told, lab = asked("chat")
    assert told["said"] == "Hello"
    (exchange,) = lab["primary"].exchanges
    assert (exchange.key_of, exchange.request.headers["authorization"]) == ("primary", "[redacted]")
    assert exchange.request.headers["x-stainless-lang"] == "js"


def test_a_stream_comes_in_pieces(asked):
    told, _ = asked("stream", says=["Hello from a stream of several pieces"])
    assert "".join(told["said"]) == "Hello from a stream of several pieces"
    assert len([piece for piece in told["said"] if piece]) > 1


def test_the_responses_api_is_there_too(asked):
    assert asked("responses")[0]["said"] == "Hello"


def test_it_trusts_what_is_served_by_https(asked):
    assert asked("chat", tls=["primary"], maxRetries=0)[0]["said"] == "Hello"


def test_it_lists_the_models(asked):
    told, lab = asked("models")
    assert told["said"] == ["gpt"]
    assert [exchange.side for exchange in lab["primary"].exchanges] == [True]


@pytest.mark.parametrize(
    "fault", [faults.rate_limit(retry_after_ms=50), faults.status(code=503, headers={"retry-after-ms": "50"})]
)
def test_it_tries_again_twice_by_itself_after_the_wait_that_is_stated(asked, fault):
    told, lab = asked("chat", (fault, 2))
    assert told["said"] == "Hello"
    assert len(statuses(lab["primary"])) == 3
    assert 0.1 <= told["waited_s"] < 5


def test_a_wait_that_nobody_states_is_about_half_a_second(asked):
    told, lab = asked("chat", faults.server_error(), maxRetries=1)
    assert (told["said"], statuses(lab["primary"])) == ("Hello", [500, 200])
    assert 0.35 <= told["waited_s"] < 5


@pytest.mark.parametrize(
    ("fault", "error", "status", "attempts"),
    [
        (faults.unauthorized(), "AuthenticationError", 401, 1),
        (faults.forbidden(), "PermissionDeniedError", 403, 1),
        (faults.model_not_found(), "NotFoundError", 404, 1),
        (faults.context_overflow(), "BadRequestError", 400, 1),
        (faults.rate_limit(retry_after_ms=1), "RateLimitError", 429, 2),
        (faults.status(code=500, headers={"retry-after-ms": "1"}), "InternalServerError", 500, 2),
        (faults.disconnected(), "APIConnectionError", None, 2),
        (faults.reset(), "APIConnectionError", None, 2),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_each_failure_is_the_error_that_it_has_for_it(asked, fault, error, status, attempts):
    told, lab = asked("chat", (fault, 3), maxRetries=1)
    assert (told["error"], told["status"]) == (error, status)
    assert len(lab["primary"].exchanges) == attempts


def test_a_provider_that_hangs_is_left_when_its_time_is_up(asked):
    told, _ = asked("chat", faults.read_timeout(), maxRetries=0, timeout=200)
    assert told["error"] == "APIConnectionTimeoutError"


def test_an_application_of_its_own_reaches_its_backup(asked):
    told, lab = asked("withBackup", (faults.unavailable(retry_after_s=0), 3))
    assert told["said"] == "Hello from the backup"
    assert (statuses(lab["primary"]), statuses(lab["backup"])) == ([503, 503, 503], [200])
    assert lab["backup"].exchanges[0].key_of == "backup"


def test_it_may_steer_what_it_is_answered(asked):
    assert asked("steered", faults.unauthorized(), maxRetries=0)[0]["said"] == [1, "Hello from Node"]


@pytest.mark.parametrize("page", sorted(IN_OTHER_LANGUAGES))
def test_what_a_page_shows_runs(page, tmp_path):
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    for name, text in files_of(PAGES[page]).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_lock_file_names_no_registry_but_the_public_one():
    lock = (HERE / "package-lock.json").read_text("utf-8")
    assert set(re.findall(r'"resolved": "(https?://[^/"]+)', lock)) <= {"https://registry.npmjs.org"}
    assert re.findall(r"https?://", lock.replace("https://registry.npmjs.org", "")) == []
