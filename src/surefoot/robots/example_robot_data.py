"""Where the package `example-robot-data` keeps its descriptions."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from surefoot.errors import MissingPackage

PACKAGE = "example-robot-data"


def description(robot: str, urdf: str) -> Callable[[], Path]:
    """Finds the URDF of a robot, `urdf` below the package's folder of robots."""
    return lambda: _folder(robot) / "robots" / urdf


def packages(robot: str) -> Callable[[], dict[str, Path]]:
    """Finds what `package://` stands for in the package's URDFs."""
    return lambda: {PACKAGE: _folder(robot)}


def _folder(robot: str) -> Path:
    """The package's shared folder.

    Raises:
        MissingPackage: It is not installed.
    """
    try:
        found = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise MissingPackage(
            PACKAGE, f"the robot '{robot}'", "pip install 'surefoot[robots]'"
        ) from None
    return Path(str(found.locate_file("cmeel.prefix/share/example-robot-data")))
