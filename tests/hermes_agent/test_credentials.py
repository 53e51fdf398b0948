"""Tokens in auth.json: one POST, stored before it is used, refused in any other case (C8)."""

import contextlib
import fcntl
import json
import stat
import threading
from types import SimpleNamespace

import pytest

from hermes_agent import credentials
from hermes_agent.credentials import SIGN_INS, read_token, renew
from hermes_agent.errors import ConfigError, RenewalRefused

URL = "https://auth.example.com/token"
OLD, NEW, REFRESH, NEXT_REFRESH = "old-access", "new-access", "old-refresh", "new-refresh"


def flat(**more):
    return {"access_token": OLD, "refresh_token": REFRESH, "token_url": URL, **more}


def write(home, entry, provider="openai-codex", **document):
    (home / "auth.json").write_text(json.dumps({**document, "providers": {"other": {"x": 1}, provider: entry}}))


def stored(home):
    return json.loads((home / "auth.json").read_text())


class Server:
    """The token endpoint: hands out clients, answers each POST in turn, remembers what it was sent."""

    def __init__(self, *answers):
        self.answers, self.posts, self.opened = list(answers), [], 0

    def __call__(self):
        self.opened += 1
        return self

    def post(self, url, *, data, timeout):
        self.posts.append((url, data, timeout))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.opened -= 1


def answer(body, status=200):
    return SimpleNamespace(
        status_code=status, json=lambda: json.loads(body if isinstance(body, str) else json.dumps(body))
    )


def fresh(**more):
    return answer({"access_token": NEW, "refresh_token": NEXT_REFRESH, "expires_in": 3600, **more})


def test_without_a_file_there_is_no_token(tmp_path):
    assert read_token(tmp_path, "nous") is None


def test_the_flat_form_is_read(tmp_path):
    write(tmp_path, flat(client_id="mine"))
    token = read_token(tmp_path, "openai-codex")
    assert (token.access_token, token.refresh_token, token.token_url, token.client_id) == (OLD, REFRESH, URL, "mine")
    assert token.renewable


def test_a_real_hermes_nested_form_is_read_with_the_address_of_its_provider(tmp_path):
    write(tmp_path, {"tokens": {"access_token": OLD, "refresh_token": REFRESH}, "auth_mode": "chatgpt"})
    token = read_token(tmp_path, "openai-codex")
    assert token.access_token == OLD
    assert (token.token_url, token.client_id) == ("https://auth.openai.com/oauth/token", "app_EMoamEEZ73f0CkXaXp7hrann")
    assert token.renewable


@pytest.mark.parametrize("missing", ["refresh_token", "token_url"])
def test_a_flat_token_lacking_either_cannot_be_renewed(tmp_path, missing):
    write(tmp_path, {key: value for key, value in flat().items() if key != missing})
    assert not read_token(tmp_path, "openai-codex").renewable
    with pytest.raises(RenewalRefused, match="nothing to renew with"):
        renew(tmp_path, "openai-codex", OLD, Server())


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "{}",
        '{"providers": []}',
        '{"providers": {"nous": 7}}',
        '{"providers": {"nous": {"access_token": ""}}}',
        '{"providers": {"nous": {"access_token": 5, "tokens": "x"}}}',
        '{"providers": {"openai-codex": {"access_token": "a"}}}',
    ],
)
def test_a_file_without_this_providers_token_holds_none(tmp_path, document):
    (tmp_path / "auth.json").write_text(document)
    assert read_token(tmp_path, "nous") is None


@pytest.mark.parametrize("text", ["", "{", '{"a": "sk-made-up}', "[" * 100_000, "9" * 5000, "\udcff"])
def test_a_damaged_file_is_one_line_without_what_it_holds(tmp_path, text):
    (tmp_path / "auth.json").write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(ConfigError) as caught:
        read_token(tmp_path, "nous")
    assert str(caught.value).startswith(str(tmp_path / "auth.json"))
    assert "sk-made-up" not in str(caught.value)
    with pytest.raises(RenewalRefused):
        renew(tmp_path, "nous", OLD, Server())


def test_a_renewal_is_one_post(tmp_path):
    write(tmp_path, flat())
    server = Server(fresh())
    token = renew(tmp_path, "openai-codex", OLD, server)
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": SIGN_INS["openai-codex"].client_id}
    assert server.posts == [(URL, form, 15)]
    assert server.opened == 0
    assert (token.access_token, token.refresh_token, token.token_url) == (NEW, NEXT_REFRESH, URL)
    assert read_token(tmp_path, "openai-codex") == token


def test_a_client_that_nobody_named_is_not_sent(tmp_path):
    write(tmp_path, flat(), "nous")
    server = Server(fresh())
    renew(tmp_path, "nous", OLD, server)
    assert "client_id" not in server.posts[0][1]


