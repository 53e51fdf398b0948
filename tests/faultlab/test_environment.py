"""What a child process is given to ask a served lab, and what it is not given."""

import os
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from faultlab import Lab
from faultlab.environment import surroundings
from faultlab.errors import HarnessError


def status_of_models(url, **more):
    with urlopen(f"{url}/models", **more) as answer:  # noqa: S310  # a URL of the loopback
        return answer.status


@pytest.fixture
def lab():
    lab = Lab()
    lab.upstream("openai", model="gpt")
    lab.upstream("openrouter", name="my-backup")
    return lab


def test_every_upstream_has_variables_of_its_own_and_the_official_clients_ask_the_first(lab):
    with lab.serve() as served:
        environ = lab.environ()
        assert environ["OPENAI_BASE_URL"] == environ["FAULTLAB_OPENAI_BASE_URL"] == lab["openai"].served_url
        assert environ["OPENAI_API_KEY"] == environ["FAULTLAB_OPENAI_API_KEY"] == lab["openai"].api_key
        assert environ["FAULTLAB_OPENAI_MODEL"] == "gpt"
        assert environ["FAULTLAB_MY_BACKUP_BASE_URL"] == lab["my-backup"].served_url
        assert environ["FAULTLAB_MY_BACKUP_API_KEY"] == lab["my-backup"].api_key
        assert "FAULTLAB_MY_BACKUP_MODEL" not in environ
        assert environ["FAULTLAB_CONTROL_URL"] == served.control


def test_the_official_clients_ask_whom_they_are_told_to_and_else_the_primary(lab):
    lab.upstream("groq", name="primary")
    with lab.serve():
        assert lab.environ()["OPENAI_BASE_URL"] == lab["primary"].served_url
        assert lab.environ("my-backup")["OPENAI_API_KEY"] == lab["my-backup"].api_key
        with pytest.raises(HarnessError, match="no upstream called 'nobody'; there are: openai, my-backup, primary"):
            lab.environ("nobody")


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "OPENAI_ORG_ID", "ANTHROPIC_API_KEY", "AWS_PROFILE", "HTTPS_PROXY", "GITHUB_TOKEN"]
)
def test_nothing_of_this_process_that_may_be_a_credential_or_lead_elsewhere_is_in_it(lab, monkeypatch, name):
    monkeypatch.setenv(name, "a-real-one")
    with lab.serve():
        assert "a-real-one" not in lab.environ().values()


def test_it_holds_what_a_program_needs_to_start(lab):
    with lab.serve():
        assert lab.environ()["PATH"] == os.environ["PATH"]
        assert subprocess.run([sys.executable, "-c", ""], env=lab.environ(), check=False).returncode == 0


def test_without_a_server_it_is_said_what_to_do(lab):
    with pytest.raises(HarnessError, match=r"nothing is served: `with lab.serve\(\):`"):
        lab.environ()
    with lab.serve():
        lab.environ()
    with pytest.raises(HarnessError, match="nothing is served"):
        lab.environ()


def test_two_names_that_would_have_one_variable_are_refused(lab):
    lab.upstream("groq", name="My.Backup")
    with lab.serve(), pytest.raises(HarnessError, match=r"'My\.Backup' would be another upstream's"):
        lab.environ()


def test_with_tls_it_says_whom_to_trust_for_as_long_as_the_lab_is_served(lab):
    with lab.serve(tls=["openai"]):
        environ = lab.environ()
        file = Path(environ["SSL_CERT_FILE"])
        assert {environ[name] for name in ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")} == {str(file)}
        context = ssl.create_default_context(cafile=file)
        assert status_of_models(environ["OPENAI_BASE_URL"], context=context) == 200
    assert not file.exists()


def test_without_tls_nobody_is_told_whom_to_trust(lab):
    with lab.serve():
        assert "SSL_CERT_FILE" not in lab.environ()


def test_on_an_entered_lab_serving_lasts_until_the_lab_ends():
    with Lab(virtual_time=False) as lab:
        lab.serve()
        late = lab.upstream("openai", model="m")
        assert status_of_models(late.served_url) == 200
        url = late.served_url
    with pytest.raises(OSError, match="refused"):
        status_of_models(url)


_NAME = "FAULTLAB_TEST_ACCOUNT"


@pytest.mark.parametrize("before", [None, "mine"])
def test_the_process_has_the_variables_that_it_is_given_meanwhile_and_no_longer(monkeypatch, before):
    monkeypatch.delenv(_NAME, raising=False)
    if before is not None:
        monkeypatch.setenv(_NAME, before)
    with surroundings({_NAME: "theirs"}):
        assert os.environ[_NAME] == "theirs"
    assert os.environ.get(_NAME) == before


def test_none_is_not_set(monkeypatch):
    monkeypatch.setenv(_NAME, "mine")
    with surroundings({_NAME: None}):
        assert _NAME not in os.environ
    assert os.environ[_NAME] == "mine"


@pytest.mark.parametrize("name", ["OPENAI_ORG_ID", "OPENAI_CUSTOM_HEADERS", "ANY_SECRET", "HTTPS_PROXY"])
def test_no_other_variable_is_there_meanwhile_but_what_a_program_needs(monkeypatch, name):
    monkeypatch.setenv(name, "mine")
    home = os.environ.get("HOME")
    with surroundings({_NAME: "theirs"}):
        assert name not in os.environ
        assert os.environ.get("HOME") == home
    assert os.environ[name] == "mine"


def test_an_error_meanwhile_leaves_nothing_behind(monkeypatch):
    monkeypatch.delenv(_NAME, raising=False)
    with pytest.raises(ValueError, match="meanwhile"), surroundings({_NAME: "theirs"}):
        raise ValueError("meanwhile")
    assert _NAME not in os.environ
