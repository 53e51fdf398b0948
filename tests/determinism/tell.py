"""Tells what has to be the same in every process and on every Python: `python tell.py content|wire|scenarios`.

What is made up and what goes over the wire needs nothing that was built for one Python; scenarios need openai.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS = range(3)

SCENARIOS = [
    "entrances/every_entrance_switches_on_each_trigger.yaml",
    "renewal/an_expired_token_is_renewed_once.yaml",
    "faults/every_provider_speaks_for_itself.yaml",
    "compression/a_provider_that_behaves_like_a_real_one.yaml",
    "targets/the_client_by_itself_retries_and_knows_no_fallback.yaml",
]

FAILS = """\
name: Six rate limits, of which five are expected
says: [hello]
faults: {primary: [{rate_limit: {}, times: 6}]}
turns:
  - user: ping
    expect: {fallback: {reason: retries_exhausted, after_calls: 5}}
"""

SCHEMAS = [
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}, "c": {"type": "integer"}}},
    {"type": "array", "items": {"type": "number", "multipleOf": 0.01}, "minItems": 5, "uniqueItems": True},
    {"type": "array", "items": {"anyOf": [{"format": "date-time"}, {"format": "uuid"}, {"pattern": r"^\w+@\d{3}$"}]}},
    {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}}},
    {"type": "object", "additionalProperties": {"enum": [1, "a", None, {"x": [True]}]}, "minProperties": 4},
]


def content():
    """Everything that the Faker provider makes up, and what the rest of the package does."""
    from faker import Faker

    from faultlab.content import ModelProvider
    from faultlab.content.answers import STYLES
    from faultlab.made_up import conversation, key_for, text, token, words
    from faultlab.providers import names, provider

    for seed in SEEDS:
        fake = Faker()
        fake.add_provider(ModelProvider)
        fake.seed_instance(seed)
        yield from (fake.model_answer(90, style=style) for style in STYLES)
        yield from (fake.tool_call("tool", schema) for schema in SCHEMAS)
        yield from (fake.chat_messages(700), fake.responses_input(700), fake.personal_prompt())
        yield from (
            (name, fake.response_headers(name), fake.model_key(name)) for name in names() if provider(name).entries
        )
        yield from (
            token(40, seed),
            key_for("openai", seed),
            text(400, seed),
            words(9, seed),
            conversation(9, 400, seed),
        )


def wire():
    """What every fault sends in the name of several providers, by the trace of a client that is Python alone."""
    import httpx

    from faultlab import Lab
    from faultlab.errors import HarnessError
    from faultlab.faults import FAULTS
    from faultlab.timeline import steps_of
    from faultlab.trace_json import trace_told

    for provider in ("openai", "groq", "anthropic", "openrouter"):
        for name, fault in FAULTS.items():
            lab = Lab(seed=7)
            try:
                planned = [fault(id="groq.429.tokens_per_minute") if fault.shorthand else fault()]
                lab.upstream(provider, name="one", says=["Good morning, here is an answer."] * 2, faults=planned)
            except HarnessError as error:
                yield provider, name, str(error)
                continue
            with httpx.Client(transport=lab.transport(httpx), timeout=30) as client:
                for stream in (False, True):
                    yield provider, name, asked(client, lab["one"], stream)
            yield trace_told(lab.trace), [str(step) for step in steps_of(lab.trace)]


def asked(client, upstream, stream):
    """What a client is shown of one answer."""
    import httpx

    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "Good morning?"}]}
    headers = {"authorization": f"Bearer {upstream.api_key}"}
    try:
        answer = client.post(f"{upstream.base_url}/chat/completions", json=body, headers=headers)
    except httpx.HTTPError as error:
        return type(error).__name__
    return answer.status_code, dict(answer.headers), answer.text


def scenarios():
    """Reports and traces of scenarios: the agent, its client, in virtual time."""
    from faultlab.reports import json as json_report
    from faultlab.reports import junit
    from faultlab.reports.text import Style, render
    from faultlab.runner import load, loader, run_fully
    from faultlab.trace_json import trace_told

    found = [scenario for file in SCENARIOS for scenario in load(f"scenarios/{file}")[::3]]
    runs = [run_fully(scenario) for scenario in [*found, *loader().read(FAILS, "fails.yaml")]]
    for run in runs:
        yield render(run, Style()), run.verdict
        yield without_the_client_itself(trace_told(run.trace))
    yield json_report.document(runs)
    yield junit.document(runs, [], lambda run: render(run, Style()))


def without_the_client_itself(told):
    """A trace without the headers in which openai tells its version and the Python that it runs on."""
    for exchange in told["exchanges"]:
        headers = exchange["request"]["headers"]
        kept = {
            name: text for name, text in headers.items() if not name.lower().startswith(("x-stainless", "user-agent"))
        }
        exchange["request"]["headers"] = kept
    return told


if __name__ == "__main__":
    for part in sys.argv[1:]:
        for told in globals()[part]():
            print(json.dumps(told, ensure_ascii=True, default=str))
