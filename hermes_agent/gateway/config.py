"""Where chats come from."""

from enum import StrEnum

__all__ = ["Platform"]


class Platform(StrEnum):
    """A way in. LOCAL: JSON lines on standard input and output."""

    LOCAL = "local"
