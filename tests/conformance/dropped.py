"""Any way in which a server can end a connection, as a fault: also one that only a catalogue of others would name."""

import dataclasses

from faultlab.faults.base import Fault
from faultlab.wire import Drop, DropKind

__all__ = ["Dropped"]


@dataclasses.dataclass(frozen=True)
class Dropped(Fault):
    """Ends it so."""

    kind: DropKind

    def answer(self, _request, _moment):
        return (Drop(self.kind),)

    def drops(self):
        return self.kind
