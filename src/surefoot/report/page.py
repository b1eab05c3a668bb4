"""One HTML page about a training: everything is in it, so that it can be sent and read anywhere."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

import matplotlib as mpl
import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from surefoot.report.figure import COLOURS, new_figure, tidy
from surefoot.report.statistics import interval

Floats = NDArray[np.float64]

_INK = "#010203"
"""A colour that nobody else uses: the browser puts that of the text in its place."""
_STYLES = ("-", "--", ":", "-.")


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure of the page."""

    svg: Markup
    title: str = ""
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A sentence about a training's health."""

    text: str
    is_unusual: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """What stands on the page; all of it is plain text but the drawings."""

    title: str
    subtitle: str
    summary: Sequence[str]
    curves: Sequence[Drawing]
    strip: Sequence[Drawing]
    health: Sequence[Note]
    evaluation: Sequence[Mapping[str, str]]
    """A row for each seed, and one for all."""
    conditions: Sequence[str]
    """How the evaluation was made, and what it says."""
    differences: Sequence[tuple[str, str, str]]
    """Settings that are not the preset's: name, here, there."""
    settings: str
    machine: Mapping[str, object] = field(default_factory=dict[str, object])
    video: str = ""
    """MP4, base64."""
    video_caption: str = ""

    def html(self) -> str:
        """The whole page."""
        template = resources.files("surefoot.report").joinpath("page.html").read_text()
        jinja = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        return jinja.from_string(template).render(page=self)


def number(value: float) -> str:
    """A number as people read it."""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def draw_curve(name: str, steps: Floats, values: Floats, *, ylabel: str) -> Markup:
    """The mean over seeds in its 95 % interval, each seed as a thin line.

    Args:
        name: Of the figure, different from any other's on the page.
        steps: Environment steps, (P,).
        values: Of N seeds, (N, P).
        ylabel: What is shown.
    """
    figure, axes = _axes(5.6, 3.2)
    if len(values) > 1:
        low, high = interval(values.T, "mean")
        axes.fill_between(steps, low, high, color=COLOURS[0], alpha=0.25, linewidth=0)
        axes.plot(steps, values.T, color=COLOURS[0], linewidth=0.6, alpha=0.5)
    axes.plot(steps, values.mean(axis=0), color=COLOURS[0], linewidth=2.0)
    axes.set_ylabel(ylabel)
    return _svg(figure, name)


def draw_terms(name: str, steps: Floats, terms: Mapping[str, Floats]) -> Markup:
    """The weighted terms of the reward, mean over seeds.

    Args:
        name: Of the figure, different from any other's on the page.
        steps: Environment steps, (P,).
        terms: Of N seeds, (N, P), by name.
    """
    figure, axes = _axes(5.6, 3.2)
    for i, (term, values) in enumerate(terms.items()):
        (line,) = axes.plot(steps, values.mean(axis=0), label=term.replace("_", " "), linewidth=1.6)
        line.set(color=COLOURS[i % len(COLOURS)], linestyle=_STYLES[i // len(COLOURS) % 4])
    axes.axhline(0.0, color=_INK, linewidth=0.6)
    axes.set_ylabel("mean per step")
    legend = axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    for text in legend.get_texts():
        text.set_color(_INK)
    return _svg(figure, name)


def draw_small(name: str, steps: Floats, values: Floats, *, title: str) -> Markup:
    """A small curve of the mean over seeds, and its newest value.

    Args:
        name: Of the figure, different from any other's on the page.
        steps: Environment steps, (P,).
        values: Of N seeds, (N, P).
        title: What is shown.
    """
    figure, axes = _axes(2.6, 1.5)
    mean = values.mean(axis=0)
    axes.plot(steps, mean, color=COLOURS[0], linewidth=1.6)
    axes.set_title(f"{title}: {number(float(mean[-1]))}", color=_INK, fontsize=11, loc="left")
    axes.set_xlabel("")
    axes.tick_params(labelsize=8)
    axes.locator_params(nbins=3)
    return _svg(figure, name)


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = new_figure(width, height)
    axes = figure.subplots()
    tidy(axes)
    axes.patch.set_alpha(0.0)
    axes.tick_params(colors=_INK)
    axes.spines[:].set_color(_INK)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    axes.set_xlabel("environment steps")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    return figure, axes


def _svg(figure: Figure, name: str) -> Markup:
    """The figure for the inside of a page: text as text, in the page's colours and font."""
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"(?s)<metadata>.*?</metadata>", "", text)
    text = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font: \1 system-ui, sans-serif", text)
    # ids must not meet those of another figure on the page
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    return Markup(text)
