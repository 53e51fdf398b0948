"""Every entry of the catalogue, asked for in every way: what the installed openai client shows is what its table says.

`make conformance` runs this folder against the newest version of each generation, and nothing else does; `make observe`
records the tables anew.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product
from pathlib import Path

import openai
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from observing import in_process, on_a_socket, questions, reservations

from faultlab.adapters.playable import DECIDED_BY_THE_KERNEL, NOT_ON_A_SOCKET
from faultlab.cli import main
from faultlab.providers import entries
from faultlab.providers.observed import GENERATIONS, observed, table

INSTALLED = int(openai.__version__.partition(".")[0])
TABLE = table(INSTALLED)
RESERVATIONS = {"not_on_a_socket", "decided_by_the_kernel"}


def recorded(entry, question, *, apart=()):
    """What the table says of an entry that is asked for in one way, some fields apart."""
    row = TABLE.rows[entry.id]
    shown = row.get("streamed", row) if question.streamed else row
    return {name: held for name, held in shown.items() if name not in {"streamed", *reservations(entry), *apart}}


def differences(row, seen):
    """Every field that is not as it was recorded, in a table of its own."""
    fields = [name for name in dict.fromkeys(chain(row, seen)) if row.get(name, ...) != seen.get(name, ...)]
    lines = [("field", "recorded", "seen")]
    lines += [(name, *(repr(each[name]) if name in each else "-" for each in (row, seen))) for name in fields]
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return ["  ".join((*map(str.ljust, line, widths), line[2])) for line in lines] if fields else []


def hold(entry, question, row, seen, way):
    """Fail with what differs from the table."""
    told = differences(row, seen)
    if told:
        asked = f"{question.call}, {'streamed' if question.streamed else 'whole'}, {way}"
        heading = f"{entry.id} ({asked}) with openai {openai.__version__}, recorded with {TABLE.openai}"
        pytest.fail("\n    ".join([heading, *told]), pytrace=False)


every_entry = pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)


@every_entry
@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
def test_in_process_the_client_shows_what_is_recorded(entry, awaited):
    for question in questions(entry):
        seen = in_process(entry, question, awaited=awaited)
        hold(entry, question, recorded(entry, question), seen, "async" if awaited else "sync")


# What a client does after the answer is no matter of the socket, and was seen in process.
AFTERWARDS = ("retries", "waits_s")
EITHER_CAUSE = ("ReadError", "RemoteProtocolError")


@pytest.mark.parametrize(
    "entry", [entry for entry in entries() if entry.drop not in NOT_ON_A_SOCKET], ids=lambda entry: entry.id
)
def test_on_a_socket_it_shows_the_same(entry):
    """Whole and streamed, sync and async at the same time: some of them take as long as a client has patience."""
    asked = [question for question in questions(entry) if question.call == entry.calls[0]]
    ways = list(product(asked, (False, True)))
    with ThreadPoolExecutor(len(ways)) as pool:
        shown = list(pool.map(lambda way: on_a_socket(entry, way[0], awaited=way[1]), ways))
    for (question, awaited), seen in zip(ways, shown, strict=True):
        row = recorded(entry, question, apart=AFTERWARDS)
        if entry.drop in DECIDED_BY_THE_KERNEL:
            assert {row.pop("cause"), seen.pop("cause")} <= set(EITHER_CAUSE)
        hold(entry, question, row, seen, f"{'async' if awaited else 'sync'} on a socket")


@every_entry
def test_a_table_says_why_a_socket_cannot_show_it_in_the_server_s_words(entry):
    told = {name: held for name, held in TABLE.rows[entry.id].items() if name in RESERVATIONS}
    assert told == reservations(entry)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_table_has_every_entry_and_nothing_else(generation):
    assert list(table(generation).rows) == sorted(entry.id for entry in entries())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_table_names_what_it_was_recorded_with(generation):
    told = table(generation)
    assert told.openai.startswith(f"{generation}.")
    assert told.library.split()[0] == ("httpx2" if generation == 3 else "httpx")


def test_what_the_generations_show_of_an_entry_stands_side_by_side():
    shown = observed("openrouter.429.upstream")
    assert [version.split(".")[0] for version in shown] == ["openai 1", "openai 2", "openai 3"]
    assert [row["code"] for row in shown.values()] == [429, 429, "429"]
    assert observed("openrouter.429.nobody") == {}


def test_the_command_tells_what_each_generation_shows(capsys):
    assert main(["faults", "connection.stall_after_headers"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for generation in GENERATIONS:
        assert f"- openai {table(generation).openai}: APITimeoutError" in told
    assert told.count("streamed: httpx.ReadTimeout (retries no)") == 2
    assert main(["faults", "connection.pool_timeout"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.count(f"- on a socket: {NOT_ON_A_SOCKET['pool_timeout']}") == 1


def test_what_differs_is_told_field_by_field():
    row = {"raises": "RateLimitError", "code": 429, "type": None, "status": 429}
    seen = {"raises": "RateLimitError", "code": "429", "type": None, "retries": True}
    assert differences(row, row) == []
    assert differences(row, seen) == [
        "field    recorded  seen",
        "code     429       '429'",
        "status   429       -",
        "retries  -         True",
    ]
