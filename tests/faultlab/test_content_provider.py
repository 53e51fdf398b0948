import json
import re
import subprocess
import sys
from functools import cache
from random import Random

import pytest
from faker import Faker
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import faultlab.content
from faultlab import Lab
from faultlab.content.answers import STYLES
from faultlab.content.personal import KINDS
from faultlab.errors import UnknownName, UnusableSchema
from faultlab.providers import names, provider
from faultlab.script import Reply, ToolCall

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 1}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city"],
    "additionalProperties": False,
}
CHAT_TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}
RESPONSES_TOOL = {"type": "function", "name": "get_weather", "parameters": WEATHER, "strict": True}


@cache
def instance():
    """One for all tests: making it takes longer than all that it makes."""
    made = Faker(providers=[])
    made.add_provider(faultlab.content.ModelProvider)
    return made


def faker(seed=0):
    instance().seed_instance(seed)
    return instance()


@pytest.fixture
def fake():
    return faker()


def test_importing_the_room_costs_no_faker():
    code = "import sys, faultlab.content as c; before = 'faker' in sys.modules; c.ModelProvider; print(before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_any_faker_instance_takes_it_beside_its_own_providers():
    made = Faker(["de_DE"], providers=["faker.providers.person"])
    made.add_provider(faultlab.content.ModelProvider)
    assert made.request_id("groq").startswith("req_")
    assert made.first_name()


def test_an_instance_of_several_locales_takes_it_in_each_of_them():
    made = Faker(["en_US", "de_DE"])
    for each in made.factories:  # Faker itself hands a provider on to one locale only
        each.add_provider(faultlab.content.ModelProvider)
    made.seed_instance(3)
    told = made["de_DE"].request_id("groq")
    made.seed_instance(3)
    assert made["de_DE"].request_id("groq") == told
    assert made.request_id("groq").startswith("req_")


def everything(fake):
    calls = (
        fake.model_answer, lambda: fake.model_answer(style="unicode"), lambda: fake.tool_call(CHAT_TOOL),
        fake.chat_messages, fake.responses_input, fake.model_key, fake.request_id, fake.rate_limit_headers,
        fake.response_headers, fake.personal_prompt,
    )  # fmt: skip
    return [str(call()) for call in calls for _ in range(3)]


def test_the_same_seed_gives_the_same_and_each_call_another():
    assert everything(faker(7)) == everything(faker(7))
    assert everything(faker(7)) != everything(faker(8))
    assert len(set(everything(faker(7)))) == len(everything(faker(7)))


def test_of_the_instance_each_call_takes_one_number(fake):
    beside = Random()  # noqa: S311 - its state is what is looked at
    beside.setstate(fake.random.getstate())
    fake.personal_prompt()
    beside.getrandbits(64)
    assert fake.random.getstate() == beside.getstate()


@pytest.mark.parametrize("style", STYLES)
@given(characters=st.integers(0, 700), seed=st.integers(0, 9))
def test_an_answer_has_exactly_so_many_characters_and_no_space_at_its_ends(style, characters, seed):
    made = faker(seed).model_answer(characters=characters, style=style)
    assert len(made) == characters
    assert made == made.strip()


def test_an_answer_has_exactly_so_many_tokens(fake):
    assert [len(fake.model_answer(tokens)) for tokens in (0, 1, 2000)] == [0, 4, 8000]
    assert 120 <= len(fake.model_answer()) <= 280


def test_code_stands_in_blocks_that_are_closed(fake):
    made = fake.model_answer(600, style="code")
    assert made.count("```") % 2 == 0
    assert len(re.findall(r"^```\w+$", made, re.MULTILINE)) >= 4


def test_unicode_has_what_programs_trip_over(fake):
    made = fake.model_answer(300, style="unicode")
    assert all(sign in made for sign in ("é", "e\u0301", "👩‍💻", "宇宙", "نص", "𠮷"))


def test_markdown_has_all_that_renderers_know(fake):
    made = fake.model_answer(300, style="markdown")
    assert all(re.search(sign, made, re.MULTILINE) for sign in (r"^## ", r"^- ", r"\*\*", r"^\|---", r"^> ", r"\]\("))


def test_a_style_that_is_not_there_is_told_with_the_nearest(fake):
    with pytest.raises(UnknownName, match="did you mean 'markdown'"):
        fake.model_answer(style="markdwon")


@pytest.mark.parametrize("tool", [CHAT_TOOL, RESPONSES_TOOL], ids=["chat", "responses"])
def test_a_call_of_a_tool_is_one_that_its_schema_allows(fake, tool):
    for _ in range(20):
        call = fake.tool_call(tool)
        assert call.name == "get_weather"
        Draft202012Validator(WEATHER).validate(json.loads(call.arguments))


def test_a_tool_may_be_told_by_name_and_schema(fake):
    assert fake.tool_call("ping") == ToolCall("ping", "{}")
    assert json.loads(fake.tool_call("ask", WEATHER).arguments)["city"]


def test_arguments_are_an_object_whatever_the_schema_leaves_open(fake):
    assert json.loads(fake.tool_arguments({"properties": {"a": {"const": 1}}, "required": ["a"]})) == {"a": 1}
    assert isinstance(json.loads(fake.tool_arguments(True)), dict)


def test_what_is_no_tool_and_no_schema_is_told(fake):
    with pytest.raises(UnusableSchema, match="a tool has a name"):
        fake.tool_call({"type": "function"})
    with pytest.raises(UnusableSchema, match=r"#/properties/x/type: expected one of"):
        fake.tool_arguments({"properties": {"x": {"type": "text"}}})


