"""The shape of both packages, held by reading their files: order, homes, sizes, doors, and what importing costs.

All that one extends stands in the tables at the top. A new module takes its place in ORDER first.
"""

import ast
import os
import subprocess
import sys
from functools import cache, cached_property
from pathlib import Path

import pytest

from tests.promise import holds_for

ROOT = Path(__file__).parents[1]

# A part (a module or a folder) imports only parts above it.
ORDER = {
    "hermes_agent": [
        "errors",
        "home",
        "messages",
        "settings",
        "config",
        "options",
        "telling",
        "outlet",
        "display",
        "terminal",
        "tools",
        "recovery",
        "compression",
        "situation",
        "runtime",
        "interruption",
        "credentials",
        "runtime_provider",
        "wordings",
        "redaction",
        "console",
        "error_bodies",
        "stated_waits",
        "sizes",
        "tool_arguments",
        "failures",
        "api_modes",
        "sessions",
        "history",
        "results",
        "trajectories",
        "prompt",
        "line",
        "model_call",
        "turn",
        "conduct",
        "run_agent",
        "cron",
        "gateway",
        "cli",
    ],
    "faultlab": [
        "nearest",
        "told",
        "scenario_files",
        "errors",
        "contract",
        "lasting",
        "clock",
        "occupancy",
        "virtual_time",
        "made_up",
        "wire",
        "shown",
        "script",
        "documents",
        "dialects",
        "recorded_reply",
        "differing",
        "cassette",
        "providers",
        "content",
        "faults",
        "healthy",
        "schedule",
        "limits",
        "plan",
        "renewal",
        "model_list",
        "trace",
        "stage",
        "provenance",
        "trace_json",
        "served",
        "upstream",
        "adapters",
        "dialogue",
        "calls",
        "questions",
        "findings",
        "failover",
        "policy",
        "signs",
        "verdict",
        "timeline",
        "timetable",
        "expectations",
        "invariants",
        "scenario",
        "open_calls",
        "own_config",
        "loader",
        "environment",
        "serving",
        "fake_provider",
        "as_written",
        "lab",
        "remote_lab",
        "model",
        "targets",
        "runner",
        "policies",
        "subject",
        "trial",
        "families",
        "sendable",
        "coverage",
        "foretelling",
        "playing",
        "passes",
        "written",
        "shrink",
        "found_file",
        "results",
        "weak_spots",
        "campaign",
        "reports",
        "pytest_plugin",
        "cli",
    ],
}

