"""python -m hermes_agent: the agent at the command line."""

import sys

from hermes_agent.cli import main

if __name__ == "__main__":
    sys.exit(main())