def test_replies_are_what_a_fake_provider_says(fake):
    lab = Lab()
    upstream = lab.upstream("openai", says=[fake.tool_reply(CHAT_TOOL, RESPONSES_TOOL), fake.model_reply(20)])
    client = upstream.client()
    first, second = (
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}]).choices[0].message
        for _ in range(2)
    )
    assert [call.function.name for call in first.tool_calls] == ["get_weather"] * 2
    assert len(second.content) == 80
    assert isinstance(fake.model_reply(), Reply)


@given(tokens=st.integers(1, 6000))
def test_a_conversation_has_exactly_so_many_tokens(tokens):
    made = faker(tokens).conversation(tokens)
    assert sum(message.characters for message in made) == 4 * tokens


def test_a_conversation_is_what_both_apis_take(fake):
    lab = Lab()
    client = lab.upstream("openai", says=["ok", "ok"]).client()
    messages, items = fake.chat_messages(2000, messages=20), fake.responses_input(2000, messages=20)
    assert client.chat.completions.create(model="m", messages=messages).choices[0].message.content == "ok"
    assert client.responses.create(model="m", input=items).output_text == "ok"
    assert len(messages) == 20
    answered = {message["tool_call_id"] for message in messages if message["role"] == "tool"}
    assert answered == {call["id"] for message in messages for call in message.get("tool_calls", ())} != set()
    assert {item["call_id"] for item in items if item["type"] == "function_call_output"} == {
        item["call_id"] for item in items if item["type"] == "function_call"
    }


@pytest.mark.parametrize("name", [name for name in names() if provider(name).counting.headers])
def test_limits_are_told_in_the_provider_s_own_headers(fake, name):
    told = fake.rate_limit_headers(name, requests_limit=500, requests_remaining=0, tokens_limit=9, tokens_remaining=9)
    assert set(told) == set(provider(name).counting.headers)
    assert all(told.values())


@pytest.mark.parametrize(
    ("name", "header", "reset"),
    [("openai", "x-ratelimit-reset-requests", "1m0s"), ("groq", "x-ratelimit-reset-requests", "24h0m0s")],
)
def test_what_is_spent_is_full_again_after_the_whole_period(fake, name, header, reset):
    assert fake.rate_limit_headers(name, requests_limit=500, requests_remaining=0)[header] == reset


def test_what_is_given_is_told(fake):
    told = fake.rate_limit_headers("openai", tokens_limit=1000, tokens_remaining=750)
    assert (told["x-ratelimit-limit-tokens"], told["x-ratelimit-reset-tokens"]) == ("1000", "15s")


def test_where_no_header_is_known_none_is_made_up(fake):
    assert fake.rate_limit_headers("openrouter") == {}


@pytest.mark.parametrize(
    ("name", "header"), [("openai", "x-request-id"), ("anthropic", "request-id"), ("openrouter", "x-request-id")]
)
def test_a_request_id_has_its_provider_s_name_and_form(fake, name, header):
    assert re.fullmatch(r"req_[0-9a-f]{24}", fake.response_headers(name)[header])


def test_a_provider_that_is_not_there_is_told_with_the_nearest(fake):
    with pytest.raises(UnknownName, match="did you mean 'anthropic'"):
        fake.request_id("antropic")


@pytest.mark.parametrize("name", ["openai", "anthropic", "groq", "xai"])
def test_a_key_has_its_provider_s_style(fake, name):
    begins = {"openai": "sk-proj-", "anthropic": "sk-ant-", "groq": "gsk_", "xai": "xai-"}
    assert fake.model_key(name).startswith(begins[name])


def test_a_prompt_holds_the_personal_data_that_it_lists(fake):
    made = fake.personal_prompt()
    assert [each.kind for each in made.personal] == list(KINDS)
    assert all(value in made.text for value in made.values)
    assert made.given_away_by(made.text) == made.personal


def test_a_prompt_holds_only_the_kinds_that_are_named(fake):
    made = fake.personal_prompt("email", "email", "iban")
    assert [each.kind for each in made.personal] == ["email", "email", "iban"]
    assert made.values[0] != made.values[1]


def test_a_kind_that_is_not_there_is_told(fake):
    with pytest.raises(UnknownName, match="did you mean 'email'"):
        fake.personal_prompt("emial")


def test_what_was_left_out_is_given_away_by_nothing(fake):
    made = fake.personal_prompt()
    log = made.text
    for value in made.values:
        log = log.replace(value, "[redacted]")
    assert not made.given_away_by(log)


@pytest.mark.parametrize("kind", ["card", "iban", "ssn", "phone"])
def test_a_number_is_given_away_in_any_grouping(kind):
    for seed in range(20):
        (each,) = faker(seed).personal_prompt(kind).personal
        closed = re.sub(r"\W", "", each.value)
        assert each.is_in(f"got {closed}.")
        assert each.is_in("got " + "-".join(re.findall(r".{1,4}", closed)))
        assert not each.is_in(f"got {closed[:-1]}")


def test_a_name_is_given_away_in_letters_of_any_size(fake):
    (each,) = fake.personal_prompt("name").personal
    assert each.is_in(f"user={each.value.upper()}")


def test_check_digits_are_right():
    for seed in range(30):
        card, iban = (re.sub(r"\W", "", value) for value in faker(seed).personal_prompt("card", "iban").values)
        digits = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(card))]
        assert sum(digit // 10 + digit % 10 for digit in digits) % 10 == 0
        assert int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def test_numbers_are_of_those_that_are_kept_free():
    for seed in range(30):
        phone, email, ip = faker(seed).personal_prompt("phone", "email", "ip_address").values
        assert re.search(r"555\D01\d\d$", phone)
        assert email.rpartition("@")[2] in {"example.com", "example.net", "example.org"}
        assert ip.startswith(("192.0.2.", "198.51.100.", "203.0.113."))
