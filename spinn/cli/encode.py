"""`spinn encode RUN`: the vectors of sentences, as a NumPy file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.cli.support import compute_options, tree_options
from spinn.cli.support.input_examples import LONGEST_LINE, SHOWN
from spinn.errors import InputError
from spinn.files import write_atomically
from spinn.text import printable, printable_lines

if TYPE_CHECKING:
    from spinn.data.text.tree_source import TreeSource
    from spinn.trees.transitions import Parse


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "encode",
        help="the vectors of sentences, as a NumPy file",
        usage="%(prog)s [options] RUN --file FILE --out VECTORS.npz",
        description="Write the vector of each sentence of a text file, one per line: plain text, "
        "or a tree in brackets. A .npz file has the arrays `vectors` (B, D) and `sentences` (B,), "
        "a .npy file the vectors alone.",
    )
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run")
    parser.add_argument(
        "--file", type=Path, required=True, help="a sentence per line (plain or .gz)"
    )
    parser.add_argument("--out", type=Path, required=True, help="a file .npz or .npy")
    tree_options.add_to(parser)
    parser.add_argument(
        "--batch-size", type=int, default=256, help="sentences in a batch (default: %(default)s)"
    )
    compute_options.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Encode all sentences, and write their vectors."""
    compute_options.check(options)
    if options.batch_size < 1:
        raise InputError(f"--batch-size is {options.batch_size}; expected 1 or more")
    out: Path = options.out
    if out.suffix not in (".npz", ".npy"):
        raise InputError(f"--out {out}: expected a name that ends with .npz or .npy")
    if not out.resolve().parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.resolve().parent}")
    import numpy as np

    from spinn.tasks.text_task import TextTask
    from spinn.training.evaluation import encode
    from spinn.training.loading import load_run

    loaded = load_run(options.folder)
    if not isinstance(loaded.task, TextTask):
        raise InputError(
            f"{options.folder} was trained on {loaded.dataset.describe()}; encode is for sentences"
        )
    choice = tree_options.choose_trees(loaded, options.trees, options.parser_url)
    device = compute_options.use(options, loaded)
    texts, parses = [], []
    for text, parse in _sentences(options.file, choice.source()):
        texts.append(text)
        parses.append(parse)
    vectors = encode(loaded.task.encoder, parses, loaded.vocabulary, options.batch_size, device)

    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            if out.suffix == ".npy":
                np.save(file, vectors, allow_pickle=False)
            else:
                np.savez_compressed(file, vectors=vectors, sentences=np.array(texts, dtype=str))

    write_atomically(out, write)
    size = f"{len(vectors):,} vectors of {vectors.shape[1]} numbers"
    print(printable_lines(f"written: {out} ({size})"))


def _sentences(path: Path, source: TreeSource) -> Iterator[tuple[str, Parse]]:
    """Yield the lines of a file, and the sentences.

    Raises: InputError: at a line that is no sentence, or if there is none.
    """
    from spinn.data.text.readers.rows import raw_lines

    number = 0
    for number, line in raw_lines(path, LONGEST_LINE):
        try:
            text = line.decode("utf-8").strip()
            yield text, source.read(text)[0]
        except ValueError as error:  # also one of UTF-8
            shown = printable(line[:SHOWN].decode("utf-8", "replace"))
            raise InputError(f"{path}:{number}: {shown!r}: {error}") from error
    if not number:
        raise InputError(f"{path}: there is no sentence")
