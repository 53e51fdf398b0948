"""What takes the frameworks, or a pytest of a reader's own for each file, is run by `make docs-test` alone."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("litellm") else ["test_frameworks.py", "test_sessions.py", "test_snippets.py"]
