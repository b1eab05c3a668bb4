"""KEY=VALUE arguments: of a Gymnasium environment, or an operator's commands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from surefoot.errors import InvalidConfig


def parse_pairs(pairs: Sequence[str], flag: str) -> dict[str, Any]:
    """Values as JSON where that is possible: numbers, true, false, null; text otherwise.

    Raises:
        InvalidConfig: Something is not KEY=VALUE.
    """
    arguments: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key.isidentifier():
            raise InvalidConfig(f"{flag} takes KEY=VALUE, got '{pair}'")
        try:
            arguments[key] = json.loads(text)
        except json.JSONDecodeError:
            arguments[key] = text
    return arguments
