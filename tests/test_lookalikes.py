"""Each pair of look-alikes has a file of scenarios, and both its sides are sent there, in their own provider's name."""

import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from faultlab.faults import wire
from faultlab.providers import entries, provider
from faultlab.runner import load

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "scenarios" / "lookalikes"
PAGE = (ROOT / "docs" / "look-alikes.md").read_text("utf-8")
OF_NO_PROVIDER = {"connection", "provider_generic"}

# In the order of the page: the file, one side, the other. A star stands for every entry whose id goes on there.
PAIRS = [
    (
        "a_spent_minute_passes_and_spent_money_does_not",
        "openai.429.tokens_per_min",
        (
            "openai.429.insufficient_quota openai.429.billing_not_active xai.429.credits_exhausted zai.429.1113.* "
            "minimax.429.*"
        ),
    ),
    (
        "a_spent_minute_and_a_request_larger_than_one_differ_in_words_alone",
        "openai.429.tokens_per_min",
        "openai.429.request_too_large_tpm",
    ),
    (
        "too_many_bytes_and_too_many_tokens_are_both_made_smaller",
        "provider_generic.413.nginx_html anthropic.413.*",
        "groq.413.request_too_large_tpm",
    ),
    (
        "an_account_s_limit_and_a_server_s_load_are_one_status",
        "zai.429.1302.* mistral.429.code_1300",
        "moonshot.429.engine_overloaded zai.429.1305.* mistral.429.service_tier_capacity azure.429.peak_load",
    ),
    (
        "a_spent_day_is_left_and_an_upstream_s_limit_passes",
        "openrouter.429.free_models_per_day",
        "openrouter.429.upstream",
    ),
    (
        "the_sentence_about_quota_means_money_at_openai_and_a_minute_at_gemini",
        "openai.429.insufficient_quota*",
        "gemini.429.quota_per_minute",
    ),
    ("a_retry_hint_beside_a_limit_of_zero_is_noise", "gemini.429.quota_per_minute", "gemini.429.limit_zero"),
    (
        "a_400_is_a_full_window_a_bill_or_a_key_by_its_words",
        "anthropic.400.prompt_too_long openai.400.context_length_exceeded gemini.400.context",
        "anthropic.400.credit_balance gemini.400.api_key_invalid xai.400.invalid_key",
    ),
    (
        "the_numbers_tell_whether_prompt_or_output_is_too_large",
        "openrouter.400.context_length vllm.400.context_*",
        (
            "deepseek.400.context_length openai.400.context_length.prompt_plus_completion "
            "openrouter.200.context_length_in_body"
        ),
    ),
    (
        "max_tokens_is_a_name_that_is_refused_or_a_window_without_room",
        "openai.400.unsupported_parameter.max_tokens",
        "vllm.400.max_tokens_negative",
    ),
    (
        "minimax_has_one_number_for_a_full_window_and_a_broken_history",
        "minimax.400.context_window",
        "minimax.400.tool_id_not_found",
    ),
    (
        "deepseek_has_one_code_for_a_bill_and_a_full_window",
        "deepseek.402.*",
        "deepseek.400.context_length",
    ),
    (
        "a_402_wants_money_fewer_tokens_or_patience_by_its_words",
        "deepseek.402.*",
        "openrouter.402.max_tokens_affordability* provider_generic.402.transient_wrapper",
    ),
    (
        "a_403_is_a_spending_cap_or_a_prohibition_by_its_words",
        "openrouter.403.key_limit_exceeded moonshot.403.quota xai.403.*",
        "openrouter.403.moderation openai.403.country anthropic.403.permission",
    ),
    (
        "a_404_is_about_a_name_or_about_money_by_its_words",
        "nous.404.not_found",
        "nous.404.free_tier openrouter.404.data_policy openrouter.404.tool_use vllm.404.route_not_found",
    ),
    (
        "a_5xx_passes_unless_its_words_name_money_or_size",
        "openai.500.server_error",
        "minimax.500.insufficient_balance llamacpp.500.exceed_context_size openrouter.502.context_overflow_inside",
    ),
    (
        "an_upload_cut_for_its_size_looks_like_a_lost_network",
        "connection.reset_while_sending",
        "connection.closed_before_response",
    ),
    (
        "a_cut_handshake_passes_and_a_bad_certificate_does_not",
        "connection.tls.self_signed",
        "connection.tls.closed_in_handshake",
    ),
    (
        "an_error_in_a_200_says_what_is_wrong_and_null_choices_do_not",
        "openrouter.200.error_only",
        "provider_generic.200.choices_null",
    ),
    (
        "an_empty_answer_is_silence_a_full_window_or_a_broken_upstream",
        "provider_generic.200.content_empty_stop",
        (
            "lmstudio.stream.silent_empty zai.200.finish_model_context_window_exceeded "
            "openrouter.stream.native_network_error"
        ),
    ),
    (
        "a_stream_is_complete_by_its_finish_reason_not_by_done",
        "provider_generic.stream.finish_but_no_done",
        "provider_generic.stream.no_done",
    ),
    (
        "arguments_that_break_off_are_repeated_and_malformed_ones_are_told",
        "provider_generic.200.tool_args_truncated provider_generic.400.unterminated_string",
        "provider_generic.200.tool_args_malformed",
    ),
    ("an_expired_token_and_a_wrong_key_are_one_401", "codex.401.token_expired", "openai.401.invalid_api_key"),
    (
        "a_tool_call_that_failed_at_the_server_is_a_400_that_passes",
        "groq.400.tool_use_failed",
        "groq.400.too_many_tools",
    ),
    (
        "a_prompt_that_lost_its_beginning_looks_like_an_answer",
        "ollama.400.prompt_too_long",
        "ollama.200.silent_truncation",
    ),
]
BY_FILE = pytest.mark.parametrize("file", [file for file, *_ in PAIRS])


