"""Inputs and outputs of sequences as text."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinn.data.dataset import SequenceDataset
from spinn.data.sequences.addition import Addition
from spinn.data.sequences.amplitude import Amplitude, WaveAmplitude
from spinn.data.sequences.numbers import NumberWords, WordsToDigits, words_of
from spinn.data.sequences.parity import Parity
from spinn.data.sequences.rewriting import Copy, Reverse
from spinn.data.sequences.sequence_table import SequenceTable

DATASETS: list[SequenceDataset] = [
    Addition(examples=20, held_out=5),
    Amplitude(held_out=2),
    WaveAmplitude(examples=5, held_out=2),
    NumberWords(examples=20, held_out=5),
    WordsToDigits(examples=20, held_out=5),
    Parity(examples=20, held_out=5),
    Copy(examples=20, held_out=5),
    Reverse(examples=20, held_out=5),
]


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: type(dataset).__name__)
def test_an_input_as_text_is_read_as_the_input(dataset: SequenceDataset) -> None:
    train = dataset.load().train
    for steps in np.split(train.inputs, np.cumsum(train.lengths)[:-1])[:5]:
        read = np.array(dataset.parse_input(dataset.format_input(steps)))
        if not isinstance(dataset, Addition):  # 01 + 10 is written 1 + 2, without leading zeros
            assert read.shape == steps.shape
        assert dataset.format_input(read) == dataset.format_input(steps)
        np.testing.assert_allclose(read, steps[: len(read)], atol=1e-5)


def test_numbers_and_their_words() -> None:
    data = WordsToDigits()
    symbols = data.symbols or ()
    for text in ("one hundred and seven", "One hundred-seven", " one  hundred, seven "):
        assert [symbols[step] for step in data.parse_input(text)] == words_of(107)
    assert data.format_output(np.array([1, 0, 7])) == "107"
    words = NumberWords(digits=4)
    (row,) = words.parse_input("1,023")
    assert np.flatnonzero(row).tolist() == [1, 10, 22, 33]
    labels = list(words.labels or ())
    assert words.format_output(np.array([labels.index(word) for word in ("one", "ten")])) == (
        "one ten"
    )


def test_sums() -> None:
    data = Addition()
    for left, right in ((0, 0), (3, 1), (19, 7), (255, 256)):
        steps = np.array(data.parse_input(f"{left}+{right}"))
        bits = [sum(int(bit) << n for n, bit in enumerate(column)) for column in steps.T]
        assert bits == [left, right]
        assert steps[-1].tolist() == [0, 0]
        assert data.format_input(steps) == f"{left} + {right}"
    assert data.parse_input("1,1 0,1") == [(1, 1), (0, 1)]
    assert data.format_output(np.array([0, 1, 1])) == "6"


@pytest.mark.parametrize(
    ("dataset", "text", "message"),
    [
        (Parity(), "0120", "step 3: '2' is no symbol of the run; expected 0, 1"),
        (Parity(), " ", "no steps; expected them with spaces between"),
        (Copy(), "ab x", "step 3: 'x' is no symbol of the run; expected a, b, c"),
        (
            WordsToDigits(),
            "one twelv",
            "step 2: 'twelv' is no symbol of the run; did you mean 'twelve'",
        ),
        (WordsToDigits(), "and", "no steps; expected them with spaces between"),
        (NumberWords(digits=3), "1234", "'1234'; expected a whole number from 0 to 999"),
        (NumberWords(), "-1", "'-1'; expected a whole number from 0 to 999,999"),
        (Addition(), "1 + x", r"'1 \+ x'; expected two whole numbers, such as 19 \+ 7"),
        (Addition(), "0,1 1", "step 2: 1 number; expected 2, such as 0,1, and spaces between"),
        (Addition(), "0,2", "step 1: 0,2; expected two bits, such as 0,1"),
        (Amplitude(), "0.5 x", "step 2: 'x', expected a number"),
        (Amplitude(), "0.5 nan", "step 2: 'nan', expected a finite number"),
        (Amplitude(), "1,2", "step 1: 2 numbers; expected 1, such as 0, and spaces between steps"),
    ],
)
def test_bad_inputs_are_named(dataset: SequenceDataset, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataset.parse_input(text)


def table(path: Path, rows: list[Any], **settings: Any) -> SequenceTable:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = SequenceTable(train=str(path), **settings)
    return SequenceTable(**{**settings, **found.resolve(found.load())})


def test_symbols_of_a_table(tmp_path: Path) -> None:
    rows = [
        {"inputs": ["a", "b c"][: 1 + n % 2] * (1 + n), "targets": [f"x{n % 2}"]} for n in range(20)
    ]
    data = table(tmp_path / "my rows.jsonl", rows, split={"dev": 0.2, "test": 0.0})
    assert data.symbols == ("a", "b c")
    (tmp_path / "my rows.jsonl").unlink()  # symbols are in the configuration
    assert data.parse_input('["b c", "a"]') == [1, 0]
    assert data.parse_input("a a") == [0, 0]
    assert data.format_input(np.array([0, 2])) == "a ?"
    assert data.format_output(np.array([1, 0])) == "x1 x0"
    with pytest.raises(ValueError, match="step 2: 'd' is no symbol of the run; expected a, b c"):
        data.parse_input("a d")


def test_numbers_of_a_table_are_in_its_unit(tmp_path: Path) -> None:
    rows = [{"inputs": [[n, 10 * n]], "targets": [100 + n]} for n in range(20)]
    data = table(tmp_path / "rows.jsonl", rows, split={"dev": 0.2, "test": 0.0})
    train = data.load().train
    text = data.format_input(train.inputs[:1])
    np.testing.assert_allclose(np.array(data.parse_input(text)), train.inputs[:1], rtol=1e-5)
    number = float(data.format_output(train.targets[:1]))
    assert number == pytest.approx(100 + float(text.split(",")[0]), rel=1e-5)
    with pytest.raises(ValueError, match="step 2: 1 number; expected 2, such as 0,1"):
        data.parse_input("1,2 3")
