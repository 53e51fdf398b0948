"""Recognition: an exception or an unusable answer becomes a `Failure` (contract sections 1 and 3).

It decides nothing: recovery does. It never imports the client: exceptions are known by the names of their classes, so
that every version of openai, on httpx or httpx2, is recognised alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hermes_agent.error_bodies import ErrorReport, lower_headers, read_error
from hermes_agent.messages import NEARLY_FULL, Asked, Failure, FailureKind, Reply
from hermes_agent.redaction import one_line
from hermes_agent.sizes import read_size
from hermes_agent.stated_waits import stated_wait
from hermes_agent.tool_arguments import broken_off
from hermes_agent.wordings import (
    BILLING_CODES,
    BILLING_WORDS,
    BROKEN_FINISHES,
    CAPACITY_CODES,
    CAPACITY_WORDS,
    CRASHED_WORDS,
    NEVER_CONNECTS_WORDS,
    OVERFLOW_FINISHES,
    OVERLOADED_CODES,
    POLICY_CODES,
    POLICY_FINISHES,
    POLICY_WORDS,
    STATUS_OF_CODE,
    THROTTLING_CODES,
    THROTTLING_WORDS,
    UNUSABLE_OUTPUT_CODES,
)

__all__ = ["from_exception", "judge"]


@dataclass(frozen=True, slots=True)
class _Row:
    """A wording that outranks the status: a known code or known words, at some statuses or at any."""

    kind: FailureKind
    codes: frozenset[str] = frozenset()
    words: tuple[re.Pattern[str], ...] = ()
    statuses: frozenset[int | None] | None = None

    def holds(self, report: ErrorReport, status: int | None) -> bool:
        if self.statuses is not None and status not in self.statuses:
            return False
        return not self.codes.isdisjoint(report.codes) or any(words.search(report.text) for words in self.words)


# The first that holds counts. A status of None is an error without one, in a 200 or in a stream.
_ROWS = (
    _Row(FailureKind.RATE_LIMITED, THROTTLING_CODES, THROTTLING_WORDS, frozenset([402])),
    _Row(FailureKind.BILLING, BILLING_CODES, BILLING_WORDS),
    _Row(FailureKind.OVERLOADED, OVERLOADED_CODES),
    _Row(FailureKind.OVERLOADED, CAPACITY_CODES, CAPACITY_WORDS, frozenset([429, None])),
    _Row(FailureKind.INVALID_RESPONSE, UNUSABLE_OUTPUT_CODES, statuses=frozenset([*range(400, 500), None])),
    _Row(FailureKind.SERVER_ERROR, words=CRASHED_WORDS, statuses=frozenset([400, None])),
    _Row(FailureKind.BAD_REQUEST, POLICY_CODES, POLICY_WORDS),
)

# A 5xx that is not here is a server error, a 2xx an unusable answer, all else a bad request.
_KIND_OF_STATUS = {
    401: FailureKind.UNAUTHORIZED,
    402: FailureKind.BILLING,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMED_OUT,
    413: FailureKind.PAYLOAD_TOO_LARGE,
    429: FailureKind.RATE_LIMITED,
    498: FailureKind.OVERLOADED,
    499: FailureKind.TIMED_OUT,
    501: FailureKind.BAD_REQUEST,
    503: FailureKind.OVERLOADED,
    529: FailureKind.OVERLOADED,
}

# By the name of an exception's class or of one that it inherits from, nearest first: ours, Python's, openai's, httpx's.
_KIND_OF_CLASS = {
    "StreamEndedEarly": FailureKind.UNREACHABLE,
    "NoKey": FailureKind.UNAUTHORIZED,
    "JSONDecodeError": FailureKind.INVALID_RESPONSE,
    "UnicodeDecodeError": FailureKind.INVALID_RESPONSE,
    "ConnectionError": FailureKind.UNREACHABLE,
    "gaierror": FailureKind.UNREACHABLE,
    "SSLError": FailureKind.UNREACHABLE,
    "EndOfStream": FailureKind.UNREACHABLE,  # anyio's, within a handshake
    "TimeoutError": FailureKind.TIMED_OUT,
    "APITimeoutError": FailureKind.TIMED_OUT,
    "TimeoutException": FailureKind.TIMED_OUT,
    "NetworkError": FailureKind.UNREACHABLE,
    "ProxyError": FailureKind.UNREACHABLE,
    "RemoteProtocolError": FailureKind.UNREACHABLE,
    "LocalProtocolError": FailureKind.BAD_REQUEST,
    "UnsupportedProtocol": FailureKind.BAD_REQUEST,
    "TooManyRedirects": FailureKind.BAD_REQUEST,
    "DecodingError": FailureKind.INVALID_RESPONSE,
}

_SAID_NOTHING = "the provider failed while it answered, and did not say why"


def from_exception(error: BaseException, asked: Asked) -> Failure:
    """Whatever left the client's call, as a failure; never raises."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _from_body(error, status, asked)
    if _inherits(error, "APIError") and not _inherits(error, "APIConnectionError"):  # an error amid a stream
        return _from_body(error, None, asked)
    return _from_connection(error)


