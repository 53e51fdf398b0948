"""A trace on its way to another process and back."""

import json

import pytest

from faultlab.trace import Exchange, ToolUse, Trace, Turn, TurnEnd
from faultlab.trace_json import CROSSED_OUT, crossed_out, exchange_from, exchange_told, trace_from, trace_told
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Head, Pause, Request

ASKED = Request("POST", "https://api.openai.com/v1/responses", {"authorization": "[redacted]"}, b'{"model": "m"}')


def again(exchange):
    return exchange_from(json.loads(json.dumps(exchange_told(exchange), allow_nan=False)))


@pytest.mark.parametrize(
    "exchange",
    [
        Exchange(1, "primary", ASKED, 0.25),
        Exchange(2, "fallback", ASKED, 0.1, 0.30000000000000004, ("slow", "cut"), ("error_event",), 200, key_of="none"),
        Exchange(
            3, "primary", ASKED, 0.0, side=True, renewal=True, unexpected=True, limited=True, shape="generic: a.b"
        ),
        Exchange(4, "primary", Request("PUT", "", {}, b"\xff\x00"), 0.0, sent=(Drop(DropKind.RESET),)),
        Exchange(
            5,
            "primary",
            ASKED,
            0.0,
            sent=(Pause(0.5), Head(529, (("x-a", "1"), ("x-a", "\xe9"))), Data("ü\n".encode()), Data(b"\x80")),
        ),
        Exchange(6, "primary", ASKED, 0.0, sent=(Pause(FOR_EVER), Head(200))),
    ],
    ids=lambda exchange: str(exchange.n),
)
def test_an_exchange_is_the_same_afterwards(exchange):
    assert again(exchange) == exchange


def test_so_is_a_whole_trace():
    end = TurnEnd("failed", "billing", reply="x", tool_runs={"ls": 2})
    turn = Turn("main", "ping", 0.0, 2.5, 1, 1, end, "shown\n", 1)
    trace = Trace([Exchange(1, "primary", ASKED, 0.0)], [turn], [ToolUse(1, "main", "call_1", "ls")])
    assert trace_from(json.loads(json.dumps(trace_told(trace)))) == trace


def test_what_can_be_read_stands_there_as_text():
    assert exchange_told(Exchange(1, "primary", ASKED, 0.0))["request"]["body"] == '{"model": "m"}'


def test_a_credential_is_crossed_out_wherever_it_got_to():
    told = {"upstream": ["sk-0123456789", {"a": "x sk-0123456789 y"}], "n": 1, "status": None}
    assert crossed_out(told, ["sk-0123456789", "key", ""]) == {
        "upstream": [CROSSED_OUT, {"a": f"x {CROSSED_OUT} y"}],
        "n": 1,
        "status": None,
    }
    assert crossed_out(told, ["upstream"]) == told


@pytest.mark.parametrize("body", [b"\xff sk-0123456789 \xfe", b"sk-0123456789"])
def test_it_is_crossed_out_in_a_body_that_is_no_text_too(body):
    request = Request("POST", "https://x/v1", {}, body)
    told = crossed_out(exchange_told(Exchange(1, "primary", request, 0.0)), ["sk-0123456789"])
    assert exchange_from(told).request.body == body.replace(b"sk-0123456789", CROSSED_OUT.encode())


def test_it_is_crossed_out_in_the_name_of_a_header_too():
    request = Request("POST", "https://x/v1", {"x-sk-0123456789": "1", "host": "x"}, b"")
    told = crossed_out(exchange_told(Exchange(1, "primary", request, 0.0)), ["sk-0123456789", "headers-"])
    assert exchange_from(told).request.headers == {f"x-{CROSSED_OUT}": "1", "host": "x"}
