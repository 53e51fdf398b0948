"""Everything that hermes_agent raises on purpose.

HermesError                 the root; never raised itself
├── ConfigError             config.yaml, .env or auth.json holds something that cannot be used
├── ProviderError           a provider cannot be asked
│   ├── NoKey               no credential where one is needed
│   └── UnknownProvider     a name that the table lacks, and no base_url
├── RenewalRefused          a credential could not be renewed, whatever the reason
├── StreamEndedEarly        a stream closed cleanly before its finish_reason or terminal event
├── DisplayError            whoever watches an answer come could not be shown it
├── OutputLost              what was to be read cannot be written: nobody reads any more, or there is no room
├── Interrupted             the user stopped the turn
└── SessionError            the session store cannot be read or written

`model_call.TurnEnded` is no error: it ends a turn from within and never leaves it.
"""

__all__ = [
    "ConfigError",
    "DisplayError",
    "HermesError",
    "Interrupted",
    "NoKey",
    "OutputLost",
    "ProviderError",
    "RenewalRefused",
    "SessionError",
    "StreamEndedEarly",
    "UnknownProvider",
]


class HermesError(Exception):
    """Root of the tree: catch it to catch all that this package raises on purpose."""


class ConfigError(HermesError):
    """A configuration value cannot be used; the text names file, key, value and what is allowed.

    `path` are the keys that lead to the value: whoever knows the lines of the file finds the place by them. `found` is
    the value as text for people, never a credential.
    """

    def __init__(self, where: str, path: tuple[str, ...] = (), found: str = "", allowed: str = "") -> None:
        self.where, self.path, self.found, self.allowed = where, path, found, allowed
        told = "; ".join(text for text in (found and f"found {found}", allowed and f"allowed: {allowed}") if text)
        super().__init__(": ".join(text for text in (where, ".".join(path), told) if text))


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


class DisplayError(HermesError):
    """Whoever watches an answer come could not be shown it; what he raised is its cause."""


class OutputLost(HermesError):
    """What was to be read cannot be written; what the system said of it is its cause."""


class Interrupted(HermesError):
    """The user stopped the turn."""


class SessionError(HermesError):
    """The session store cannot be read or written."""
