"""The picture of the house in docs/design.md, section 4, held true."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "surefoot"
MODULES = sorted(PACKAGE.rglob("*.py"))

VOCABULARY = {"signals", "errors", "seeding", "interrupt"}
"""Modules that everyone may import; they import only each other."""

ALLOWED: dict[str, set[str]] = {
    "sim": set(),
    "terms": set(),
    "data": set(),
    "report": set(),
    "control": set(),
    "agent": set(),
    "deploy": set(),
    "robots": {"sim"},
    "tasks": {"sim", "robots", "terms"},
    "envs": {"tasks", "sim", "robots", "terms"},
    "algos": {"agent", "data"},
    "imitation": {"algos", "agent", "data"},
    "export": {"agent", "deploy"},
}
"""Which folders a folder may import, besides itself and the vocabulary."""
ALLOWED["train"] = {*ALLOWED}
ALLOWED["cli"] = {*ALLOWED}

LONGEST = 400
LONG_FOR_A_REASON: dict[str, str] = {}
"""Longer files, as a path in src/surefoot, and why each is easier to read in one piece."""

ROBOT_NEEDS = {"surefoot", "numpy", "onnxruntime", "gymnasium", *sys.stdlib_module_names}
"""What `deploy` may import: all that has to be installed on a robot."""

HEAVY = ("torch", "mujoco")
LIGHT = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in MODULES
    if path.name.endswith("config.py")
    or path.relative_to(PACKAGE).with_suffix("").as_posix() in VOCABULARY | {"cli/main"}
)
"""Modules behind typed flags and `surefoot --help`, which answer at once."""


def name_of(path: Path) -> str:
    """The module's path inside src/surefoot, as a test id."""
    return path.relative_to(PACKAGE).as_posix()


def package_of(path: Path) -> str:
    """The folder of the first level that a module lives in, or its own name if in none."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_modules(source: str) -> set[str]:
    """Every module that the source imports, anywhere in it, by its full dotted name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            module = node.module or ""
            # `from surefoot import sim` imports a folder, `from surefoot.sim import cpu` one of it
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def imported_packages(source: str, root: str = "surefoot") -> set[str]:
    """First-level packages of `root` that the source imports."""
    parts = (name.split(".") for name in imported_modules(source))
    return {p[1] for p in parts if p[0] == root and len(p) > 1 and p[1] != "__version__"}


def test_every_way_of_importing_is_seen():
    source = """
import surefoot.sim.cpu, torch
from surefoot import envs, __version__
from surefoot.tasks.task import Task
def late():
    import surefoot.train.loop
"""
    assert imported_packages(source) == {"sim", "envs", "tasks", "train"}
    with pytest.raises(AssertionError, match="relative import"):
        imported_packages("from .cpu import CpuWorlds")


def test_the_table_is_the_one_in_the_design():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    drawn: dict[str, set[str]] = {}
    for left, right in re.findall(r"`([a-z, ]+) -> ([a-z, ]+)`", text):
        for package in left.split(", "):
            drawn[package] = {
                "nothing else": set(),
                "everything but cli": {*ALLOWED} - {"train", "cli"},
                "anything, lazily": {*ALLOWED} - {"cli"},
            }.get(right, set(right.split(", ")))
    assert drawn == ALLOWED


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_respects_its_layer(path: Path):
    package = package_of(path)
    allowed = ALLOWED[package] | {package} if package in ALLOWED else set()
    assert package in {*ALLOWED, *VOCABULARY, "__init__"}, f"{package} is not in docs/design.md"
    assert imported_packages(path.read_text(encoding="utf-8")) <= allowed | VOCABULARY


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_can_be_read_in_one_sitting(path: Path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if name_of(path) in LONG_FOR_A_REASON:
        assert lines > LONGEST, "short again: take it off the list"
    else:
        assert lines <= LONGEST


def test_every_long_file_exists_and_has_its_reason():
    assert {*LONG_FOR_A_REASON} <= {name_of(path) for path in MODULES}
    assert all(LONG_FOR_A_REASON.values())


@pytest.mark.parametrize("module", LIGHT)
def test_module_loads_without_torch_and_mujoco(module: str):
    program = f"import sys, {module}; print(*[m for m in {HEAVY} if m in sys.modules])"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    assert child.stdout.split() == []


def test_the_light_modules_were_found():
    assert {"surefoot.cli.main", *(f"surefoot.{name}" for name in VOCABULARY)} <= {*LIGHT}
    assert any(name.endswith("config") for name in LIGHT)


@pytest.mark.parametrize("path", sorted((PACKAGE / "deploy").rglob("*.py")), ids=name_of)
def test_the_robot_needs_only_numpy_onnxruntime_and_gymnasium(path: Path):
    names = imported_modules(path.read_text(encoding="utf-8"))
    assert {name.split(".")[0] for name in names} <= ROBOT_NEEDS