def judge(reply: Reply, asked: Asked) -> Failure | None:
    """Whether a 200 is worth nothing, and why; None for an answer, `length` included (contract section 3)."""
    usable = bool(reply.text.strip() or reply.tool_calls or reply.refusal.strip())
    if reply.error or reply.finish_reason in BROKEN_FINISHES:
        return _own_error(reply, asked)
    empty = not usable and not reply.malformed and reply.native_finish_reason not in BROKEN_FINISHES
    if reply.finish_reason in OVERFLOW_FINISHES or (empty and _nearly_full(asked)):
        return Failure(FailureKind.CONTEXT_OVERFLOW, "the conversation fills the model's context window")
    if reply.finish_reason == "length":
        return None
    if reply.finish_reason in POLICY_FINISHES and not usable:
        return Failure(FailureKind.BAD_REQUEST, "the provider's content policy refused an answer")
    return _invalid(reply, usable=usable)


def _own_error(reply: Reply, asked: Asked) -> Failure:
    broken = reply.finish_reason in BROKEN_FINISHES
    otherwise = FailureKind.SERVER_ERROR if broken else FailureKind.INVALID_RESPONSE
    failure = _recognise(read_error(reply.error), None, {}, asked, otherwise)
    return failure if failure.message else replace(failure, message=_SAID_NOTHING)


def _nearly_full(asked: Asked) -> bool:
    return asked.window is not None and asked.estimate >= NEARLY_FULL * asked.window


def _invalid(reply: Reply, *, usable: bool) -> Failure | None:
    if reply.malformed:
        return Failure(FailureKind.INVALID_RESPONSE, one_line(f"the answer is malformed: {reply.malformed}"))
    if not usable:
        return Failure(FailureKind.INVALID_RESPONSE, "the answer is empty")
    cut = next((call.name for call in reply.tool_calls if broken_off(call.arguments)), None)
    if cut is not None:
        return Failure(FailureKind.INVALID_RESPONSE, one_line(f"the arguments of the tool call {cut!r} break off"))
    return None


def _from_body(error: BaseException, status: int | None, asked: Asked) -> Failure:
    report = read_error(getattr(error, "body", None) or str(error))
    headers = lower_headers(getattr(getattr(error, "response", None), "headers", None))
    failure = _recognise(report, status, headers, asked, FailureKind.SERVER_ERROR)
    return failure if failure.message else replace(failure, message=one_line(str(error) or f"HTTP {status}"))


def _recognise(
    report: ErrorReport, status: int | None, headers: Mapping[str, str], asked: Asked, otherwise: FailureKind
) -> Failure:
    """Size and the rows first, then the status (the answer's, else the body's), then the code, else `otherwise`."""
    if status is None:
        status = report.status
    wait = stated_wait(headers, report, asked.now_s)
    message = one_line(": ".join(report.texts or report.codes))
    size = read_size(report, asked)
    if size is not None:
        return Failure(
            size.kind, message, status, wait, size.limit_tokens, size.fits_max_tokens, for_money=size.for_money
        )
    row = next((row.kind for row in _ROWS if row.holds(report, status)), None)
    return Failure(row or _kind(report, status, otherwise), message, status, wait)


def _kind(report: ErrorReport, status: int | None, otherwise: FailureKind) -> FailureKind:
    if status is None:
        status = next((number for code, number in STATUS_OF_CODE.items() if code in report.codes), None)
    if status is None:
        return otherwise
    if status in _KIND_OF_STATUS:
        return _KIND_OF_STATUS[status]
    by_hundreds = {2: FailureKind.INVALID_RESPONSE, 5: FailureKind.SERVER_ERROR}
    return by_hundreds.get(status // 100, FailureKind.BAD_REQUEST)


def _from_connection(error: BaseException) -> Failure:
    chain = list(_causes(error))
    texts = [text for link in chain if (text := str(link).strip(" ."))]
    kind = next((kind for link in chain if (kind := _kind_of_class(link))), None)
    if kind is None:
        bare = _inherits(error, "APIConnectionError") and len(chain) == 1
        kind = FailureKind.UNREACHABLE if bare else FailureKind.BAD_REQUEST
    if kind is FailureKind.UNREACHABLE and any(words.search("\n".join(texts)) for words in NEVER_CONNECTS_WORDS):
        kind = FailureKind.BAD_REQUEST
    return Failure(kind, one_line(": ".join(dict.fromkeys(texts)) or type(error).__name__))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from, at most ten deep: a chain may run in a circle."""
    link: BaseException | None = error
    for _ in range(10):
        if link is None:
            return
        yield link
        link = link.__cause__


def _kind_of_class(error: BaseException) -> FailureKind | None:
    names = (cls.__name__ for cls in type(error).__mro__)
    return next((_KIND_OF_CLASS[name] for name in names if name in _KIND_OF_CLASS), None)


def _inherits(error: BaseException, name: str) -> bool:
    return any(cls.__name__ == name for cls in type(error).__mro__)
