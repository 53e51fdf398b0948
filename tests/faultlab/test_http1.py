"""Requests out of bytes: whatever pieces they come in, and nothing that two programs could understand differently."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faultlab.adapters.http1 import MOST_BODY_BYTES, MOST_HEAD_BYTES, Asked, Asking, Reader, Refusal

_HOST = b"Host: x\r\n"


def _read(*pieces):
    """All that a reader gives out, fed piece by piece."""
    reader, given_out = Reader(), []
    for piece in pieces:
        reader.feed(piece)
        while (one := reader.next()) is not None:
            given_out.append(one)
            if isinstance(one, Refusal):
                return given_out
    return given_out


def _asked(line=b"POST /v1 HTTP/1.1", fields=_HOST, body=b""):
    return line + b"\r\n" + fields + b"\r\n" + body


def _head(fields, line=b"GET /v1 HTTP/1.1"):
    (asked,) = _read(_asked(line, _HOST + fields))
    return asked.head


# What is read.


def test_a_request_is_its_method_target_headers_and_body():
    (asked,) = _read(_asked(b"POST /v1/chat?x=1 HTTP/1.1", b"Host: x\r\nContent-Length: \t5 \r\n", b"hello"))
    headers = ((b"Host", b"x"), (b"Content-Length", b"5"))
    assert asked == Asked(Asking("POST", "/v1/chat?x=1", headers, length=5), b"hello")


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"1\r\nh\r\n04\r\nello\r\n000\r\n\r\n",
        b"5;name=value\r\nhello\r\n0 \r\nExpires: never\r\nx:\r\n\r\n",
    ],
)
def test_a_body_in_chunks_is_put_together(body):
    (asked,) = _read(_asked(fields=_HOST + b"transfer-encoding: Chunked\r\n", body=body))
    assert (asked.body, asked.head.length) == (b"hello", None)


def test_requests_that_follow_each_other_are_given_out_in_order():
    chunked = _asked(fields=_HOST + b"transfer-encoding: chunked\r\n", body=b"3\r\ntwo\r\n0\r\n\r\n")
    first = _asked(fields=_HOST + b"content-length: 3\r\n", body=b"one")
    assert [asked.body for asked in _read(first + chunked + b"\r\n\r\n" + first + chunked)] == [b"one", b"two"] * 2


def test_what_has_come_ahead_is_counted():
    reader = Reader()
    assert not reader.has_begun
    reader.feed(_asked() + b"GET")
    assert (reader.next().body, reader.ahead, reader.has_begun) == (b"", 3, True)


@pytest.mark.parametrize(
    ("line", "fields", "kept"),
    [
        (b"GET / HTTP/1.1", b"", True),
        (b"GET / HTTP/1.1", b"connection: Keep-Alive\r\n", True),
        (b"GET / HTTP/1.1", b"connection: upgrade, Close\r\n", False),
        (b"GET / HTTP/1.0", b"", False),
        (b"GET / HTTP/1.0", b"connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_its_client_wishes(line, fields, kept):
    assert _head(fields, line).keeps_alive is kept


def test_a_later_minor_version_is_1_1_and_an_older_one_needs_no_host():
    assert not _head(b"", b"GET / HTTP/1.9").is_old
    (asked,) = _read(b"GET / HTTP/1.0\r\n\r\n")
    assert asked.head.is_old


def test_a_client_that_waits_is_told_once():
    reader = Reader()
    reader.feed(_asked(fields=_HOST + b"expect: 100-Continue\r\ncontent-length: 2\r\n"))
    assert reader.next() is None
    assert [reader.is_waited_for(), reader.is_waited_for()] == [True, False]
    reader.feed(b"{}")
    assert reader.next().body == b"{}"


@pytest.mark.parametrize("ahead", [b"{", b""])
def test_one_that_has_sent_some_of_the_body_does_not_wait(ahead):
    reader = Reader()
    expects = b"" if not ahead else b"expect: 100-continue\r\n"
    reader.feed(_asked(fields=_HOST + expects + b"content-length: 2\r\n", body=ahead))
    assert reader.next() is None
    assert not reader.is_waited_for()


# What is refused.


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1\r\n\r\n", 400),
        (b"GET  /v1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /v 1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"G(T /v1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n z\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", 400),
    ],
)
def test_a_head_that_is_none_is_refused(sent, status):
    (refusal,) = _read(sent)
    assert refusal.status == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"content-length: +1\r\n", 400),
        (b"content-length: 0x1\r\n", 400),
        (b"content-length: \r\n", 400),
        (b"content-length: 1\r\ncontent-length: 2\r\n", 400),
        (b"content-length: 1\r\ntransfer-encoding: chunked\r\n", 400),
        (b"transfer-encoding: gzip, chunked\r\n", 501),
        (b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", 501),
        (b"expect: the unexpected\r\n", 417),
        (b"content-length: %d\r\n" % (MOST_BODY_BYTES + 1), 413),
    ],
)
def test_a_body_whose_end_is_not_plain_is_refused(fields, status):
    (refusal,) = _read(_asked(fields=_HOST + fields))
    assert refusal.status == status


def test_chunks_need_a_version_that_knows_them():
    (refusal,) = _read(_asked(b"POST / HTTP/1.0", b"transfer-encoding: chunked\r\n"))
    assert refusal.status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x\r\n", 400),
        (b"\r\n", 400),
        (b"-1\r\n", 400),
        (b"3\r\nabcd\r\n", 400),
        (b"3\nabc\n0\n\n\r\n", 400),
        (b"1" * 17 + b"\r\n", 400),
        (b"1;" + b"x" * 300, 400),
        (b"0\r\nno header\r\n\r\n", 400),
        (b"0\r\n" + (b"x: %b\r\n" % (b"y" * 60_000)) * 2, 431),
        (b"%x\r\n" % (MOST_BODY_BYTES + 1), 413),
        (b"1\r\nx\r\n%x\r\n" % MOST_BODY_BYTES, 413),
    ],
)
def test_chunks_that_are_none_are_refused(body, status):
    (refusal,) = _read(_asked(fields=_HOST + b"transfer-encoding: chunked\r\n", body=body))
    assert refusal.status == status


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_has_a_longest(end):
    sent = b"GET / HTTP/1.1\r\nHost: x\r\nX: ".ljust(MOST_HEAD_BYTES, b"y")
    (refusal,) = _read(sent + end)
    assert refusal.status == 431
    (asked,) = _read(sent[: MOST_HEAD_BYTES - 4] + b"\r\n\r\n")
    assert asked.head.method == "GET"


def test_after_a_refusal_nothing_is_read():
    reader = Reader()
    reader.feed(b"nonsense\r\n\r\n" + _asked())
    assert reader.next() == reader.next() == Refusal(400, "a request begins with method, target and version")


# Pieces.

_LINES = st.sampled_from([b"POST /v1 HTTP/1.1", b"GET / HTTP/1.0", b"PUT /x HTTP/1.1", b"nonsense", b"GET / HTTP/2.0"])
_FIELDS = st.lists(
    st.sampled_from(
        [_HOST, b"X: y\r\n", b"content-length: 5\r\n", b"transfer-encoding: chunked\r\n", b"bare\n", b" folded\r\n"]
    ),
    max_size=3,
).map(b"".join)
_BODIES = st.sampled_from(
    [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"2\r\nhe\r\n0\r\nx: y\r\n\r\n", b"7\r\n", b"\r\n"]
)
_SENT = st.lists(st.builds(_asked, _LINES, _FIELDS, _BODIES), max_size=4).map(b"".join)


@given(_SENT, st.lists(st.integers(0, 400)))
@example(_asked() + _asked(), [1])
def test_the_same_requests_come_out_whatever_pieces_they_come_in(sent, places):
    cuts = [0, *sorted(place % (len(sent) + 1) for place in places), len(sent)]
    assert _read(*(sent[start:end] for start, end in itertools.pairwise(cuts))) == _read(sent)


@given(_SENT)
def test_byte_by_byte_too(sent):
    assert _read(*(sent[place : place + 1] for place in range(len(sent)))) == _read(sent)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(sent):
    assert all(isinstance(one, Asked | Refusal) for one in _read(sent))
