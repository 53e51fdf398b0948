"""The providers' codes and words that the agent knows, as literal tables: all that recognition finds in a text.

Nothing here knows a status, an exception or a decision. Codes are lower case; words are looked for in any case.
"""

from __future__ import annotations

import re

__all__ = [
    "AFFORDABLE_WORDS",
    "BILLING_CODES",
    "BILLING_WORDS",
    "BROKEN_FINISHES",
    "CAPACITY_CODES",
    "CAPACITY_WORDS",
    "CRASHED_WORDS",
    "NEVER_CONNECTS_WORDS",
    "OVERFLOW_CODES",
    "OVERFLOW_FINISHES",
    "OVERLOADED_CODES",
    "POLICY_CODES",
    "POLICY_FINISHES",
    "POLICY_WORDS",
    "RATE_TOO_SMALL_WORDS",
    "SIZE_WORDS",
    "STATUS_OF_CODE",
    "THROTTLING_CODES",
    "THROTTLING_WORDS",
    "UNUSABLE_OUTPUT_CODES",
]


def _words(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in patterns)


# --- Size: what a request may not exceed. Groups carry the numbers that the provider names:
# limit (the window), prompt, output, parts ("60833 of text input, 21333 in the output"), total (prompt and output in
# one number), at_least (a lower bound, no number to reckon with), sum (it speaks of prompt and output together),
# fits (the output that would do).
_N = r"\d{1,12}"
_WINDOW = rf"maximum context length is (?P<limit>{_N}) tokens"
SIZE_WORDS = _words(
    # OpenAI, DeepSeek, OpenRouter, vLLM of 2024
    rf"{_WINDOW}[.,] however,? you requested (?:about )?(?P<total>{_N}) tokens(?: \((?P<parts>[^()]{{1,200}})\))?",
    rf"{_WINDOW}[.,] however,? your messages resulted in (?P<prompt>{_N}) tokens",
    # vLLM, also behind OpenRouter: "at least" is limit - max_tokens + 1, whatever the prompt
    rf"{_WINDOW}[.,] however,? you requested (?P<output>{_N}) output tokens and your prompt contains "
    rf"(?:at least (?P<at_least>{_N})|(?P<prompt>{_N})) input tokens",
    rf"is too large: (?P<output>{_N})\. this model's {_WINDOW} and your request has (?P<prompt>{_N}) input tokens",
    r"max_tokens must be at least 1, got -\d",
    rf"maximum context length is (?P<limit>{_N})",
    # OpenAI Responses, Codex
    r"your input exceeds the context window of this model",
    # Anthropic
    rf"prompt is too long: (?P<prompt>{_N}) tokens > (?P<limit>{_N}) maximum",
    rf"input length and `max_tokens` exceed context limit: (?P<prompt>{_N}) \+ (?P<output>{_N}) > (?P<limit>{_N})",
    # Gemini
    rf"input token count \((?P<prompt>{_N})\) exceeds the maximum number of tokens allowed \((?P<limit>{_N})\)",
    # llama.cpp
    rf"request \((?P<prompt>{_N}) tokens\) exceeds the available context size \((?P<limit>{_N}) tokens\)",
    r"the request exceeds the available context size",
    rf"input \((?P<prompt>{_N}) tokens\) is too large to process\. increase the physical batch size "
    rf"\(current batch size: (?P<limit>{_N})\)",
    # LM Studio
    rf"\(n_keep: (?P<prompt>{_N}) >= n_ctx: (?P<limit>{_N})\)",
    rf"n_keep \((?P<prompt>{_N})\) >= n_ctx \((?P<limit>{_N})\)",
    rf"trying to keep the first (?P<prompt>{_N}) tokens when context the overflows\. however, the model is loaded with "
    rf"context length of only (?P<limit>{_N}) tokens",
    r"^context size has been exceeded",
    # Ollama
    r"the prompt is longer than the context length currently available to the model",
    # Moonshot: its window holds prompt and output, and so does the number that was requested
    rf"exceeded model token limit: (?P<limit>{_N}) \(requested: (?P<total>{_N})\)",
    # MiniMax
    r"context window exceeds limit",
    # Mistral, Fireworks, xAI
    rf"prompt contains (?P<prompt>{_N}) tokens .{{0,40}}too large for model with (?P<limit>{_N}) maximum context",
    rf"the prompt is too long: (?P<prompt>{_N}), model maximum context length: (?P<limit>{_N})",
    rf"maximum prompt length is (?P<limit>{_N}) but the request contains (?P<prompt>{_N}) tokens",
    # Mistral's check of the parameter: the most that it accepts is its window, so the prompt is not what is too much
    rf"max_tokens\nInput should be less than or equal to (?P<fits>{_N})",
    # Groq, without a number; others say the same after their numbers, and are read above
    r"reduce the length of the messages or (?P<sum>completion)",
    # Together
    r"input token count \+ (?P<sum>max_tokens) parameter must be less than the context length",
    rf"`inputs` tokens \+ `max_new_tokens` must be <= (?P<limit>{_N})\. Given: (?P<prompt>{_N}) `inputs` tokens and "
    rf"(?P<output>{_N}) `max_new_tokens`",
    # Z.ai
    r"^prompt 超长",
)
OVERFLOW_CODES = frozenset(
    {
        "context_length_exceeded",  # OpenAI, Groq
        "exceed_context_size_error",  # llama.cpp
        "1261",  # Z.ai
    }
)

