"""The command `surefoot`: finds the subcommand, and says every error in one sentence."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence

from surefoot import __version__
from surefoot.errors import SurefootError

COMMANDS = {
    "list": "what there is: tasks, robots, algorithms, baselines",
    "show": "a robot: its joints and limits, and a picture of it",
    "train": "train a policy: surefoot train upkie-pendulum",
    "eval": "evaluate a run, a policy file or a baseline, here or in any Gymnasium environment",
    "report": "one HTML page about a run or a group of seeds",
    "compare": "whether one group of runs does better than another, or the seed did",
    "sweep": "search for settings, several seeds for each",
    "play": "watch a policy: in a window, in the browser, or as a video",
    "doctor": "what is unusual in a run, what usually causes it, which setting to try",
    "export": "write policy.onnx with its card",
    "deploy": "run an exported policy in closed loop, in simulation or on the robot",
}
"""Subcommands and what they do; each lives in the module of its name."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 2 your mistake, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if arguments[0] == "--version":
        print(f"surefoot {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.4)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        return _fail(f"no command named '{name}'.{hint} There are: {', '.join(COMMANDS)}.")
    module = importlib.import_module(f"surefoot.cli.{name}")
    try:
        code = int(module.main(arguments[1:]))
        sys.stdout.flush()
        return code
    except SurefootError as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader of a pipe went away
        _release_output()
        return 0
    except OSError as error:  # a full disk behind standard output, for example
        _release_output()
        return _fail(f"{error.filename or 'output'}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("surefoot: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        choice = os.environ.get("MUJOCO_GL")
        if not choice or "mujoco" in sys.modules:
            raise
        return _fail(f"MuJoCo does not load with MUJOCO_GL={choice} ({error}). Unset it.")


def _fail(message: str) -> int:
    print(f"surefoot: {message}", file=sys.stderr)
    return 2


def _release_output() -> None:
    """Let what cannot be written go nowhere, or Python stumbles over it at its exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        (
            "Reinforcement learning for legged robots, from the lecture to the robot.",
            "",
            "usage: surefoot COMMAND [...]",
            "",
            *lines,
            "",
            "Each command explains itself: surefoot COMMAND --help",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
