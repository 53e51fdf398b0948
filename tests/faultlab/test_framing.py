"""Answers into bytes: with a length, in chunks, or up to the end of the connection."""

import pytest

from faultlab.adapters.framing import Framing
from faultlab.adapters.http1 import Asking
from faultlab.wire import Head

_ASKED = Asking("POST", "/v1", ())
_OLD = _ASKED._replace(is_old=True)


def _sent(head, *data, asking=_ASKED, keeps_alive=True):
    """The bytes of an answer, and whether its connection ends with it."""
    framing = Framing(asking)
    framing.open(head, keeps_alive=keeps_alive)
    sent = b"".join(framing.send(each) for each in data)
    return sent + framing.end(), framing.closes


def test_an_answer_with_a_length_is_sent_as_it_is():
    sent = _sent(Head(200, (("content-type", "text/plain"), ("content-length", "5"))), b"he", b"", b"llo")
    assert sent == (b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello", False)


def test_one_without_is_sent_in_chunks_and_no_bytes_are_none():
    sent, closes = _sent(Head(200), b"hello", b"", b"x" * 16)
    assert (
        sent
        == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"
    )
    assert not closes


def test_the_head_waits_for_the_first_bytes_of_the_body_unless_it_is_flushed():
    framing = Framing(_ASKED)
    framing.open(Head(200), keeps_alive=True)
    assert framing.flush().startswith(b"HTTP/1.1 200 OK\r\n")
    assert (framing.flush(), framing.send(b"a")) == (b"", b"1\r\na\r\n")


@pytest.mark.parametrize("sent", [b"hell", b"hello!"])
def test_a_body_of_another_length_ends_with_its_connection(sent):
    assert _sent(Head(200, (("Content-Length", "5"),)), sent)[1]


@pytest.mark.parametrize(
    ("head", "asking", "keeps_alive"),
    [
        (Head(200), _ASKED, False),
        (Head(200), _ASKED._replace(keeps_alive=False), True),
        (Head(200, (("connection", "Close"),)), _ASKED, True),
    ],
)
def test_that_a_connection_ends_is_said(head, asking, keeps_alive):
    sent, closes = _sent(head, asking=asking, keeps_alive=keeps_alive)
    assert closes
    assert sent.count(b"connection: close\r\n") == 1


def test_headers_that_speak_of_the_connection_are_the_servers_own():
    headers = (("Transfer-Encoding", "chunked"), ("connection", "keep-alive"), ("keep-alive", "5"), ("x", "y"))
    assert _sent(Head(200, headers))[0] == b"HTTP/1.1 200 OK\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_none(status):
    sent, closes = _sent(Head(status, (("content-length", "2"),)), b"{}")
    assert sent.endswith(b"\r\n\r\n")
    assert b"content-length" not in sent
    assert not closes


def test_who_asks_for_a_head_gets_no_body():
    asking = _ASKED._replace(method="HEAD")
    assert _sent(Head(200, (("content-length", "2"),)), b"{}", asking=asking) == (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
        False,
    )


@pytest.mark.parametrize(
    ("headers", "asking", "connection"),
    [((), _OLD, "close"), ((("content-length", "2"),), _OLD, "keep-alive")],
)
def test_an_older_client_is_told_what_becomes_of_the_connection(headers, asking, connection):
    sent, closes = _sent(Head(200, headers), b"{}", asking=asking)
    assert f"connection: {connection}\r\n".encode() in sent
    assert sent.endswith(b"\r\n\r\n{}")
    assert closes == (connection == "close")


def test_a_status_that_only_providers_know_has_no_phrase():
    assert _sent(Head(529))[0].startswith(b"HTTP/1.1 529 \r\n")


def test_what_latin_1_cannot_hold_breaks_no_header():
    assert b"x: \\u20ac\r\n" in _sent(Head(200, (("x", "\u20ac"),)))[0]
