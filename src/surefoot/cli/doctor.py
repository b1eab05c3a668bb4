"""`surefoot doctor`: what is unusual in a run, what usually causes it, which setting to try."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surefoot.cli.parser import Parser

if TYPE_CHECKING:
    from surefoot.train.checkup import Checkup


def main(argv: Sequence[str]) -> int:
    """Examine runs. Returns 0, healthy or not: a finding is an answer."""
    parser = Parser(
        prog="surefoot doctor",
        description="Say what is unusual in a run, since when, what usually causes it and which "
        "setting to try. The findings are explained in docs/doctor.md.",
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="a run folder, a group "
                        "(runs/TASK/DATE_NAME), or a folder of runs")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.read(argv)
    from surefoot.train.checkup import examine
    from surefoot.train.group import find_runs

    checkups = [examine(run) for run in find_runs(options.run)]
    if options.json:
        runs = [{**dataclasses.asdict(checkup), "run": str(checkup.run)} for checkup in checkups]
        print(json.dumps({"runs": runs}))
        return 0
    for checkup in checkups:
        print(_in_words(checkup))
    return 0


def _in_words(checkup: Checkup) -> str:
    findings = checkup.findings
    seen = f"{checkup.nb_steps:,} steps" if checkup.nb_rows else "no update so far"
    if not findings:
        return f"{checkup.run}: nothing unusual ({seen})"
    several = "; the first may explain the others" if len(findings) > 1 else ""
    lines = [f"{checkup.run}: {len(findings)} unusual ({seen}){several}"]
    return "\n".join([*lines, *(f"  {finding.name}. {finding}" for finding in findings)])
