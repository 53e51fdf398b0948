"""Results of campaigns that nobody ran: as many runs as a test wants, of every kind, the same for the same numbers."""

from itertools import pairwise
from random import Random

from faultlab.results import About, Found, Results, row
from faultlab.subject import Finding
from faultlab.trial import Breach, Edge, Ending, Record, Standing, Step
from faultlab.verdict import Place

FAULTS = {
    "rate limits": ("rate_limit", "daily_limit", "openai.429.tokens"),
    "overload": ("overloaded", "capacity"),
    "key and bill": ("bad_key", "no_credit", "forbidden"),
    "size": ("context_overflow", "payload_too_large"),
    "unusable answers": ("empty", "broken_json"),
    "connection": ("reset", "refuse", "read_timeout"),
    "broken streams": ("cut", "drip"),
}
SIDES = ("primary", "fallback", "both")
TIMES = ("once", "exhausted", "forever")
PLACES = ("first", "middle", "last")
ENTRANCES = ("agent", "cli", "cron", "gateway")
CONFIG = "/home/me/.hermes/config.yaml"
WAITS = (2.0, 4.0, 8.0, 16.0, 32.0)


def about(**changes):
    passes = (("explore", "depth=8"), ("matrix", ""), ("random", "count=500"))
    findings = (
        Finding("no_fallback", "There is no fallback.", "fallback_model: {provider: openrouter}", Place(CONFIG, 3)),
        Finding("smaller_window", "The fallback's window is smaller.", "model: {context_length: 200000}"),
    )
    told = {"shown": CONFIG, "digest": "d1", "seed": 7, "passes": passes, "version": "0.1.0", "findings": findings}
    return About(**(told | {"rules": "hermes", "config": "name: healthy\nturns: [{user: hello}]\n"} | changes))


def steps(draw, fault, switches):
    """What a run of a fault may have looked like: waits that double, a switch, an answer."""
    at_s, told = 0.0, []
    tries = draw.choice((1, 3, 6))
    for number in range(tries):
        wait_s = WAITS[number % 5] if number < tries - 1 else 0.0
        then = f"waited {wait_s:g} s" if wait_s else "switched to the fallback: retries_exhausted" if switches else ""
        told.append(Step("primary", at_s, at_s, fault, "429", then))
        at_s += wait_s
    told.append(Step("fallback" if switches else "primary", at_s, at_s + 0.5, "answer", "200"))
    return tuple(told)


def breaches(number):
    policy = Breach("rate_limited.waits_s", "[2, 4, 8, 16, 32]", f"[2, 4, {number % 7}]", 1, 3)
    return (policy, Breach("I2", "no request to the primary", "2 requests", 1, 8)) if number % 2 else (policy,)


def labels(of, fault, number):
    if of != "matrix":
        return ()
    told = {
        "fault": fault,
        "at": PLACES[number % 3],
        "times": TIMES[number // 3 % 3],
        "side": SIDES[number // 9 % 3],
        "entry": ENTRANCES[number // 27 % 4],
    }
    return tuple(told.items())


def edge(number):
    """A binary tree of states that folds back on itself, as merged walks do."""
    before, by = number // 2 % 400, ("rate_limit", "answer", "reset", "bad_key")[number % 4]
    after = None if by == "answer" else f"primary attempt {(number + 1) % 400}"
    return Edge("" if not before else f"primary attempt {before}", by, after, "primary")


def record(of, number, *, fault=None, family=None, hold=False):
    draw = Random(f"{of} {number}")  # noqa: S311
    names = sorted(FAULTS)
    # The matrix walks through its faults one by one; the other passes jump about.
    family = family or names[number // 108 % len(names) if of == "matrix" else draw.randrange(len(names))]
    fault = fault or FAULTS[family][number // 756 % len(FAULTS[family])]
    standing = Standing.HELD if hold or number % 49 else draw.choice(list(Standing))
    ending = draw.choice(list(Ending)[:6])
    told = steps(draw, fault, ending is Ending.FALLBACK)
    waits = [b.started_s - a.ended_s for a, b in pairwise(told) if b.started_s > a.ended_s]
    odd = standing in (Standing.NOT_REACHED, Standing.TROUBLE)
    return Record(
        of,
        number,
        standing,
        labels(of, fault, number),
        family,
        Ending.NONE if standing is Standing.TROUBLE else ending,
        "rate_limited" if ending is Ending.FAILED else None,
        "retries_exhausted" if ending is Ending.FALLBACK else None,
        len(waits),
        sum(waits),
        told[-1].ended_s,
        (sum(each.upstream == "primary" for each in told), sum(each.upstream == "fallback" for each in told)),
        breaches(number) if standing is Standing.BROKEN else (),
        (f"entry 2 of faults.primary, {fault}, was never reached",) if odd else (),
        (f"rate_limited|{number % 6 + 1}|primary|agent|chat_completions|whole",),
        told,
        edge(number) if of == "explore" else None,
    )


FOUND = Found(
    "I2",
    "matrix",
    50,
    12,
    "The primary is asked after the switch",
    "scenarios/found/i2.yaml",
    "name: The primary is asked after the switch\nsays: [Hello]\n",
    "pytest scenarios/found/i2.yaml",
    2,
    "nothing smaller breaks it",
    Place("policy.yaml", 4),
)


def campaign(path, runs, **changes):
    """A results file of so many runs, thirds of them by each pass, opened."""
    results = Results.create(path, about(**changes))
    each = max(runs // 3, 1)
    for of, count in (("explore", each), ("matrix", each), ("random", runs - 2 * each)):
        results.keep([row(record(of, number), 1) for number in range(count)])
        results.end(of, f"{count:,} runs")
    results.add_found([FOUND])
    return results
