"""Certificates of the moment: one that whoever has the authority's own can trust, and those that nobody should."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from typing import NamedTuple

from faultlab.errors import HarnessError

__all__ = ["Certificates", "certificates"]

_ANOTHER_HOST = "another-host.example"


class Certificates(NamedTuple):
    """What a server shows: `good` for a host that `ca_pem` vouches for, `untrusted` and `mismatched` to be refused."""

    ca_pem: bytes
    good: ssl.SSLContext
    untrusted: ssl.SSLContext
    mismatched: ssl.SSLContext


def certificates(host: str) -> Certificates:
    """Made anew, for this address and for localhost."""
    try:
        import trustme
    except ImportError:
        raise HarnessError("certificates are made with trustme: install faultlab[tls]") from None

    authority = trustme.CA()
    good, untrusted, mismatched = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(3))
    authority.issue_cert("localhost", host).configure_cert(good)
    authority.issue_cert(_ANOTHER_HOST).configure_cert(mismatched)
    # One that vouches for itself.
    other = trustme.CA()
    with ExitStack() as files:
        chain, key = (files.enter_context(pem.tempfile()) for pem in (other.cert_pem, other.private_key_pem))
        untrusted.load_cert_chain(chain, key)
    return Certificates(authority.cert_pem.bytes(), good, untrusted, mismatched)
