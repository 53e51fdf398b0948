"""A campaign: passes are played by a crew, each run is kept as it comes, and what breaks is made as small as it gets.

It knows no pass by its name and no report. The same seed gives the same results whoever plays, in whichever order.
"""

from __future__ import annotations

from faultlab.campaign.crew import Crew, dask, here, processes
from faultlab.campaign.engine import run
from faultlab.campaign.watch import Unwatched, Watch
from faultlab.campaign.work import Seen, our_version

__all__ = ["Crew", "Seen", "Unwatched", "Watch", "dask", "here", "our_version", "processes", "run"]
