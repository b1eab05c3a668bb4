"""`surefoot deploy`: the closed loop of an exported policy, simulated or on the robot."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surefoot.cli.parser import Parser, as_natural, as_seconds
from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.tasks.gymnasium_config import parse_pairs

if TYPE_CHECKING:
    from surefoot.deploy.card import PolicyCard
    from surefoot.deploy.closed_loop import Commands
    from surefoot.deploy.report import DeploymentReport


def main(argv: Sequence[str]) -> int:
    """Run the loop and print what it counted; exit code 2 if something went wrong on the way."""
    parser = Parser(
        prog="surefoot deploy",
        description="Run an exported policy in closed loop at its own rate, with a watchdog and "
        "the limits of its card: in a simulation, or on the robot (Upkie-Spine-Pendulum).",
    )
    parser.add_argument("policy", help="policy.onnx, or the run folder that it is in")
    parser.add_argument("--env", metavar="GYM_ID", required=True, help="where to run it")
    parser.add_argument(
        "--env-kwargs", nargs="*", default=[], metavar="KEY=VALUE", help="arguments of --env"
    )
    parser.add_argument(
        "--duration", type=as_seconds, metavar="S", help="stop after so many seconds"
    )
    parser.add_argument(
        "--command", nargs="*", default=[], metavar="NAME=VALUE", help="what the operator wants, "
        "where the policy takes commands: target_velocity=0.3 (the others are 0 then)"
    )  # fmt: skip
    parser.add_argument("--no-realtime", action="store_true", help="as fast as the simulation goes")
    parser.add_argument(
        "--seed", type=as_natural, default=0, help="seed of the environment's reset"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.read(argv)

    from surefoot.deploy.environments import make_env
    from surefoot.deploy.loop import deploy
    from surefoot.deploy.policy import OnnxPolicy

    path = Path(options.policy)
    if path.is_file() and path.suffix != ".onnx":
        raise BadFile(path, "this is no .onnx file", "Export the policy first: surefoot export RUN")
    policy = OnnxPolicy(path / "policy.onnx" if path.is_dir() else path)
    arguments: dict[str, Any] = {}
    if options.env.startswith("Upkie-"):
        arguments["frequency"] = policy.card.rate_hz
    commands = _commands(policy.card, options.command)
    env = make_env(options.env, **arguments | parse_pairs(options.env_kwargs, "--env-kwargs"))
    print(f"{policy.path} in {options.env} at {policy.card.rate_hz:g} Hz; Ctrl-C stops the robot",
          file=sys.stderr)  # fmt: skip
    report = deploy(
        policy,
        env,
        duration_s=options.duration,
        realtime=not options.no_realtime,
        commands=commands,
        seed=options.seed,
    )
    if options.json:
        print(json.dumps(report.to_json()))
    else:
        _print_table(report)
    return 2 if report.is_fault else 0


def _commands(card: PolicyCard, pairs: Sequence[str]) -> Commands | None:
    """An operator who wants the same all the time; None if nothing is commanded."""
    wanted = parse_pairs(pairs, "--command")
    if not wanted:
        return None
    signals = {s.name: s for s in card.observation if s.source == "operator"}
    if not signals:
        raise InvalidConfig(f"--command: the policy of {card.task} takes no commands")
    for name, value in wanted.items():
        if name not in signals:
            raise UnknownName("command", name, signals, f"the policy of {card.task}")
        low, high = signals[name].low, signals[name].high
        if type(value) not in (int, float) or not low <= value <= high:
            raise InvalidConfig(
                f"--command {name} must be a number in [{low:g}, {high:g}] {signals[name].unit}, "
                f"got {value}"
            )
    values = [float(wanted.get(name, 0.0)) for name in signals]
    return lambda _: values


def _print_table(report: DeploymentReport) -> None:
    rows = {
        "stopped": report.message,
        "upright": f"{report.time_upright_s:.2f} s of {report.duration_s:.2f} s",
        "steps": f"{report.steps} (and {report.ramp_steps} to come to rest)",
        "clamped": f"{report.clamped} action values",
    }
    if report.realtime:
        rows["deadlines"] = (
            f"{report.missed_deadlines} missed, worst {1e3 * report.worst_lateness_s:.1f} ms late"
        )
    for name, value in rows.items():
        print(f"{name:<12}{value}")
