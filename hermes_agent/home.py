"""HERMES_HOME's text files: how one is read and written, and the .env beside config.yaml.

It knows no setting and no provider. No text of an error shows a value: any of them may be a credential.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hermes_agent.errors import ConfigError

__all__ = ["environment", "load_env", "read_text", "write_text"]

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=[ \t]*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>(?!['"\#])(?:(?!\s\#).)*?))(?:\s+\#.*)?\s*""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_text(path: Path) -> str:
    """The text of a file. Raises FileNotFoundError, and ConfigError if it cannot be read or is no text."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is no text file", allowed="text in UTF-8") from None


def write_text(path: Path, text: str) -> None:
    """Make this the file's text: whole or not at all, on the disk when it returns, readable by its owner alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def environment(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The process's environment over the .env of this home."""
    return {**load_env(home), **environ}


def load_env(home: Path) -> dict[str, str]:
    """The KEY=VALUE lines of .env; {} when there is none. Raises ConfigError, which names the line."""
    path = home / ".env"
    try:
        lines = enumerate(read_text(path).splitlines(), 1)
    except FileNotFoundError:
        return {}
    return dict(_pair(line, f"{path}:{number}") for number, line in lines if not _is_idle(line))


def _is_idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _pair(line: str, where: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ConfigError(where, (), "a line that cannot be read", "KEY=VALUE, with quotes in pairs")
    double = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), match["double"] or "")
    return match["name"], match["single"] or double or match["bare"] or ""