# In a folder of siblings a module imports `base` only, or, where the folder has an order, what stands above it here;
# one that is not named stands below those that are.
FOLDER_ORDER = {
    "hermes_agent.api_modes": ["base", "chunks", "patience"],
    "hermes_agent.cron": ["schedule", "scheduler", "jobs", "tick"],
    "hermes_agent.gateway": ["config", "session", "chat", "run"],
    "faultlab.faults": ["base", "catalogued"],
    "faultlab.providers": ["template", "occasion", "sizes", "figures", "entry", "chunking", "base", "catalogue"],
    "faultlab.content": [
        "draw",
        "nodes",
        "patterns",
        "pointers",
        "formats",
        "validity",
        "reachable",
        "scalars",
        "structures",
        "schema",
        "answers",
        "messages",
        "personal",
        "headers",
        "provider",
    ],
    "faultlab.adapters": [
        "base",
        "failures",
        "transport",
        "playable",
        "http1",
        "framing",
        "connection",
        "unasked",
        "knocks",
        "port",
        "dead_end",
        "intercept",
        "gate",
        "certificates",
        "strangers",
        "description",
        "control",
        "door",
        "server",
        "proxy",
        "cassette",
    ],
    "faultlab.adapters.cassette": [
        "loading",
        "unpacking",
        "reading",
        "scrubbing",
        "recorder",
        "in_process",
        "forwarding",
    ],
    "faultlab.adapters.intercept": ["base", "line", "guard"],
    "faultlab.loader": [
        "tree",
        "described",
        "shapes",
        "cassettes",
        "speech",
        "targets",
        "sides",
        "expecting",
        "layers",
        "contradictions",
        "schemas",
        "document",
    ],
    "faultlab.invariants": ["base", "hints"],
    "faultlab.passes": [
        "base",
        "alphabet",
        "outline",
        "schedules",
        "spelling",
        "ground",
        "rehearsal",
        "cells",
        "sayings",
        "oddities",
        "statements",
        "mishaps",
        "limiting",
        "improvised",
        "plot",
        "variants",
    ],
    "faultlab.reports": [
        "base",
        "text",
        "json",
        "junit",
        "tally",
        "covered",
        "campaign_text",
        "campaign_json",
        "page_data",
    ],
    "faultlab.policies": ["rules", "asked", "numbers", "named", "kinds", "reading"],
    "faultlab.results": ["base", "database"],
    "faultlab.foretelling": [
        "setting",
        "wording",
        "clock",
        "talk",
        "answers",
        "playing_out",
        "documents",
        "meeting",
        "screen",
        "account",
        "provider",
        "call",
        "turn",
        "course",
        "requests",
        "telling",
        "others",
    ],
    "faultlab.campaign": [
        "child",
        "work",
        "workers",
        "cluster",
        "crew",
        "watch",
        "smallest",
        "shrinking",
        "kept",
        "engine",
    ],
    "faultlab.pytest_plugin": ["base", "labs", "scenarios"],
    "faultlab.cli": ["base", "reporting", "live", "passes"],
    "faultlab.targets.command": ["environment", "mark"],
    "faultlab.virtual_time": [
        "machine",
        "flows",
        "registry",
        "standstill",
        "governor",
        "reality",
        "replacing",
        "names",
        "readings",
        "dates",
        "children",
        "threads",
        "errands",
        "sockets",
        "loops",
        "selecting",
        "trio_clock",
        "pace",
        "process",
    ],
    "faultlab.targets.hermes": ["control_c", "disguise", "policy", "stand_in", "mending", "suspicions"],
    # Its own writer of YAML: PyYAML's has one style for a whole document. The reader stays `loader.tree` alone.
    "faultlab.shrink": ["plain", "reductions", "fairness", "search"],
    "faultlab.written": ["scalars", "layout", "sides", "speech", "expecting", "document"],
}

# The homes of each foreign thing, and of each way to the outside: parts, or modules of a folder; a package's name is
# its door. Nobody else imports it, early or late.
HOMES = {
    "hermes_agent": {"faultlab.targets.hermes"},
    "faultlab": set(),
    "openai": {
        "faultlab.fake_provider",
        "faultlab.targets.sdk",
        "hermes_agent.failures",
        "hermes_agent.run_agent",
        "hermes_agent.runtime",
    },
    "httpx": set(),
    "httpx2": set(),
    "yaml": {"faultlab.loader.tree", "hermes_agent.config"},
    "vcr": {"faultlab.adapters.cassette"},
    "faker": {"faultlab.content.provider"},
    "trustme": {"faultlab.adapters.certificates"},
    "pytest": {"faultlab.pytest_plugin"},
    "_pytest": set(),
    "random": {"faultlab.made_up", "hermes_agent.runtime"},
    "time": {"faultlab.clock", "faultlab.virtual_time", "hermes_agent.runtime"},
    "importlib": {
        "faultlab",
        "faultlab.adapters.failures",
        "faultlab.adapters.intercept",
        "faultlab.adapters.transport",
        "faultlab.campaign",
        "faultlab.content",
        "faultlab.runner",
        "faultlab.targets.callable",
        "faultlab.targets.hermes",
        "hermes_agent",
    },
    "os": {
        "faultlab.cli",
        "faultlab.pytest_plugin",
        "faultlab.reports.text",
        "faultlab.environment",
        "faultlab.targets.command",
        "faultlab.campaign",
        "faultlab.results",
        "faultlab.targets.hermes",
        "faultlab.virtual_time",
        "hermes_agent.home",
        "hermes_agent.runtime",
        "hermes_agent.sessions",
        "hermes_agent.terminal",
    },
    "sys": {
        "faultlab",
        "faultlab.adapters.intercept",
        "faultlab.campaign",
        "faultlab.cli",
        "faultlab.targets.callable",
        "faultlab.targets.command",
        "faultlab.virtual_time",
        "hermes_agent",
        "hermes_agent.cli",
    },
    "socket": {"faultlab.adapters", "faultlab.virtual_time", "hermes_agent.api_modes.patience"},
    "asyncio": {
        "faultlab.adapters",
        "faultlab.cli.serving",
        "faultlab.clock",
        "faultlab.targets.sdk",
        "faultlab.virtual_time",
        "hermes_agent.gateway.run",
    },
    "selectors": {"faultlab.virtual_time"},
    "select": {"faultlab.virtual_time", "hermes_agent.outlet"},
    "trio": {"faultlab.virtual_time"},
    "signal": {
        "faultlab.adapters.server",
        "faultlab.campaign",
        "faultlab.cli",
        "faultlab.targets.command",
        "faultlab.targets.hermes.control_c",
        "hermes_agent.terminal",
    },
    "subprocess": {
        "faultlab.campaign.child",
        "faultlab.cli.recording",
        "faultlab.targets.command.child",
        "faultlab.virtual_time.children",
        "hermes_agent.terminal",
    },
    "tempfile": {"faultlab.serving", "faultlab.targets.command", "faultlab.targets.hermes.home", "hermes_agent.home"},
    "sqlite3": {"faultlab.results", "hermes_agent.sessions"},
}

