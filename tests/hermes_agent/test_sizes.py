"""What is too large, the prompt or the output, is told by the provider's numbers."""

import pytest

from hermes_agent.error_bodies import read_error
from hermes_agent.messages import Asked
from hermes_agent.sizes import TooLarge, read_size


def size(text, max_tokens=None):
    return read_size(read_error(text), Asked(1000, max_tokens))


def window(limit, words, whose="model"):
    return f"This {whose}'s maximum context length is {limit} tokens. However, {words}. Please reduce the length."


OLD_OPENAI = (
    "This model's maximum context length is 4097 tokens, however you requested 4116 tokens (1044 in your prompt; "
    "3072 for the completion). Please reduce your prompt; or completion length."
)
FUNCTIONS = "you requested 4162 tokens (3086 in the messages, 76 in the functions, and 1000 in the completion)"
OPENROUTER = "you requested about 141607 tokens (10535 of text input, 131072 in the output)"
OPENROUTER_TOOLS = "you requested about 92208 tokens (60833 of text input, 10042 of tool input, 21333 in the output)"
VLLM = "you requested 500 output tokens and your prompt contains 7900 input tokens, for a total of 8400 input tokens"
VLLM_BOUND = "you requested {} output tokens and your prompt contains at least {} input tokens"
VLLM_CAP = (
    "'max_tokens' or 'max_completion_tokens' is too large: 10000. This model's maximum context length is 8192 tokens "
    "and your request has 2000 input tokens (10000 > 8192 - 2000)."
)
ANTHROPIC = "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length"
TOGETHER = (
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: {} `inputs` tokens and 512 "
    "`max_new_tokens`"
)
MISTRAL = "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length"


@pytest.mark.parametrize(
    ("text", "limit", "fits"),
    [
        (OLD_OPENAI, 4097, 3053),
        (window(4097, FUNCTIONS), 4097, 935),
        (window(131072, OPENROUTER, "endpoint"), 131072, 120537),
        (window(8192, VLLM), 8192, 292),
        (VLLM_CAP, 8192, 6192),
        (ANTHROPIC, 200000, 11760),
        (TOGETHER.format(4000), 4097, 97),
    ],
)
def test_a_prompt_that_fits_alone_means_too_much_output(text, limit, fits):
    assert size(text) == TooLarge("output_too_large", limit, fits)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (window(65536, OPENROUTER_TOOLS, "endpoint"), 65536),
        (window(16385, "your messages resulted in 19311 tokens"), 16385),
        (window(4097, "your messages resulted in 4238 tokens (4143 in the messages, 95 in the functions)"), 4097),
        (window(8192, VLLM_BOUND.format(0, 8193)), 8192),
        (window(8192, "your request has 9000 input tokens"), 8192),
        (window(8192, "you requested 9000 tokens"), 8192),
        (window(100, "you requested 110 tokens (100 in the messages, 10 in the completion)"), 100),
        ("This model's maximum prompt length is 131072 but the request contains 140000 tokens.", 131072),
        (MISTRAL, 32768),
        ("The prompt is too long: 40000, model maximum context length: 32768", 32768),
        ("prompt is too long: 208544 tokens > 200000 maximum", 200000),
        (TOGETHER.format(4170), 4097),
        ("Your input exceeds the context window of this model. Please adjust your input and try again.", None),
    ],
)
def test_a_prompt_that_leaves_no_room_for_output_is_an_overflow(text, limit):
    assert size(text) == TooLarge("context_overflow", limit)


@pytest.mark.parametrize(
    "text",
    [
        "Input token count + max_tokens parameter must be less than the context length of the model being queried.",
        "Please reduce the length of the messages or completion.",
        window(262144, VLLM_BOUND.format(26000, 236145)),
    ],
)
def test_without_numbers_it_is_the_output_if_the_request_set_it(text):
    assert size(text).kind == "context_overflow"
    lower = size(text, max_tokens=26000)
    assert (lower.kind, lower.fits_max_tokens) == ("output_too_large", None)


@pytest.mark.parametrize(
    ("max_tokens", "found"),
    [
        (None, TooLarge("context_overflow", 262144)),
        (8192, TooLarge("output_too_large", 262144, 1306)),
        (4096, TooLarge("context_overflow", 262144)),
    ],
)
def test_a_sum_is_split_by_what_the_request_set(max_tokens, found):
    assert size("Your request exceeded model token limit: 262144 (requested: 269030)", max_tokens) == found


def test_money_that_is_enough_for_less_names_how_much():
    text = "This request requires more credits. You requested up to 32000 tokens, but can only afford 27342."
    assert size(text) == TooLarge("output_too_large", None, 27342, for_money=True)


def test_a_request_above_a_minutes_tokens_is_too_large_and_names_no_window():
    text = "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 31538."
    assert size(text) == TooLarge("payload_too_large")


def test_a_code_alone_tells_an_overflow():
    assert read_size(read_error({"code": "context_length_exceeded"}), Asked(1)).kind == "context_overflow"
    assert read_size(read_error({"type": "exceed_context_size_error", "n_ctx": 8192}), Asked(1)).limit_tokens == 8192


@pytest.mark.parametrize(
    "text",
    [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "Prompt tokens limit exceeded: 230799 > 91442. To increase, visit https://openrouter.ai/settings/keys",
        "Prefill context too large for available memory. Reduce context size.",
        "Please reduce the prompt length or the maximum tokens requested, or try again later.",
        "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 28554, Requested 6354.",
        "",
    ],
)
def test_words_that_only_sound_alike_are_not_about_size(text):
    assert size(text, max_tokens=100) is None
