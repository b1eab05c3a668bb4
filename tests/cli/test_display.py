"""The live table of a training, on a terminal that remembers what it was sent."""

import io

from rich.console import Console

from surefoot.cli import display
from surefoot.cli.display import TrainingDisplay


def test_a_sentence_stands_above_the_table_and_leaves_it_whole(monkeypatch):
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(display, "Console", lambda **_: terminal)
    with TrainingDisplay(100, "a task") as shown:
        shown.update(50, {"time/fps": 7.0})
        shown._live.refresh()
        screen.truncate(0)
        shown.say("surefoot doctor: From 40 steps: [bold] is not markup.")
        sent = screen.getvalue()
    sentence, table = sent.index("From 40 steps: [bold] is not"), sent.index("per second")
    assert sentence < table and "[dim]" not in sent
    assert sent.count("From 40 steps") == 1
