"""`surefoot export`: the policy as one ONNX graph with its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surefoot.cli.parser import Parser
from surefoot.errors import BadFile, Mismatch

if TYPE_CHECKING:
    from surefoot.agent.agent import Agent
    from surefoot.train.run_folder import Run


def main(argv: Sequence[str]) -> int:
    """Export; prints the file's path."""
    parser = Parser(
        prog="surefoot export",
        description="Write a policy as policy.onnx, history and normalisation inside, with its "
        "card policy.json: what the robot needs, without torch or MuJoCo.",
    )
    parser.add_argument("run", help="a run folder or a .pt checkpoint")
    parser.add_argument(
        "--output", type=Path, help="the .onnx file (default: policy.onnx beside it)"
    )
    options = parser.read(argv)
    if options.output is not None and options.output.suffix != ".onnx":
        wanted = f"Call it '{options.output.stem}.onnx'."
        raise BadFile(options.output, "the name does not end in '.onnx'", wanted)
    from surefoot.train.policies import load_policy

    loaded = load_policy(options.run)
    if loaded.agent is None or loaded.run is None:
        raise Mismatch(f"'{options.run}' is not a trained agent: name a run or a checkpoint")
    source = Path(options.run)
    folder = source if source.is_dir() else source.parent
    path = options.output or folder / "policy.onnx"
    export_agent(loaded.agent, loaded.run, path)
    print(path)
    return 0


def export_agent(agent: Agent, run: Run, path: Path) -> None:
    """Write an agent's graph and card."""
    from surefoot.export.onnx import export_policy
    from surefoot.train.card import policy_card

    export_policy(agent, policy_card(agent, run), path)