@cache
def scenarios(file):
    return load(FOLDER / f"{file}.yaml")


def sent(file):
    """The id of every entry that some scenario of the file sends as such, and in whose name."""
    return {
        (fault.id, provider(scenario.policy.primary.provider).name)
        for scenario in scenarios(file)
        for entry in scenario.primary.faults
        for fault in entry.faults
        if isinstance(fault, wire)
    }


def meant(patterns):
    """The ids that are meant, of which there is at least one for each pattern."""
    found = {pattern: [each.id for each in entries() if fnmatchcase(each.id, pattern)] for pattern in patterns.split()}
    assert all(found.values())
    return {entry_id for ids in found.values() for entry_id in ids}


def told_on_the_page(number):
    """The ids that the page names in the rows of a pair, those of what cannot be told apart included."""
    rows = re.findall(rf"^\| {number} \|.*", PAGE, re.MULTILINE)
    return set(re.findall(r"`([a-z_]+\.[a-z0-9_.]*[a-z0-9])`", " ".join(rows))) & {entry.id for entry in entries()}


def test_each_pair_has_a_file_and_each_file_is_of_a_pair():
    assert sorted(f"{file}.yaml" for file, *_ in PAIRS) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize(("file", "one", "other"), PAIRS)
def test_both_sides_of_a_pair_are_sent(file, one, other):
    assert meant(one) | meant(other) <= {entry_id for entry_id, _ in sent(file)}


@pytest.mark.parametrize("number", range(1, len(PAIRS) + 1))
def test_what_the_page_tells_of_a_pair_is_sent(number):
    told = told_on_the_page(number)
    assert told
    assert told <= {entry_id for entry_id, _ in sent(PAIRS[number - 1][0])}


@BY_FILE
def test_an_entry_is_sent_in_its_own_providers_name(file):
    owned = {(entry_id, name) for entry_id, name in sent(file) if entry_id.partition(".")[0] not in OF_NO_PROVIDER}
    assert all(entry_id.partition(".")[0] == name for entry_id, name in owned)


@BY_FILE
def test_somewhere_it_is_said_what_tells_the_two_apart(file):
    assert any(scenario.why for scenario in scenarios(file))