@pytest.mark.parametrize("nested", [False, True])
def test_what_it_does_not_know_is_kept(tmp_path, nested):
    tokens = {"access_token": OLD, "refresh_token": REFRESH, "id_token": "unknown"}
    entry = (
        {"tokens": tokens, "last_refresh": "then"} if nested else {**tokens, "token_url": URL, "last_refresh": "then"}
    )
    write(tmp_path, entry, version=1, credential_pool={"a": [1]})
    before = stored(tmp_path)
    renew(tmp_path, "openai-codex", OLD, Server(fresh()))
    after = stored(tmp_path)
    held = after["providers"]["openai-codex"]
    (held["tokens"] if nested else held).update(access_token=OLD, refresh_token=REFRESH)
    assert after == before


def test_an_answer_without_a_refresh_token_keeps_the_old_one(tmp_path):
    write(tmp_path, flat())
    assert renew(tmp_path, "openai-codex", OLD, Server(answer({"access_token": NEW}))).refresh_token == REFRESH
    assert read_token(tmp_path, "openai-codex").refresh_token == REFRESH


def test_the_same_access_token_handed_back_is_no_failure(tmp_path):
    write(tmp_path, flat())
    assert renew(tmp_path, "openai-codex", OLD, Server(answer({"access_token": OLD}))).access_token == OLD


def test_a_token_that_another_process_renewed_is_taken_without_a_post(tmp_path):
    write(tmp_path, flat(access_token=NEW))
    assert renew(tmp_path, "openai-codex", OLD, Server()).access_token == NEW


def test_threads_that_renew_at_once_post_once(tmp_path):
    write(tmp_path, flat())
    server, found = Server(fresh()), []
    threads = [
        threading.Thread(target=lambda: found.append(renew(tmp_path, "openai-codex", OLD, server).access_token))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [NEW] * 4
    assert len(server.posts) == 1


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path):
    write(tmp_path, flat())
    renew(tmp_path, "openai-codex", OLD, Server(fresh()))
    assert stat.S_IMODE((tmp_path / "auth.json").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["auth.json", "auth.lock"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "dotfiles").mkdir()
    write(tmp_path / "dotfiles", flat())
    (tmp_path / "auth.json").symlink_to(tmp_path / "dotfiles" / "auth.json")
    renew(tmp_path, "openai-codex", OLD, Server(fresh()))
    assert (tmp_path / "auth.json").is_symlink()
    assert read_token(tmp_path / "dotfiles", "openai-codex").access_token == NEW


@pytest.mark.parametrize(
    "failure",
    [
        answer({"error": "invalid_grant", "refresh_token": "sk-made-up"}, 400),
        answer({"access_token": NEW}, 201),
        answer({"access_token": NEW}, 302),
        answer("", 500),
        answer("<html>"),
        answer("[]"),
        answer("null"),
        answer({}),
        answer({"access_token": ""}),
        answer({"access_token": None}),
        answer({"access_token": ["sk-made-up"]}),
        TimeoutError("sk-made-up"),
        ConnectionResetError(104, "reset"),
        RuntimeError(f"{REFRESH} sk-made-up"),
    ],
)
def test_whatever_goes_wrong_is_a_refusal_that_shows_no_token(tmp_path, failure):
    write(tmp_path, flat())
    before, server = stored(tmp_path), Server(failure)
    with pytest.raises(RenewalRefused) as caught:
        renew(tmp_path, "openai-codex", OLD, server)
    assert stored(tmp_path) == before
    assert server.opened == 0
    assert len(server.posts) == 1
    assert caught.value.__cause__ is None
    assert not any(secret in str(caught.value) for secret in (OLD, NEW, REFRESH, "sk-made-up"))


def test_a_client_that_cannot_be_made_is_a_refusal(tmp_path):
    write(tmp_path, flat())

    def no_client():
        raise OSError(24, "Too many open files")

    with pytest.raises(RenewalRefused, match="Too many open files"):
        renew(tmp_path, "openai-codex", OLD, no_client)


def test_a_provider_without_a_token_is_refused(tmp_path):
    with pytest.raises(RenewalRefused, match="nothing to renew with"):
        renew(tmp_path, "nous", OLD, Server())


def test_a_lock_that_is_never_let_go_is_a_refusal(tmp_path, monkeypatch):
    monkeypatch.setattr(credentials, "_LOCK_WAIT_S", 0.1)
    write(tmp_path, flat())
    with (tmp_path / "auth.lock").open("w") as other, contextlib.ExitStack() as stack:
        fcntl.flock(other, fcntl.LOCK_EX)
        stack.callback(fcntl.flock, other, fcntl.LOCK_UN)
        with pytest.raises(RenewalRefused, match=r"holds auth\.lock"):
            renew(tmp_path, "openai-codex", OLD, Server())


def test_a_token_is_in_no_repr(tmp_path):
    write(tmp_path, flat())
    shown = repr(read_token(tmp_path, "openai-codex"))
    assert OLD not in shown
    assert REFRESH not in shown
