"""`surefoot report`: one HTML page about a run or a group."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from surefoot.cli.parser import Parser
from surefoot.errors import BadFile, InvalidConfig


def main(argv: Sequence[str]) -> int:
    """Write the page; prints where it is."""
    parser = Parser(
        prog="surefoot report",
        description="Write one HTML page about a run or a group: curves, health, evaluation, "
        "settings, machine. Everything is in the file; it needs no network.",
    )
    parser.add_argument("run", type=Path, metavar="RUN_OR_GROUP", help="a run folder, or the "
                        "common beginning of a group's")  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="where to write (default: "
                        "report.html in the run folder, GROUP.html beside a group's)")  # fmt: skip
    parser.add_argument("--video", action="store_true", help="film the newest policy if there is "
                        "no clip of it")  # fmt: skip
    options = parser.read(argv)
    is_run = (options.run / "config.yaml").is_file()
    out = options.out or (
        options.run / "report.html" if is_run else options.run.with_name(f"{options.run.name}.html")
    )
    if out.suffix != ".html":
        raise InvalidConfig(f"--out must end in .html, got '{out}'")
    from surefoot.train.report_page import report_page

    page = report_page(
        options.run, with_video=options.video, say=lambda what: print(what, file=sys.stderr)
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page.html(), encoding="utf-8")
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise BadFile(out, problem, "Choose another --out.") from None
    print(out)
    return 0
