"""How an entry of the catalogue is played to the real openai client, and what the client shows of it.

Shared by the tests and by the recorder, so that both look at the same. What is shown depends on the entry and on the
client alone: the seed is fixed, time is virtual, and each play has a provider of its own.
"""

import asyncio
import ssl
from functools import cache
from typing import NamedTuple

from showing import Met, row

from faultlab.adapters.playable import DECIDED_BY_THE_KERNEL, NEEDS_TLS, NOT_ON_A_SOCKET
from faultlab.adapters.transport import installed_library
from faultlab.faults import wire
from faultlab.lab import Lab
from faultlab.made_up import drawing_from
from faultlab.providers.entry import STALL
from faultlab.virtual_time import virtual_time
from faultlab.wire import DropKind, Head

_PROMPT = "word " * 1000

_SHORT_S, _LONG_S = 0.5, 10
"""How long a client waits that has to give up, and one that has not."""

_STATED_WAITS = {"retry-after-ms": 1000, "retry-after": 1}
"""Headers that state a wait, and how many of their units are a second."""


class Question(NamedTuple):
    """How an entry is asked for: by which API, and whether a stream is wanted."""

    call: str
    streamed: bool


def questions(entry):
    """Every way to ask that the entry answers."""
    wanted = [True] if entry.streamed else [False, True]
    return [Question(call, streamed) for streamed in wanted for call in entry.calls]


def in_process(entry, question, *, awaited=False):
    """The row of an entry, through the transport; whether the client asks again by itself is told as well."""
    lab, met = _played(entry, question, awaited=awaited, retries=0)
    shown = _row(met, question, lab)
    if met.error is not None:
        lab, _ = _played(entry, question, awaited=awaited, retries=1)
        shown |= {"retries": len(lab.trace.exchanges) > 1} | _stated_wait(lab)
    return shown


def on_a_socket(entry, question, *, awaited=False):
    """The row of an entry, through a server; time is real there, and nobody waits for a client that asks again."""
    lab, provider = _lab(entry, times=1)
    with lab.serve(tls=[provider.name] if entry.drop in NEEDS_TLS else []) as server:
        library = installed_library()
        options = {"verify": _trusting(server) if entry.drop in NEEDS_TLS else _trusting_nobody(), "trust_env": False}
        given = {"base_url": provider.served_url, "max_retries": 0, "timeout": _patience_s(entry)}
        if entry.drop.startswith("proxy"):
            options["proxy"] = provider.served_url.removesuffix("/v1")
            given["base_url"] = provider.base_url
        if awaited:
            client = provider.async_client(http_client=library.AsyncClient(**options), **given)
            return _row(asyncio.run(_asked_once(client, question)), question, lab)
        with provider.client(http_client=library.Client(**options), **given) as client:
            return _row(asked(client, question), question, lab)


def _lab(entry, times):
    """A lab whose only provider has so many answers, all of them this entry."""
    lab = Lab()
    return lab, lab.upstream(entry.provider, name="primary", model="the-model", faults=[(wire(id=entry.id), times)])


def _row(met, question, lab):
    return row(met, question.call, lab.trace.exchanges[0].sent)


def _played(entry, question, *, awaited, retries):
    """The lab after one call through a client that may ask again so often, and what the client met."""
    lab, provider = _lab(entry, 1 + retries)
    with drawing_from(0), virtual_time(lab.clock):
        if awaited:
            return lab, asyncio.run(_asked_once(provider.async_client(max_retries=retries), question))
        with provider.client(max_retries=retries) as client:
            return lab, asked(client, question)


async def _asked_once(client, question):
    async with client:
        return await asked_async(client, question)


def _patience_s(entry):
    """How long the client waits for one who falls silent."""
    falls_silent = {STALL, DropKind.CONNECT_TIMEOUT} & {entry.drop, entry.then}
    return _SHORT_S if falls_silent else _LONG_S


# Making one takes longer than all the rest of a play.
@cache
def _trusting_nobody():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trusting(server):
    return ssl.create_default_context(cadata=server.ca_pem.decode())


def _stated_wait(lab):
    """How long the client waited, where it was as long as the provider asked for."""
    head = next((event for event in lab.trace.exchanges[0].sent if isinstance(event, Head)), Head(0))
    stated = [float(head.header(name) or "nan") / unit for name, unit in _STATED_WAITS.items()]
    waited = [wait for wait in lab.clock.waits if wait in stated]
    return {"waits_s": waited[0]} if waited else {}


def asked(client, question):
    """What one call through a client meets."""
    pieces = []
    try:
        answer = _create(client, question)
        if not question.streamed:
            return Met(answer)
        with answer:
            pieces.extend(answer)
    except Exception as error:  # noqa: BLE001 - which one it is, is what is asked
        return Met(None, pieces, error)
    return Met(None, pieces)


async def asked_async(client, question):
    """The same through an asynchronous client."""
    pieces = []
    try:
        answer = await _create(client, question)
        if not question.streamed:
            return Met(answer)
        async with answer:
            async for piece in answer:
                pieces.append(piece)  # noqa: PERF401 - those before an exception count
    except Exception as error:  # noqa: BLE001 - which one it is, is what is asked
        return Met(None, pieces, error)
    return Met(None, pieces)


def _create(client, question):
    said = [{"role": "user", "content": _PROMPT}]
    if question.call == "responses":
        return client.responses.create(model="the-model", input=said, stream=question.streamed)
    return client.chat.completions.create(model="the-model", messages=said, stream=question.streamed)


def table_row(entry):
    """What the table says of an entry, when it is played in process: `streamed` only where it differs from the whole.

    Raises ValueError if one way shows something else than another: then there is no such row.
    """
    seen = {}
    for question in questions(entry):
        for awaited in (False, True):
            shown = in_process(entry, question, awaited=awaited)
            if seen.setdefault(question.streamed, shown) != shown:
                raise ValueError(f"{entry.id}: {question} shows {shown}, and another way {seen[question.streamed]}")
    first, *rest = seen.values()
    return first | ({} if rest in ([], [first]) else {"streamed": rest[0]}) | reservations(entry)


def reservations(entry):
    """Why an entry cannot be played on a socket, or not always shows the same there; in the server's words."""
    tables = {"not_on_a_socket": NOT_ON_A_SOCKET, "decided_by_the_kernel": DECIDED_BY_THE_KERNEL}
    return {name: table[entry.drop] for name, table in tables.items() if entry.drop in table}