# --- Money is short for so much output: OpenRouter
AFFORDABLE_WORDS = _words(rf"you requested up to {_N} tokens, but can only afford (?P<fits>\d{{1,12}})")

# --- This one request is larger than a whole minute's tokens: OpenAI, Groq
RATE_TOO_SMALL_WORDS = _words(r"request too large for .{1,300}? on (?:\w+ )?tokens per min")

# --- No money, no quota for a day or longer, no entitlement
BILLING_CODES = frozenset(
    {
        "billing_not_active",  # OpenAI
        "credit_limit",  # Together
        "exceeded_current_quota_error",  # Moonshot
        "insufficient_balance_error",  # MiniMax
        "insufficient_credits",  # gateways
        "insufficient_g1_credits_balance",  # Gemini
        "insufficient_quota",  # OpenAI
        "openrouter_free_tier_daily",  # OpenRouter
        "usage_limit_reached",  # Codex
        "usage_not_included",  # Codex
        "1113",  # Z.ai: balance
        "1304",  # Z.ai: calls of a day
        "1308",  # Z.ai: a plan's window
        "1309",  # Z.ai: plan expired
        "1310",  # Z.ai: a week's or month's quota
    }
)
BILLING_WORDS = _words(
    # OpenAI; Gemini says the same sentence of a minute's quota, and goes on with its own address
    r"you exceeded your current quota, please check your plan and billing details\.(?!.{0,60}https://ai\.google\.dev)",
    r"on (?:requests|tokens) per day \((?:RPD|TPD)\)",  # Groq too
    # Anthropic
    r"your credit balance is too low",
    r"monthly spend limit",
    r"reached your specified API usage limits",
    r"(?:out of|draw from your) extra usage",
    r"extra usage is required",
    # Codex
    r"the usage limit has been reached",
    r"is not supported when using Codex with a ChatGPT account",
    # OpenRouter
    r"API key credit limit reached",
    r"key limit exceeded",
    r"prompt tokens limit exceeded",
    r"free-models-per-day",
    # Gemini
    r"quota exceeded for metric: [^\n]*\blimit: 0\b",
    r"PerDayPer",
    r"quota exceeded for quota metric .* per day\b",
    # MiniMax, Z.ai, DeepSeek
    r"insufficient balance",
    r"余额不足",
    # Moonshot
    r"exceeded current quota",
    r"you've reached your usage limit for this",
    r"reached .{0,60}\bTPD rate limit",
    # xAI
    r"used all available credits or reached its monthly spending limit",
    r"doesn't have any credits or licenses",
    r"run out of credits or need a Grok subscription",
    # Nous, Together, Fireworks, gateways
    r"is not available on the Free Tier",
    r"credit limit exceeded",
    r"account\b.{0,60} is suspended",
    r"insufficient credits",
)

# --- A 402 that is throttling
THROTTLING_CODES = frozenset({"in_flight_budget_exhausted", "openrouter_in_flight_budget"})  # OpenRouter
THROTTLING_WORDS = _words(r"^upstream request failed")  # a token plan's gateway

