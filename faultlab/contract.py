"""The words of the agent's contract: how a turn ends, what a failure is, and why an agent switches. Values only."""

from __future__ import annotations

from typing import Final

__all__ = ["FAILURES", "OF_SIZE", "OUTCOMES", "REASONS", "RETRIED"]

RETRIED: Final = ("rate_limited", "overloaded", "server_error", "unreachable", "timed_out", "invalid_response")
"""Failure kinds that are waited for and tried again."""

OF_SIZE: Final = ("context_overflow", "payload_too_large", "output_too_large")
"""Failure kinds of which the request is at fault, and not the provider."""

FAILURES: Final = (*RETRIED, "unauthorized", "billing", "forbidden", "not_found", "bad_request", *OF_SIZE)
"""All failure kinds, in the order of the contract's table."""

REASONS: Final = ("client_error", "invalid_response", "retries_exhausted")
"""Why an agent switches."""

OUTCOMES: Final = ("completed", "failed", "interrupted", "partial")
"""How a turn ends."""