# What is imported inside a function, because importing it costs much or because its name comes from outside.
LATE = {
    "faultlab.adapters.cassette.loading": {"vcr"},
    "faultlab.adapters.cassette.unpacking": {"brotli", "brotlicffi"},
    "faultlab.adapters.certificates": {"trustme"},
    "faultlab.campaign.cluster": {"distributed"},
    "faultlab.clock": {"asyncio"},
    "faultlab.fake_provider": {"openai"},
    "faultlab.lab": {"faultlab"},
    "faultlab.pytest_plugin": {"faultlab"},
    "faultlab.virtual_time": {"faultlab"},
    "faultlab.virtual_time.process": {"trio"},
    "faultlab.virtual_time.trio_clock": {"trio"},
    "hermes_agent.runtime": {"openai"},
}

# Importing these costs none of those.
CHEAP = [
    "faultlab",
    "faultlab.content",
    "faultlab.pytest_plugin",
    "faultlab.loader",
    "faultlab.cli",
    "hermes_agent",
    "hermes_agent.config",
]
DEAR = {"distributed", "openai", "httpx", "httpx2", "faker", "trustme", "vcr", "trio"}

LONGEST_FUNCTION = 50
LONGEST_MODULE = 300
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
WALL_CLOCK = {"now", "utcnow", "today"}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Module:
    """One file of a package: its dotted name, where it stands, its tree."""

    def __init__(self, path):
        self.path = path
        self.file = path.relative_to(ROOT)
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        parts = self.file.with_suffix("").parts
        self.name = ".".join(parts[:-1] if path.stem == "__init__" else parts)
        self.package, *self.inside = self.name.split(".")
        self.is_door = path.parent.parent == ROOT and path.stem in {"__init__", "__main__"}

    @cached_property
    def imports(self):
        """Each import as (dotted name, line, whether it stands inside a function)."""
        return list(self._imports())

    def _imports(self):
        inside = {id(node) for function in functions(self) for node in ast.walk(function)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{self.file}:{node.lineno}: imports are absolute here"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                yield name, node.lineno, id(node) in inside


@cache
def modules():
    return [Module(path) for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]


def functions(module):
    return [node for node in ast.walk(module.tree) if isinstance(node, FUNCTIONS)]


every_module = holds_for(modules, lambda module: str(module.file))


def place(package, part):
    assert part in ORDER[package], (
        f"{package}.{part} stands in no order: add it to ORDER in tests/test_architecture.py, "
        f"below all that it imports and above all that import it"
    )
    return ORDER[package].index(part)


@every_module
def test_a_part_imports_only_parts_above_it(module):
    if module.is_door:
        return
    here = place(module.package, module.inside[0])
    for name, line, _ in module.imports:
        package, *rest = name.split(".")
        if package == module.package and rest[0] != module.inside[0]:
            assert place(package, rest[0]) < here, f"{module.file}:{line}: {name} stands below {module.name}"


@every_module
def test_siblings_import_only_their_base_or_what_stands_above_them(module):
    parts = module.name.split(".")
    for depth in range(2, len(parts)):
        folder, me = ".".join(parts[:depth]), parts[depth]
        order = FOLDER_ORDER.get(folder, ["base"])
        allowed = {me, *(order[: order.index(me)] if me in order else order)}
        for name, line, _ in module.imports:
            if name.startswith(f"{folder}."):
                assert name.split(".")[depth] in allowed, f"{module.file}:{line}: {name} stands below {module.name}"


@every_module
def test_each_foreign_thing_has_one_home(module):
    parts = module.name.split(".")
    homes = {
        module.package if module.is_door else module.name,
        *(".".join(parts[:depth]) for depth in range(2, len(parts))),
    }
    for name, line, _ in module.imports:
        library = name.split(".")[0]
        if library in HOMES and library != module.package:
            assert homes & HOMES[library], f"{module.file}:{line}: {library} is at home in {sorted(HOMES[library])}"


@every_module
def test_what_is_imported_late_stands_in_the_table(module):
    late = {name.split(".")[0]: line for name, line, inside_function in module.imports if inside_function}
    for library, line in late.items():
        assert library in LATE.get(module.name, ()), f"{module.file}:{line}: {library} is imported inside a function"


@pytest.mark.parametrize("name", sorted(LATE))
def test_the_table_of_late_imports_has_no_dead_entry(name):
    (module,) = [module for module in modules() if module.name == name]
    assert {imported.split(".")[0] for imported, _, inside_function in module.imports if inside_function} == LATE[name]


@every_module
def test_no_import_hides_behind_type_checking(module):
    assert "TYPE_CHECKING" not in module.text


@every_module
def test_nobody_asks_the_wall_clock(module):
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in WALL_CLOCK:
            pytest.fail(f"{module.file}:{node.lineno}: .{node.attr}; time is an argument")


@every_module
def test_a_module_is_short(module):
    assert module.text.count("\n") <= LONGEST_MODULE


@every_module
def test_functions_are_short(module):
    for function in functions(module):
        lines = function.end_lineno - function.lineno + 1
        assert lines <= LONGEST_FUNCTION, f"{module.file}:{function.lineno}: {function.name} has {lines} lines"


@every_module
def test_a_module_is_named_for_what_it_is(module):
    assert not SAYS_NOTHING & set(module.path.stem.split("_"))


@every_module
def test_a_module_says_what_it_is(module):
    assert ast.get_docstring(module.tree)


def defined(module):
    """Names bound at the top of the module, imported ones apart."""
    for node in module.tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def declared(module):
    """What `__all__` lists; None where there is no `__all__`."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "__all__" for target in node.targets):
            return ast.literal_eval(node.value)
    return None


def in_order(names):
    """As ruff sorts `__all__`: constants, classes, the rest."""
    return sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


@every_module
def test_all_lists_what_is_public_and_nothing_else(module):
    public = {name for name in defined(module) if not name.startswith("_")}
    names = declared(module)
    if names is None:
        assert not public, f"{module.file}: no __all__"
        return
    assert list(names) == in_order(set(names))
    imported = {name.split(".")[-1] for name, _, inside_function in module.imports if not inside_function}
    resolved_late = "__getattr__" in defined(module)
    assert public <= set(names), f"{module.file}: not in __all__: {public - set(names)}"
    missing = set(names) - public - imported
    assert resolved_late or not missing, f"{module.file}: in __all__, but not there: {missing}"


@pytest.mark.parametrize("name", CHEAP)
def test_importing_costs_no_client(name):
    if not any(module.name == name for module in modules()):
        pytest.skip(f"{name} is not there yet")
    code = f"import {name}, sys; print(*sorted({DEAR} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_collecting_scenarios_costs_no_client():
    code = f"""
import sys, pytest
status = pytest.main(["--collect-only", "-q", "-p", "faultlab.pytest_plugin", "-p", "no:cacheprovider", "scenarios"])
print(status, sorted({DEAR} & set(sys.modules)))
"""
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other plugins import what they like
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=environ
    )
    assert done.stdout.splitlines()[-1] == "0 []"
