"""`surefoot show`: what a robot is made of, and a picture of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from surefoot.cli.parser import Parser
from surefoot.errors import BadFile


def main(argv: Sequence[str]) -> int:
    """Print a robot's joints, write its picture; the picture's path is the last line."""
    parser = Parser(
        prog="surefoot show",
        description="A robot: its joints, drives and limits, and a picture of it at its home pose.",
    )
    parser.add_argument("robot", help="a name of `surefoot list robots`")
    parser.add_argument("--output", type=Path, help="the .png file (default: ROBOT.png)")
    parser.add_argument(
        "--collisions", action="store_true", help="draw the shapes that touch the ground instead"
    )
    options = parser.read(argv)
    from surefoot.robots.registry import find_robot

    robot = find_robot(options.robot)
    path = options.output or Path(f"{robot.name}.png")
    if path.suffix != ".png":
        raise BadFile(path, "the name does not end in '.png'", f"Call it '{path.stem}.png'.")
    from imageio.v3 import imwrite

    from surefoot.envs.scene import portrait
    from surefoot.sim.assembly import drives

    print(f"{robot.name}: {robot.title}; {robot.mass:.2f} kg; {robot.source}\n")
    rows = [
        (d.servo.joint, f"{d.lower:.2f} .. {d.upper:.2f}", f"{d.servo.home:.2f}",
         f"{d.servo.kp:g}", f"{d.servo.kd:g}", f"{d.torque_limit:g}", f"{d.velocity_limit:g}")
        for d in drives(robot)
    ]  # fmt: skip
    head = ("joint", "range, rad", "home", "kp", "kd", "torque, N m", "speed, rad/s")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    picture = portrait(robot, collisions=options.collisions)
    try:
        imwrite(path, picture)
    except OSError as error:
        raise BadFile(path, f"cannot be written ({error.strerror})", "Name another.") from None
    print(path)
    return 0
