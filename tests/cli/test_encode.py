"""`spinn encode`: the vectors of the sentences of a file."""

from pathlib import Path

import numpy as np
import pytest

import spinn
from spinn.cli import main

SENTENCES = ["some old dogs move", "( some ( old cats ) )", "dogs"]


def test_vectors_and_sentences_are_in_the_order_of_the_file(
    parsing_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "a file.txt", tmp_path / "vectors.npz"
    file.write_text("\n".join(SENTENCES) + "\n")
    arguments = ["encode", str(parsing_run), "--file", str(file), "--out"]
    assert main([*arguments, str(out)]) == 0
    assert capsys.readouterr().out == f"written: {out} (3 vectors of 16 numbers)\n"
    with np.load(out, allow_pickle=False) as found:
        assert found["sentences"].tolist() == SENTENCES
        vectors = found["vectors"]
    assert np.array_equal(vectors, spinn.load(parsing_run).encode(SENTENCES))
    assert main([*arguments, str(tmp_path / "vectors.npy"), "--batch-size", "1"]) == 0
    assert np.load(tmp_path / "vectors.npy") == pytest.approx(vectors, abs=1e-5)


@pytest.mark.parametrize(
    ("content", "out", "message"),
    [
        (b"dogs\n\n", "x.npz", "file.txt:2: '': "),
        (b"( dogs\n", "x.npz", "file.txt:1: '( dogs': "),
        (b"\xff\n", "x.npz", "file.txt:1: "),
        (b"", "x.npz", "file.txt: there is no sentence"),
        (b"dogs\n", "x.txt", "expected a name that ends with .npz or .npy"),
        (b"dogs\n", "no/x.npz", "there is no folder"),
    ],
)
def test_what_cannot_be_encoded_is_named(
    content: bytes, out: str, message: str, parsing_run: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "file.txt"
    file.write_bytes(content)
    arguments = [str(parsing_run), "--file", str(file), "--out", str(tmp_path / out)]
    assert main(["encode", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / out).exists()
