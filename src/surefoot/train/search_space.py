"""Settings to search over, written as `algo.learning_rate=log(1e-4,1e-2)`."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import yaml

from surefoot.errors import InvalidConfig, UnknownName
from surefoot.train.plain import from_plain, to_plain
from surefoot.train.run_folder import Run

_FORM = re.compile(r"(?P<name>[^=]+)=(?P<law>log|uniform|int|choice)\((?P<values>.*)\)")
_HELP = "NAME=log(LOW,HIGH), uniform(LOW,HIGH), int(LOW,HIGH) or choice(A,B,...)"


class Suggests(Protocol):
    """A trial of Optuna: it chooses values by name."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number of a range."""
        ...

    def suggest_int(self, name: str, low: int, high: int) -> int:
        """A whole number of a range, both ends included."""
        ...

    def suggest_categorical(self, name: str, choices: list[str]) -> Any:
        """One of some values."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One setting and its range."""

    name: str
    """Dotted, as in config.yaml: "algo.learning_rate"."""
    law: Literal["log", "uniform", "int", "choice"]
    """How it is drawn: log-uniform, uniform, uniform whole numbers, or one of some values."""
    values: tuple[Any, ...]
    """Lowest and highest, or the choices."""

    def suggest(self, trial: Suggests) -> Any:
        """The value that a trial tries."""
        if self.law == "choice":
            texts = [_text(value) for value in self.values]  # what a database can keep
            return self.values[texts.index(trial.suggest_categorical(self.name, texts))]
        low, high = self.values
        if self.law == "int":
            return trial.suggest_int(self.name, low, high)
        return trial.suggest_float(self.name, low, high, log=self.law == "log")


def parse_parameter(text: str) -> Parameter:
    """A parameter as it is written.

    Raises:
        InvalidConfig: It is not written so, or its range makes no sense.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise InvalidConfig(f"--param is {_HELP}, got '{text}'")
    name = found["name"].strip().removeprefix("--").replace("-", "_")
    try:
        values = tuple(yaml.safe_load(f"[{found['values']}]"))
    except yaml.YAMLError:
        said = found["values"]
        raise InvalidConfig(f"--param {name}: its values cannot be read: {said}") from None
    law: Any = found["law"]
    if law == "choice":
        if len({_text(value) for value in values}) < max(2, len(values)):
            raise InvalidConfig(f"--param {name}: choice needs at least two different values")
        return Parameter(name=name, law=law, values=values)
    values = tuple(_number(name, value) for value in values)
    is_range = len(values) == 2 and values[0] < values[1]
    if not is_range or (law == "log" and values[0] <= 0.0):
        need = "0 < LOW < HIGH" if law == "log" else "LOW < HIGH"
        raise InvalidConfig(f"--param {name}: {law}(LOW,HIGH) needs {need}, got {found['values']}")
    if law == "int":
        if any(value != int(value) for value in values):
            raise InvalidConfig(f"--param {name}: int takes whole numbers, got {found['values']}")
        values = tuple(int(value) for value in values)
    return Parameter(name=name, law=law, values=values)


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)  # YAML takes 1e-4 for a text
    except (TypeError, ValueError):
        raise InvalidConfig(f"--param {name}: {value!r} is no number") from None
    if not math.isfinite(number):
        raise InvalidConfig(f"--param {name}: {value!r} is not finite")
    return number


def _text(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n").removesuffix("\n...")


def with_settings(run: Run, values: dict[str, Any]) -> Run:
    """The run with some of its settings, by their dotted names, set to other values.

    Raises:
        UnknownName: There is no such setting.
        InvalidConfig: A value makes no sense there.
    """
    plain = to_plain(run.config)
    for name, value in values.items():
        *path, last = name.split(".")
        section = plain
        for step in path:
            section = section[step] if isinstance(section.get(step), dict) else {}
        if last not in section:
            raise UnknownName("setting", name, _names(plain), f"{run.task} with {run.algo}")
        section[last] = value
    kinds: Any = type(run.config), type(run.config.task), type(run.config.algo)
    config = from_plain(kinds[0][kinds[1], kinds[2]], plain)
    return dataclasses.replace(run, config=config)


def _names(plain: dict[str, Any], where: str = "") -> list[str]:
    """Dotted names of all settings."""
    names: list[str] = []
    for key, value in plain.items():
        names += _names(value, f"{where}{key}.") if isinstance(value, dict) else [where + key]
    return names
