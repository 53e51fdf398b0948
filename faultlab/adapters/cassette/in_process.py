"""The real traffic of this process into a cassette, by whichever client vcrpy knows how to record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from faultlab.adapters.cassette.loading import vcrpy
from faultlab.adapters.cassette.recorder import Recorder
from faultlab.errors import UnknownHost
from faultlab.occupancy import occupying

__all__ = ["recording"]


@contextmanager
def recording(
    path: str | Path,
    allow: Collection[str] | None,
    refuse: Callable[[str], object],
    *,
    overwrite: bool = False,
) -> Iterator[Recorder]:
    """Meanwhile requests go out, and into the file when this ends, also by an exception.

    `allow`: hosts that may be asked, with or without a port; None: any. Another one is told to `refuse`, and not asked.
    """
    with occupying("the recording of its traffic"):
        recorder = Recorder(Path(path), overwrite=overwrite)
        camera = vcrpy().VCR(
            before_record_request=_only(allow, refuse, recorder.before_request),
            before_record_response=recorder.before_response,
        )
        camera.register_persister(recorder)
        with camera.use_cassette(str(path)):
            yield recorder


def _only(
    allow: Collection[str] | None, refuse: Callable[[str], object], keep: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    def kept(request: Any) -> Any:
        parts = urlsplit(request.uri)
        if allow is not None and not {parts.hostname, parts.netloc.rpartition("@")[2]} & set(allow):
            url = request.uri.partition("?")[0]
            refuse(url)
            raise UnknownHost(url, sorted(allow))
        return keep(request)

    return kept
