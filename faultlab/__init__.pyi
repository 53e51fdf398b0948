from faultlab import faults as faults
from faultlab.lab import Lab as Lab
from faultlab.limits import Limits as Limits
from faultlab.runner import load as load
from faultlab.runner import run as run
from faultlab.scenario import Scenario as Scenario
from faultlab.script import Reply as Reply
from faultlab.script import ToolCall as ToolCall
from faultlab.verdict import Verdict as Verdict

__all__ = ["Lab", "Limits", "Reply", "Scenario", "ToolCall", "Verdict", "faults", "load", "run"]
