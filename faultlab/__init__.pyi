from faultlab import faults as faults
from faultlab.lab import Lab as Lab
from faultlab.runner import load as load
from faultlab.runner import run as run
from faultlab.scenario import Scenario as Scenario
from faultlab.verdict import Verdict as Verdict

__all__ = ["Lab", "Scenario", "Verdict", "faults", "load", "run"]
