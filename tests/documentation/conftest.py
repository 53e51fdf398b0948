"""What takes the frameworks, or a dozen pytests of a reader's own, is run by `make docs-test` alone."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("litellm") else ["test_frameworks.py", "test_sessions.py"]
