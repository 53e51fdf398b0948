"""Everything that hermes_agent raises on purpose.

HermesError                 the root; never raised itself
├── ConfigError             config.yaml, .env or auth.json holds something that cannot be used
├── ProviderError           a provider cannot be asked
│   ├── NoKey               no credential where one is needed
│   └── UnknownProvider     a name that the table lacks, and no base_url
├── RenewalRefused          a credential could not be renewed, whatever the reason
├── StreamEndedEarly        a stream closed cleanly before its finish_reason or terminal event
├── Interrupted             the user stopped the turn
└── SessionError            the session store cannot be read or written
"""

__all__ = [
    "ConfigError",
    "HermesError",
    "Interrupted",
    "NoKey",
    "ProviderError",
    "RenewalRefused",
    "SessionError",
    "StreamEndedEarly",
    "UnknownProvider",
]


class HermesError(Exception):
    """Root of the tree: catch it to catch all that this package raises on purpose."""


class ConfigError(HermesError):
    """A configuration value cannot be used; the text names file, key, value and what is allowed."""


class ProviderError(HermesError):
    """A provider cannot be asked (contract C14)."""


class NoKey(ProviderError):
    """No credential where one is needed."""


class UnknownProvider(ProviderError):
    """The provider's name is not in the table, and no base_url was given."""


class RenewalRefused(HermesError):
    """The token could not be renewed: refused, timed out, or nothing to renew with."""


class StreamEndedEarly(HermesError):
    """The stream ended cleanly before its `finish_reason` (chat) or terminal event (Responses)."""


class Interrupted(HermesError):
    """The user stopped the turn."""


class SessionError(HermesError):
    """The session store cannot be read or written."""
