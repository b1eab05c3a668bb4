"""The names of what may multiply the score, without loading any of it."""

from __future__ import annotations

from typing import Literal

PsiName = Literal[
    "total-return",
    "return-to-go",
    "return-to-go-minus-baseline",
    "q-value",
    "advantage",
    "td-residual",
]
"""The six choices of the lecture, computed in `data/psi.py`."""
