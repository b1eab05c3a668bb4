"""The machine and the versions that a training began on, recorded in its folder."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from surefoot import __version__
from surefoot.train.checkpoint import write_atomically

_PACKAGES = ("torch", "mujoco", "gymnasium", "numpy", "upkie_description", "example-robot-data")
_CPU = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, Any]:
    """Versions, processor and memory; nothing that tells whose machine it is."""
    versions: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue  # an optional one
    return {
        "surefoot": __version__,
        "python": platform.python_version(),
        **versions,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
    }


def write_machine(folder: Path) -> None:
    """Write machine.yaml into a run's folder.

    Raises:
        BadFile: It cannot be written.
    """
    text = yaml.safe_dump(describe_machine(), sort_keys=False)
    write_atomically(folder / "machine.yaml", text.encode())


def read_machine(folder: Path) -> dict[str, Any]:
    """What machine.yaml says; empty if it is not there or damaged, for nothing depends on it."""
    try:
        content = yaml.safe_load((folder / "machine.yaml").read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _processor() -> str:
    """The processor's name, as far as Linux tells."""
    try:
        lines = _CPU.read_text().splitlines()
    except OSError:
        return "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")