# --- A 429 of the server's capacity, not of the account
OVERLOADED_CODES = frozenset({"overloaded_error"})  # Anthropic; at any status
CAPACITY_CODES = frozenset(
    {
        "engine_overloaded_error",  # Moonshot
        "provider_overloaded",  # OpenRouter
        "server_is_overloaded",  # OpenAI, Codex
        "service_tier_capacity_exceeded",  # Mistral
        "1305",  # Z.ai: traffic of the API
        "1312",  # Z.ai: the model is busy
        "3505",  # Mistral
    }
)
CAPACITY_WORDS = _words(
    r"service tier capacity exceeded",  # Mistral
    r"the system is currently experiencing high demand",  # Azure
    r"engine is currently overloaded",  # Moonshot
    r"model is (?:currently )?overloaded",  # Gemini, OpenAI
    r"\bat capacity\b",  # Codex, gateways
    r"temporarily overloaded",  # OpenRouter
)

# --- The model's own output was unusable, told as a 4xx: Groq
UNUSABLE_OUTPUT_CODES = frozenset({"json_validate_failed", "output_parse_failed", "tool_use_failed"})

# --- A local server's model crashed, told as a 400: LM Studio
CRASHED_WORDS = _words(r"the model has crashed")

# --- What a provider's policy forbids
POLICY_CODES = frozenset(
    {
        "content_filter",  # Azure
        "content_policy_violation",  # OpenAI
        "cyber_policy",  # Codex
        "sensitive",  # Z.ai
        "1301",  # Z.ai
    }
)
POLICY_WORDS = _words(r"\bnew_sensitive\b")  # MiniMax

# --- Finish reasons of an answer that is none: OpenRouter, Z.ai, DeepSeek
BROKEN_FINISHES = frozenset({"error", "insufficient_system_resource", "network_error"})
OVERFLOW_FINISHES = frozenset({"model_context_window_exceeded"})
POLICY_FINISHES = frozenset({"content_filter", "sensitive"})

# --- What the TLS and HTTP libraries say of a connection that fails the same way every time
NEVER_CONNECTS_WORDS = _words(
    r"certificate.verify.failed",
    r"wrong.version.number",  # plain HTTP where TLS was meant; the next two in OpenSSL 3
    r"packet.length.too.long",
    r"record.layer.failure",
    r"illegal status line",  # TLS, or no HTTP at all, where plain HTTP was meant
    r"^4[0-9][0-9] ",  # a proxy's refusal
)

# --- What a code says where no status is at hand: in a 200, in a stream. Of several, the one further up counts: a vague
# code often stands beside an exact one (DeepSeek's `invalid_request_error` beside `service_unavailable_error`).
STATUS_OF_CODE = {
    "rate_limit_error": 429,  # Anthropic
    "rate_limit_exceeded": 429,  # OpenAI
    "rate_limit_reached_error": 429,  # Moonshot
    "rate_limited": 429,  # Mistral
    "resource_exhausted": 429,  # Gemini
    "too_many_requests": 429,  # Azure
    "1302": 429,  # Z.ai
    "1303": 429,  # Z.ai
    "capacity_exceeded": 498,  # Groq
    "service_unavailable": 503,  # Together
    "service_unavailable_error": 503,  # DeepSeek
    "slow_down": 503,  # OpenAI
    "unavailable": 503,  # Gemini
    "unavailable_error": 503,  # llama.cpp
    "authentication_error": 401,  # Anthropic
    "invalid_api_key": 401,  # OpenAI
    "invalid_authentication_error": 401,  # Moonshot
    "token_expired": 401,  # Codex
    "unauthenticated": 401,  # Gemini
    "1002": 401,  # Z.ai
    "1003": 401,  # Z.ai
    "permission_denied": 403,  # Gemini
    "permission_error": 403,  # Anthropic
    "model_not_found": 404,  # OpenAI
    "not_found_error": 404,  # Anthropic
    "request_too_large": 413,  # Anthropic
    "deadline_exceeded": 504,  # Gemini
    "provider_unavailable": 502,  # OpenRouter
    "timeout_error": 504,  # Anthropic
    "internal": 500,  # Gemini
    "server_error": 500,  # OpenAI
    "api_error": 500,  # Anthropic
    "invalid_argument": 400,  # Gemini
    "invalid_prompt": 400,  # OpenAI
    "1210": 400,  # Z.ai
    "1211": 400,  # Z.ai
    "invalid_request_error": 400,  # everyone
}
