import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from faultlab.clock import START
from faultlab.invariants.hints import stated_wait_s

SOON = format_datetime(datetime.fromtimestamp(START + 20, UTC), usegmt=True)
LATER = datetime.fromtimestamp(START + 90, UTC).isoformat()


def _error(message="slow down", **fields):
    return json.dumps({"error": {"message": message, **fields}}).encode()


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        ((), b"{}", None),
        ((("Retry-After", "7"),), b"{}", 7),
        ((("retry-after-ms", "1500"), ("retry-after", "7")), b"{}", 1.5),
        ((("retry-after", SOON),), b"{}", 20),
        ((("retry-after", "soon"),), b"{}", None),
        ((("retry-after", "-3"),), b"{}", None),
        ((("retry-after", "-3"),), _error(resets_in_seconds=30), 30),
        ((("retry-after", "7"),), _error("try again in 20s"), 7),
        ((), _error(resets_in_seconds=3600), 3600),
        ((), _error(resets_at=START + 45), 45),
        ((), _error("Please retry after 86400 seconds."), 86400),
        ((), _error("Please try again in 1m30.5s."), 90.5),
        ((), _error("Please try again in 644ms."), 0.644),
        ((), _error("try again later"), None),
        ((), json.dumps([{"error": {"details": [{"retryDelay": "26s"}]}}]).encode(), 26),
        (
            (),
            _error(metadata={"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((START + 60) * 1000)}}),
            60,
        ),
        ((), b'data: {"response": {"error": {"message": "Please try again in 28s."}}}\n\n', 28),
        ((("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")), b"{}", 360),
        ((("x-ratelimit-remaining-tokens", "5"), ("x-ratelimit-reset-tokens", "6m0s")), b"{}", None),
        (
            (("anthropic-ratelimit-input-tokens-remaining", "0"), ("anthropic-ratelimit-input-tokens-reset", LATER)),
            b"{}",
            90,
        ),
        ((), b"<html>retry in 9 s</html>", 9),
        ((), b"\xff\xfe", None),
    ],
)
def test_the_first_stated_wait_that_can_be_read(story, headers, body, wait_s):
    story.ask("P", "rate_limit", headers=headers, sent=body).end()
    found = stated_wait_s(story.trace.exchanges[0], START)
    assert found == (None if wait_s is None else pytest.approx(wait_s, abs=0.01))
