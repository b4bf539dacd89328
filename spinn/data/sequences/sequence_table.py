"""A user's file of sequences: a column of inputs and a column of targets, a sequence per row."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinn.data.dataset import Per, SequenceDataset, Shape
from spinn.data.sequences.bad_rows import BadRows
from spinn.data.sequences.baselines import mae, rmse
from spinn.data.sequences.sequence_form import Kind, kind_of, looks_decimal, most_rows, targets_per
from spinn.data.sequences.sequence_rows import (
    Row,
    is_numeric,
    is_whole,
    numbers_of,
    read_sequences,
    steps_of,
    symbol_of,
)
from spinn.data.sequences.sequence_text import (
    UNKNOWN,
    check_numbers,
    format_numbers,
    indices_of,
)
from spinn.data.sequences.series import Series, SeriesSplits
from spinn.data.sequences.split_plan import at_least
from spinn.errors import InputError
from spinn.text import plural

log = logging.getLogger(__name__)
T = TypeVar("T")
KINDS = {"inputs": "input_size", "targets": "target_size"}
FEW = 20  # whole numbers with at most so many values may be meant as classes
PER = {"step": "one a step", "sequence": "one a sequence", "any": "any number a sequence"}


class Scale(NamedTuple):
    """Subtracts a mean and divides by a deviation, both numbers or (numbers in a step,)."""

    mean: Any
    deviation: Any

    def apply(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Convert from the file's unit."""
        scaled: NDArray[np.float64] = (values - self.mean) / self.deviation
        return scaled

    def undo(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Convert to the file's unit."""
        unscaled: NDArray[np.float64] = values.astype(np.float64) * self.deviation + self.mean
        return unscaled


class SequenceTable(SequenceDataset):
    """Rows of inputs and targets, each of numbers or symbols.

    A value holds the steps of a sequence, separated by spaces: `a b b`, `0.5 -1 2`. The numbers of
    a step are separated by commas: `0.5,1 0.2,3` has two steps of two numbers. JSON lines may hold
    lists instead: `["a", "b"]`, `[0.5, -1]`, `[[0.5, 1], [0.2, 3]]`.

    Args:
        train, dev, test: TSV, CSV (see `find_delimiter`) or JSON lines, plain or gzipped. Without
            a file, dev and test are drawn from train.
        split: shares of train's rows, `dev` and `test`, for splits without a file. Rows with equal
            inputs stay together, and train has every label.
        columns: the names of the columns, `inputs` and `targets`.
        inputs, targets: `numbers` or `symbols`; None: numbers where every step of train's file is
            one; an error where at least 9 in 10 are. With `per=any`, whole numbers are symbols.
        decimal: the decimal point of the numbers in text: point or comma. With comma, the numbers
            of a step are separated by semicolons: `0,5;1`.
        per: how many targets a sequence has: one a step, one a sequence, or any number; None: the
            first of `sequence`, `step` and `any` that fits every row of train's file; an error
            where `any` is due to one row in ten at most.
        symbols, labels: the input symbols, and those of the targets; None: those of train.
        input_size, target_size: numbers in a step; None: as in the first row of train's file.
        scale: whether numbers become train's deviations from train's mean; errors are always in
            the file's unit.
        seed: of the drawn splits.
        trees: see `SequenceDataset`.

    Raises: ValueError: for a setting out of range.
    """

    def __init__(
        self,
        *,
        train: str | None = None,
        dev: str | None = None,
        test: str | None = None,
        split: dict[str, float] | None = None,
        columns: dict[str, str] | None = None,
        inputs: Kind | None = None,
        targets: Kind | None = None,
        decimal: Literal["point", "comma", ".", ","] = "point",
        per: Per | None = None,
        symbols: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        input_size: int | None = None,
        target_size: int | None = None,
        scale: bool = True,
        seed: int = 1,
        trees: Shape | None = None,
    ) -> None:
        super().__init__(trees=trees)
        at_least(0, seed=seed)
        for name, size in (("input_size", input_size), ("target_size", target_size)):
            at_least(1, **{name: 1 if size is None else size})
        self.files = {"train": train, "dev": dev, "test": test}
        self.columns = {"inputs": "inputs", "targets": "targets", **(columns or {})}
        self.seed, self.scale = seed, scale
        self.decimal = "," if decimal in ("comma", ",") else "."
        self.form: dict[str, Any] = {  # of the steps; None for what is found in train
            "inputs": inputs,
            "targets": targets,
            "per": per,
            "symbols": None if symbols is None else tuple(symbols),
            "labels": None if labels is None else tuple(labels),
            "input_size": input_size,
            "target_size": target_size,
        }
        shares = {"dev": 0.1, "test": 0.1, **(split or {})}
        for name, share in shares.items():
            if not 0 <= share < 1:
                raise ValueError(f"split.{name} is {share}; expected a number from 0 to 1")
        self.shares = {name: share for name, share in shares.items() if not self.files[name]}
        if self.shares.get("dev") == 0:
            raise ValueError("split.dev is 0, and dev names no file; expected one of both")
        if (held_out := sum(self.shares.values())) >= 1:
            raise ValueError(
                f"split.dev and split.test add up to {held_out:g}; expected less than 1"
            )

    @property
    def has_files(self) -> bool:
        """True: the sequences are the user's."""
        return True

    @property
    def settled(self) -> bool:
        """Whether the form of the steps is given."""
        return all(self.form[name] is not None for name in needed(self.form))

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """The input symbols; empty before they are found."""
        return None if self.form["inputs"] == "numbers" else self.form["symbols"] or ()

    @property
    def inputs(self) -> int | None:
        """Numbers in an input step; None for symbols."""
        return self.form["input_size"] or 1 if self.form["inputs"] == "numbers" else None

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The symbols of the targets; empty before they are found."""
        return None if self.form["targets"] == "numbers" else self.form["labels"] or ()

    @property
    def outputs(self) -> int:
        """Numbers in a target step."""
        return self.form["target_size"] or 1

    @property
    def per(self) -> Per | None:
        """How many targets a sequence has; None before it is found."""
        found: Per | None = self.form["per"]
        return found

    def load(self) -> SeriesSplits:
        """Read the files, draw the splits that have none, and convert the steps.

        Raises: InputError: with file and line, for a file that cannot be read, and for all rows of
            a file whose steps do not fit.
        """
        train, dev = self._series("train"), self._series("dev")
        test = self._series("test") if "test" in self._splits else train[:0]
        return SeriesSplits(train, dev, test, {})

    def resolve(self, splits: SeriesSplits) -> dict[str, Any]:
        """Return the form of the steps and the files' absolute paths; log what was found."""
        for line in self._report():
            log.info("%s", line)
        for line in self._decimals():
            log.warning("%s", line)
        named = {split for split, file in self.files.items() if file}
        found: dict[str, Any] = {split: str(self._path(split).absolute()) for split in named}
        for name in needed(self._found):
            value = self._found[name]
            found[name] = list(value) if isinstance(value, tuple) else value
        return found

    def _path(self, split: str) -> Path:
        """Return the file that a split is read or drawn from."""
        file = self.files[split] or self.files["train"]
        if file is None:
            raise InputError("data.train is not set; name your file with data.train=FILE")
        return Path(file).expanduser()

    @cached_property
    def _rows(self) -> dict[str, list[Row]]:
        """The rows of each file, by the split that names it."""
        named = [split for split, file in self.files.items() if file or split == "train"]
        return {split: read_sequences(self._path(split), self.columns) for split in named}

    @cached_property
    def _kinds(self) -> dict[str, Any]:
        """The form of the steps without symbols and labels; what is missing is found."""
        form, rows, path = dict(self.form), self._rows["train"], self._path("train")
        form["per"] = form["per"] or targets_per(path, rows)
        for kind, size in KINDS.items():
            steps = [step for row in rows for step in row.steps[kind]]
            if not steps:
                raise InputError(f"{path}: {self.columns[kind]}: no row has a step")
            if form[kind] is None:
                form[kind] = kind_of(
                    path, rows, kind, self.columns[kind], form["per"], self.decimal
                )
            if form[kind] == "numbers" and form[size] is None:
                form[size] = (
                    len(numbers_of(steps[0], self.decimal))
                    if is_numeric(steps[0], self.decimal)
                    else 1
                )
        if form["targets"] == "numbers" and form["per"] == "any":
            others = most_rows(rows)[1]  # none where the user chose data.per=any for regular rows
            fault, remedy = (
                (f"{path}:{others[0].line}: {others[0].counts()}", "correct the row")
                if others
                else (f"{path}: data.per is any", "leave data.per out")
            )
            raise InputError(
                f"{fault}; targets that are numbers must be one a step or one a sequence: "
                f"{remedy}, or choose data.targets=symbols"
            )
        return form

    @cached_property
    def _splits(self) -> dict[str, list[Row]]:
        """The rows of each split that has a file or a share, in the order of the file."""
        rows = self._rows["train"]
        wanted = {
            split: max(1, round(share * len(rows))) for split, share in self.shares.items() if share
        }
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(repr(row.steps["inputs"]), []).append(row)
        equal = list(groups.values())
        drawn: dict[str, list[Row]] = {"train": [], **{split: [] for split in wanted}}
        classes = self._kinds["targets"] == "symbols"
        seen: set[str] = set()  # labels in train
        for number in np.random.default_rng(self.seed).permutation(len(equal)):
            group = equal[number]
            labels = {str(step) for row in group for step in row.steps["targets"] if classes}
            open_splits = [split for split in wanted if len(drawn[split]) < wanted[split]]
            split = open_splits[0] if open_splits and labels <= seen else "train"
            drawn[split] += group
            seen |= labels if split == "train" else set()
        for split, found in drawn.items():
            if not found:
                shares = " and ".join(f"data.split.{name}" for name in wanted)
                raise InputError(
                    f"{self._path('train')}: {plural(len(rows), 'row')} are too few: none is left "
                    f"for {split}; add rows, name a file (data.{split}=FILE), or change {shares}"
                )
            found.sort(key=lambda row: row.line)
        return self._rows | drawn

    @cached_property
    def _found(self) -> dict[str, Any]:
        """The form of the steps; symbols and labels that are not given are those of train."""
        form = dict(self._kinds)
        for kind, names in (("inputs", "symbols"), ("targets", "labels")):
            if form[kind] == "symbols" and form[names] is None:
                found: set[str] = set()
                for symbols in self._convert("train", partial(self._steps, kind, symbol_of)):
                    found.update(symbols)
                form[names] = ordered(found)
        classes = form["targets"] == "symbols" and form["per"] != "any"
        if classes and self.form["labels"] is None and len(form["labels"]) < 2:
            raise InputError(
                f"{self._path('train')}: {self.columns['targets']}: every target in train is "
                f"{form['labels'][0]!r}; expected two labels or more"
            )
        return form

    def _convert(self, split: str, convert: Callable[[Row], T]) -> list[T]:
        """Convert the rows of a split; raise InputError that names all bad ones."""
        path = self._path(split)
        bad, found = BadRows(path), []
        for row in self._splits[split]:
            try:
                found.append(convert(row))
            except ValueError as error:
                bad.add(f"{path}:{row.line}: {error}")
        bad.check()
        return found

    def _steps(self, kind: str, convert: Callable[[Any], T], row: Row) -> list[T]:
        """Convert the steps of a column; add column and step to the message of a ValueError."""
        found: list[T] = []
        try:
            for step in row.steps[kind]:
                found.append(convert(step))
        except ValueError as error:
            raise ValueError(f"{self.columns[kind]}: step {len(found) + 1}: {error}") from None
        return found

    @cached_property
    def _examples(self) -> dict[str, list[tuple[list[Any], list[Any]]]]:
        """The converted inputs and targets of each split."""
        form = self._found
        convert_input = self._converter("inputs", form["symbols"])
        convert_target = self._converter("targets", form["labels"])

        def example(row: Row) -> tuple[list[Any], list[Any]]:
            inputs = self._steps("inputs", convert_input, row)
            targets = self._steps("targets", convert_target, row)
            expected = {"step": len(inputs), "sequence": 1, "any": len(targets)}[form["per"]]
            if len(targets) != expected:
                raise ValueError(
                    f"{row.counts()}; expected {expected}, {PER[form['per']]} (data.per is "
                    f"{form['per']}{'' if self.form['per'] else ', as found in train'})"
                )
            return inputs, targets

        return {split: self._convert(split, example) for split in self._splits}

    def parse_input(self, text: str) -> Sequence[Any]:
        """Return the steps of a value as it stands in the file; JSON lists are read, too.

        Raises: ValueError: for an empty text, a symbol that train lacks, or a wrong number.
        """
        steps = steps_of(_json_list(text), empty=False)
        if self.form["inputs"] == "symbols":
            return indices_of([symbol_of(step) for step in steps], self.symbols or ())
        numbers = check_numbers(steps, self.inputs or 1, self.decimal)
        rows: list[list[float]] = self._scale(0).apply(np.array(numbers)).tolist()
        return rows

    def format_input(self, steps: NDArray[Any]) -> str:
        """Return the steps as they stand in the file, with spaces between."""
        if self.symbols is None:
            return format_numbers(self._scale(0).undo(steps))
        names = (*self.symbols, UNKNOWN)
        return " ".join(names[step] for step in steps.tolist())

    def format_output(self, steps: NDArray[Any]) -> str:
        """Return the steps as they stand in the file, with spaces between."""
        if self.labels is None:
            return format_numbers(self.unscaled(steps))
        return " ".join(self.labels[step] for step in steps.tolist())

    def unscaled(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        """Return targets or outputs that are numbers in the file's unit, (T, O)."""
        return self._scale(1).undo(steps)

    def _scale(self, column: int) -> Scale:
        """Return the scale of inputs (0) or targets (1); only a scale reads train again."""
        return self._scales[column] if self.scale else Scale(0.0, 1.0)

    @cached_property
    def _scales(self) -> tuple[Scale, Scale]:
        """The scales of inputs and targets, fitted to train."""
        scales = []
        for column, kind in enumerate(KINDS):
            if self._found[kind] == "symbols" or not self.scale:
                scales.append(Scale(0.0, 1.0))
                continue
            steps = np.concatenate([example[column] for example in self._examples["train"]])
            deviation = steps.std(axis=0)
            if kind == "targets" and not deviation.any():
                raise InputError(
                    f"{self._path('train')}: {self.columns[kind]}: every target in train is "
                    f"{', '.join(f'{value:g}' for value in steps[0])}; there is nothing to learn"
                )
            scales.append(Scale(steps.mean(axis=0), np.where(deviation > 0, deviation, 1)))
        inputs, targets = scales
        return inputs, targets

    def _series(self, split: str) -> Series:
        """Scale the numbers of a split; symbols stay as they are."""
        columns: list[Any] = []
        for column, (kind, scale) in enumerate(zip(KINDS, self._scales, strict=True)):
            sequences: list[Any] = [example[column] for example in self._examples[split]]
            if self._found[kind] == "numbers":
                sequences = [scale.apply(np.array(steps)) for steps in sequences]
            columns.append(sequences)
        return Series.of(zip(*columns, strict=True))

    def errors(self, split: Series, outputs: NDArray[np.float32]) -> dict[str, float]:
        """Return the errors of numbers in the file's unit; none for symbols.

        Args: outputs: (targets, numbers), scaled as the targets of the split.
        """
        if self._found["targets"] == "symbols":
            return {}
        scale = self._scales[1]
        output, target = scale.undo(outputs), scale.undo(split.targets)
        return {"mae": mae(output, target), "rmse": rmse(output, target)}

    def baselines(self, split: Series) -> dict[str, dict[str, float]]:
        """Return the errors of train's mean as the output for every target that is a number."""
        if self._found["targets"] == "symbols":
            return {}
        train = np.concatenate([targets for _, targets in self._examples["train"]])
        mean = self._scales[1].apply(train.mean(axis=0))
        return {"train_mean": self.errors(split, np.broadcast_to(mean, split.targets.shape))}

    def _converter(self, kind: str, names: tuple[str, ...] | None) -> Callable[[Any], Any]:
        """Return what converts a step to numbers, or to the index of its symbol."""
        if self._found[kind] == "numbers":
            size = self._found[KINDS[kind]]

            def numbers(step: Any) -> tuple[float, ...]:
                try:
                    found = numbers_of(step, self.decimal)
                except ValueError as error:
                    raise ValueError(f"{error}; or choose data.{kind}=symbols") from None
                if len(found) != size:
                    commas = {len(found), size} == {1, 2} and self.decimal == "."
                    hint = "; for decimal commas choose data.decimal=comma" if commas else ""
                    raise ValueError(
                        f"{plural(len(found), 'number')}; expected {size} "
                        f"(data.{KINDS[kind]}){hint}"
                    )
                return found

            return numbers
        indices = {name: index for index, name in enumerate(names or ())}
        if kind == "inputs":
            return lambda step: indices.get(symbol_of(step), len(indices))  # the last is unknown

        def label(step: Any) -> int:
            symbol = symbol_of(step)
            if symbol not in indices:
                shown = ", ".join(list(indices)[:FEW]) + (", …" if len(indices) > FEW else "")
                if self.form["labels"]:
                    raise ValueError(f"{symbol!r}, expected one of data.labels: {shown}")
                raise ValueError(
                    f"{symbol!r} does not occur in train, whose targets are {shown}; correct it, "
                    "or list all targets: data.labels=[…]"
                )
            return indices[symbol]

        return label

    def _report(self) -> Iterator[str]:
        """Yield lines about what was found in the files."""
        form, rows = self._found, self._splits
        inputs, targets = (
            f"{plural(form[KINDS[kind]], 'number')} a step"
            if form[kind] == "numbers"
            else plural(len(form[names]), "symbol")
            for kind, names in (("inputs", "symbols"), ("targets", "labels"))
        )
        path, per = self._path("train"), PER[form["per"]]
        yield f"{path}: inputs of {inputs}; targets of {targets}, {per}"
        if form["per"] == "any" and self.form["per"] is None:
            row = most_rows(self._rows["train"])[1][0]
            yield f"{path}:{row.line}: {row.counts()}; data.per=step makes such rows an error"
        if form["targets"] == "numbers" and self.form["targets"] is None:
            values = {str(step) for row in rows["train"] for step in row.steps["targets"]}
            if len(values) <= FEW and all(map(is_whole, values)):
                yield (
                    f"{path}: the targets are {plural(len(values), 'whole number')}; choose "
                    "data.targets=symbols if they are classes"
                )
        for split in ("dev", "test"):
            if form["inputs"] == "symbols" and split in rows:
                yield from self._unknown(split, set(form["symbols"]))

    def _decimals(self) -> Iterator[str]:
        """Yield a line about each column that may hold decimal commas, read as pairs of numbers."""
        for kind, size in KINDS.items():
            rows = self._rows["train"]
            if self._found[kind] == "symbols" or self.form[size] or self.decimal == ",":
                continue
            if looks_decimal(step for row in rows for step in row.steps[kind]):
                yield (
                    f"{self._path('train')}: {self.columns[kind]}: each step is read as two whole "
                    f"numbers, {rows[0].steps[kind][0]!r} first; choose data.decimal=comma if they "
                    f"are decimal commas, or data.{size}=2 if not"
                )

    def _unknown(self, split: str, known: set[str]) -> Iterator[str]:
        """Yield a line about the input symbols of a split that train lacks, if any."""
        steps = [
            (row.line, step)
            for row in self._splits[split]
            for step in map(symbol_of, row.steps["inputs"])
        ]
        unknown = [(line, step) for line, step in steps if step not in known]
        if unknown:
            line, step = unknown[0]
            yield (
                f"{self._path(split)}:{line}: {len(unknown):,} of {plural(len(steps), 'step')} in "
                f"{split} are symbols that train lacks, {step!r} first; they are read as unknown"
            )


def needed(form: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the settings that describe steps of this form."""
    inputs = "input_size" if form["inputs"] == "numbers" else "symbols"
    targets = "target_size" if form["targets"] == "numbers" else "labels"
    return "inputs", "targets", "per", inputs, targets


def _json_list(text: str) -> Any:
    """Return the list of a text such as `["a", "b"]`, and any other text as it is."""
    if not text.lstrip().startswith("["):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, list) else text


def ordered(symbols: set[str]) -> tuple[str, ...]:
    """Sort symbols: whole numbers by value, all others as text."""
    return tuple(sorted(symbols, key=int if all(map(is_whole, symbols)) else None))
