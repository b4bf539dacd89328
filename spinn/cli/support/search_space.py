"""The overrides of `spinn search`: which configurations are compared, and what is searched in each.

The ranges are those of Hydra's own grammar for sweeps.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from spinn.cli.support.composing import CONF, composed
from spinn.cli.support.hydra_errors import explain
from spinn.errors import InputError
from spinn.training.build import build

# What is searched where the overrides name no range; a key that the configuration lacks is left
# out.
DEFAULT = (
    "optimizer.lr=tag(log,interval(0.0003,0.01))",
    "model.embedding.dropout=interval(0,0.4)",
    "task.dropout=interval(0,0.4)",
)
REFUSED = {
    "seed": "the best of several seeds is a matter of luck; give one seed, and train the best "
    "settings over several",
    "run": "every trial has a folder of its own; give --out",
    "trainer.resume": "the same command continues a search",
}
DIGITS = 4  # of a number that is drawn from an interval

Space = dict[str, BaseDistribution]


class Candidate(NamedTuple):
    """One of the configurations that are compared.

    Attributes:
        name: the options that define it, such as `lstm`.
        overrides: that all its trials share.
        space: the values of each key that is searched. The key is as on the command line.
    """

    name: str
    overrides: list[str]
    space: Space


def read_candidates(overrides: Sequence[str]) -> list[Candidate]:
    """Read the overrides of the command; a candidate is checked as train.py checks it.

    A list of options of a group, `model=lstm,treelstm`, is compared. Every other list, choice(),
    range() and interval() is searched.

    Raises: InputError: for a malformed override, or a candidate that train.py refuses.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        for override in parsed:
            _check(override)
        compared = [o for o in parsed if _is_compared(o)]
        searched = [o for o in parsed if o.is_sweep_override() and not _is_compared(o)]
        fixed = [str(o.input_line) for o in parsed if not o.is_sweep_override()]
        options = [[(o, text) for text in o.sweep_string_iterator()] for o in compared]
        found: dict[str, Candidate] = {}
        for chosen in product(*options):
            candidate = _candidate(chosen, fixed, searched)
            if candidate.name in found:
                raise InputError(f"{candidate.name} is compared twice; name each option once")
            found[candidate.name] = candidate
        return [*found.values()]
    except HydraException as error:
        raise InputError(explain(error, CONF)) from error


def _check(override: Override) -> None:
    """Raise InputError for an override that is not for a search."""
    key = str(override.key_or_group)
    varies = override.is_sweep_override()
    if key.startswith("hydra") or (key in REFUSED and (varies or key != "seed")):
        reason = REFUSED.get(key, "Hydra's own settings are those of the command; leave it out")
        raise InputError(f"{override.input_line}: {reason}")
    if not varies:
        return
    sweep = _sweep(override)
    if not isinstance(sweep, ChoiceSweep | RangeSweep | IntervalSweep):
        raise InputError(f"{override.input_line}: expected a list, choice, range or interval")
    if sweep.tags - ({"log"} if isinstance(sweep, IntervalSweep) else set()):
        raise InputError(f"{override.input_line}: expected no tag but tag(log,interval(LOW,HIGH))")


def _sweep(override: Override) -> Any:
    """Return the parsed sweep of an override."""
    return override.value()


def _is_compared(override: Override) -> bool:
    """Whether an override lists options of a group, without choice()."""
    is_group = (CONF / str(override.key_or_group)).is_dir()
    return is_group and override.is_choice_sweep() and bool(_sweep(override).simple_form)


def _candidate(
    chosen: Sequence[tuple[Override, str]], fixed: list[str], searched: list[Override]
) -> Candidate:
    overrides = [f"{o.get_key_element()}={text}" for o, text in chosen] + fixed
    with composed([*overrides, "run=search"]) as config:
        default = searched or [
            override
            for override in OverridesParser.create().parse_overrides(list(DEFAULT))
            if OmegaConf.select(config, str(override.key_or_group)) is not None
        ]
        space = {o.get_key_element(): _distribution(o, config) for o in default}
        name = "_".join(text for _, text in chosen) or str(config.names.model)
    candidate = Candidate(re.sub(r"[^\w.-]+", "-", name), overrides, space)
    for settings in _ends(space):
        with composed([*overrides, *settings, "run=search"]) as config:
            build(config)
    return candidate


def _distribution(override: Override, config: DictConfig) -> BaseDistribution:
    """Return the values of a range, as whole numbers where the configuration has one."""
    sweep = _sweep(override)
    if isinstance(sweep, RangeSweep) and all(
        isinstance(end, int) for end in (sweep.start, sweep.stop, sweep.step)
    ):
        values = [int(text) for text in override.sweep_string_iterator()]
        step = abs(int(sweep.step)) if len(values) > 1 else 1
        return IntDistribution(min(values), max(values), step=step)
    if not isinstance(sweep, IntervalSweep):
        return CategoricalDistribution([*override.sweep_string_iterator()])
    low, high, log = float(sweep.start or 0), float(sweep.end or 0), "log" in sweep.tags
    if not low < high or (log and low <= 0):
        above = "0 < LOW < HIGH" if log else "LOW < HIGH"
        raise InputError(f"{override.input_line}: expected {above}")
    current = OmegaConf.select(config, str(override.key_or_group))
    whole = isinstance(current, int) and low.is_integer() and high.is_integer()
    if isinstance(sweep.start, int) or whole:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _ends(space: Space) -> Iterator[list[str]]:
    """Yield the overrides with the first value of each key, and those with the last."""
    for end in (0, -1):
        yield [
            f"{key}={d.choices[end] if isinstance(d, CategoricalDistribution) else _end(d, end)}"
            for key, d in space.items()
        ]


def _end(distribution: Any, end: int) -> float:
    bounds: tuple[float, float] = (distribution.low, distribution.high)
    return bounds[end]


def suggest(trial: Trial, space: Space) -> list[str]:
    """Draw the values of a trial, as overrides; values that were drawn before stay."""
    return [f"{key}={_suggested(trial, key, values)}" for key, values in space.items()]


def _suggested(trial: Trial, key: str, values: BaseDistribution) -> str:
    match values:
        case FloatDistribution():
            number = trial.suggest_float(key, values.low, values.high, log=values.log)
            return f"{number:.{DIGITS}g}"
        case IntDistribution():
            drawn = trial.suggest_int(
                key, values.low, values.high, step=values.step, log=values.log
            )
            return str(drawn)
        case CategoricalDistribution():
            return str(trial.suggest_categorical(key, values.choices))
        case _:
            raise TypeError(f"{values}: no distribution of a search")
