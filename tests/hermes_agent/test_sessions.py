"""The session store: nothing that was given to it is lost, and what cannot be read is one line."""

import sqlite3
import stat
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.errors import SessionError
from hermes_agent.messages import FailureKind, Message, Switch, ToolCall
from hermes_agent.sessions import SessionStore

FILE = "hermes_agent.sqlite3"
HELLO, ANSWER = Message("user", "hello"), Message("assistant", "hi", made_by="openai")
SWITCH = Switch(
    "openrouter", "m", "https://x.example.com/v1", "chat_completions", "client_error", 1, FailureKind.BILLING
)


@pytest.fixture
def store(tmp_path):
    with SessionStore(tmp_path) as store:
        yield store


def test_reading_makes_no_file(tmp_path, store):
    assert store.messages("a") == ()
    assert store.switch("a") is None
    assert (store.sessions(), store.unused("a")) == ((), "a")
    assert list(tmp_path.iterdir()) == []


def test_messages_come_back_in_order_and_apart_by_session(store):
    for text in "one", "two", "three":
        store.append("a", Message("user", text))
        store.append("b", Message("user", text.upper()))
    assert [message.text for message in store.messages("a")] == ["one", "two", "three"]
    assert [message.text for message in store.messages("b")] == ["ONE", "TWO", "THREE"]


def test_another_process_finds_what_this_one_stored(tmp_path, store):
    store.append("a", HELLO)
    store.keep_switch("a", SWITCH)
    with SessionStore(tmp_path) as other:
        assert other.messages("a") == (HELLO,)
        assert other.switch("a") == SWITCH


def test_a_crash_leaves_whole_messages(tmp_path, store):
    """The files as they are while the store is open are what a killed process leaves behind."""
    store.append("a", HELLO)
    store.append("a", ANSWER)
    (tmp_path / "copy").mkdir()
    for path in tmp_path.glob(f"{FILE}*"):
        (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    with SessionStore(tmp_path / "copy") as other:
        assert other.messages("a") == (HELLO, ANSWER)


def test_replacing_leaves_the_new_messages_and_other_sessions(store):
    store.append("a", HELLO)
    store.append("b", HELLO)
    store.replace("a", [ANSWER, HELLO])
    store.append("a", ANSWER)
    assert store.messages("a") == (ANSWER, HELLO, ANSWER)
    assert store.messages("b") == (HELLO,)


def test_a_replacement_that_fails_changes_nothing(store):
    store.append("a", HELLO)
    with pytest.raises(SessionError, match="cannot be stored"):
        store.replace("a", [ANSWER, Message("assistant", reasoning_items=(object(),))])
    store.append("a", ANSWER)
    assert store.messages("a") == (HELLO, ANSWER)


def test_the_last_switch_that_was_kept_counts(store):
    store.keep_switch("a", SWITCH)
    assert store.switch("a") == SWITCH
    assert store.switch("b") is None
    without = Switch("p", "m", "u", "chat_completions", "retries_exhausted")
    store.keep_switch("a", without)
    assert store.switch("a") == without


def test_sessions_are_listed_the_latest_first(store):
    for session in "a", "b", "a", "c", "b":
        store.append(session, HELLO)
    assert store.sessions() == ("b", "c", "a")


def test_an_id_is_used_once_it_has_a_message_or_a_switch(store):
    store.append("a", HELLO)
    store.keep_switch("a-2", SWITCH)
    assert store.unused("a") == "a-3"
    assert store.unused("b") == "b"


def test_a_chat_is_in_the_session_that_it_began_last(tmp_path, store):
    assert store.current("chat") is None
    store.begin("chat", "one")
    store.begin("other", "elsewhere")
    store.begin("chat", "two")
    with SessionStore(tmp_path) as other:
        assert other.current("chat") == "two"
        assert other.sessions() == ()


texts = st.text(st.characters(exclude_categories=[]))
messages = st.builds(
    Message,
    role=st.sampled_from(["user", "assistant", "tool"]),
    text=texts,
    tool_calls=st.lists(st.builds(ToolCall, texts, texts, texts), max_size=2).map(tuple),
    tool_call_id=st.none() | texts,
    reasoning=texts,
    reasoning_items=st.lists(st.dictionaries(texts, texts | st.integers()), max_size=2).map(tuple),
    made_by=texts,
)


@given(texts, st.lists(messages, max_size=3))
def test_any_id_and_any_message_comes_back(tmp_path_factory, session, given_messages):
    with SessionStore(tmp_path_factory.mktemp("home")) as store:
        for message in given_messages:
            store.append(session, message)
        assert store.messages(session) == tuple(given_messages)
        assert store.sessions() == ((session,) if given_messages else ())


def test_several_chats_write_at_once(tmp_path):
    """Each with a store of its own, as in processes of their own, and all of them the first to open it."""

    def chat(name):
        with SessionStore(tmp_path) as store:
            for n in range(20):
                store.append(name, Message("user", str(n)))

    threads = [threading.Thread(target=chat, args=(f"chat {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with SessionStore(tmp_path) as store:
        for n in range(6):
            assert [message.text for message in store.messages(f"chat {n}")] == [str(n) for n in range(20)]


def test_a_store_may_be_shared_by_threads(store):
    threads = [threading.Thread(target=store.append, args=("a", HELLO)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.messages("a") == (HELLO,) * 10


def test_a_closed_store_opens_again_when_it_is_needed(store):
    store.append("a", HELLO)
    store.close()
    store.close()
    assert store.messages("a") == (HELLO,)


def test_only_the_owner_may_read_it(tmp_path, store):
    store.append("a", HELLO)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def refused(store, said):
    with pytest.raises(SessionError, match=said) as caught:
        store.append("a", HELLO)
    assert "\n" not in str(caught.value)
    assert FILE in str(caught.value)


def test_a_file_that_is_none_of_ours_is_one_line(tmp_path, store):
    (tmp_path / FILE).write_text("hello, this is no database" * 100)
    refused(store, "file is not a database")
    assert (tmp_path / FILE).read_text().startswith("hello")


def test_a_folder_in_its_place_is_one_line(tmp_path, store):
    (tmp_path / FILE).mkdir()
    refused(store, "cannot be used as session store")


def test_a_newer_file_is_left_alone(tmp_path, store):
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    refused(store, "was written by a newer version: schema 2, known: 1")


def test_a_home_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    refused(SessionStore(tmp_path / "file" / "home"), "cannot be used as session store")


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"tool_calls": 1}', '{"tool_calls": [], "reasoning_items": [], "x": 1}']
)
def test_a_damaged_message_or_switch_is_one_line(tmp_path, store, body):
    store.append("a", HELLO)
    store.keep_switch("a", SWITCH)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE messages SET body = ?", (body,))
        connection.execute("UPDATE switches SET body = ?", (body,))
    connection.close()
    with pytest.raises(SessionError, match="holds a message that cannot be read"):
        store.messages("a")
    with pytest.raises(SessionError, match="holds a switch that cannot be read"):
        store.switch("a")
