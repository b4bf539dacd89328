"""`spinn draw RUN...`: runs as a picture; `spinn draw tree`: a tree as a picture, LaTeX or text."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinn.cli.support import compute_options, exit_codes
from spinn.errors import InputError
from spinn.files import write_atomically, write_text
from spinn.project import DEMO
from spinn.text import plural, printable_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinn.analysis.comparison.comparison import Comparison
    from spinn.analysis.comparison.records import RunRecord
    from spinn.analysis.plots import OutputPanel
    from spinn.training.loading import Run
    from spinn.trees.transitions import Parse

SHOWN = 100  # sequences of the test set, where each has one target
TREE = "tree"
PICTURES = (".png", ".pdf", ".svg")
LATEX = ".tex"
PACKAGES = ("forest", "tikz-qtree")  # of LaTeX
MOST_ROWS = 4  # whose scores are in the title
BREAKDOWNS = ("length", "depth")


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "draw",
        help="draw runs, or a tree, as a picture",
        usage="%(prog)s RUN [RUN ...] [--out FILE]\n"
        '       %(prog)s tree "( ( the cat ) sat )" [--out FILE] [--latex forest|tikz-qtree]\n'
        '       %(prog)s tree RUN --text "the cat sat" [--out FILE]',
        description="Draw the training of runs and their results on every set; runs that differ in "
        "nothing but the seed are one row. Or draw a tree: one in brackets, or the one that a run "
        "predicts.",
    )
    parser.set_defaults(further="words")
    parser.add_argument(
        "words",
        metavar="RUN",
        nargs="+",
        help="folders of runs or sweeps; or `tree`, and a tree in brackets or a run (a folder of "
        "the name tree is ./tree)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="ends in .png, .pdf or .svg; a tree also in .tex (default: RUN/run.png; a tree is "
        "printed)",
    )
    parser.add_argument("--text", help="the sentence that a run parses, with `tree RUN`")
    parser.add_argument(
        "--latex",
        choices=PACKAGES,
        help=f"the package of LaTeX for a tree in FILE.tex (default: {PACKAGES[0]})",
    )
    compute_options.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Draw, and print the path of the picture, or the tree."""
    if options.words[0] == TREE:
        _run_tree(options)
        return
    for name in ("text", "latex"):
        if vars(options)[name] is not None:
            raise InputError(f"--{name} is for trees: spinn draw tree …")
    if len(options.words) == 1 and (Path(options.words[0]) / "config.yaml").is_file():
        path = draw(options.words[0], options.out)
    elif len(options.words) == 1 and options.out is None:
        path = draw(options.words[0])  # which names the error
    else:
        path = draw_several(options.words, options.out)
    print(printable_lines(f"drawn: {path}"))


def draw(folder: str | Path, out: Path | None = None) -> Path:
    """Draw a run, and return the path of the picture.

    A last line of `metrics.jsonl` that is incomplete is left out, with a warning.

    Raises: InputError: if the folder is not a finished run, `out` is not a picture, or matplotlib
        is missing.
    """
    from spinn.tasks.sequence_tasks import SequenceRegression
    from spinn.training.loading import load_run

    if out is not None:
        _check_out(out, PICTURES)
    plots = _plots()
    loaded = load_run(folder)
    path = out or loaded.folder.path / "run.png"
    lines, warning = loaded.folder.read_metrics()
    if warning is not None:
        exit_codes.warn(warning)
    if not lines:
        raise InputError(f"{loaded.folder.metrics} has no evaluation; resume the run first")
    results = loaded.folder.read_results()
    form = path.suffix[1:]
    sets = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    sets = {name: values for name, values in sets.items() if values is not None}
    title = _title(loaded, sets)
    if isinstance(loaded.task, SequenceRegression):
        panel = _test_panel(loaded)
        write_atomically(
            path, lambda draft: plots.draw_regression(lines, panel, draft, title=title, suffix=form)
        )
    else:
        bins = _breakdowns_of_run(loaded.folder.path)
        write_atomically(
            path,
            lambda draft: plots.draw_results(
                lines, sets, draft, title=title, bins=bins, suffix=form
            ),
        )
    return path


def draw_several(folders: Sequence[str | Path], out: Path | None) -> Path:
    """Draw several runs over each other, and return the path of the picture.

    Args: folders: of runs or sweeps.

    Raises: InputError: if `out` is None or not a picture, there is no finished run, the runs have
        no metric in common, or a library is missing.
    """
    if out is None:
        raise InputError(
            f"{plural(len(folders), 'folder')}: name the picture of several runs with --out FILE, "
            f"which ends in {', '.join(PICTURES)}"
        )
    _check_out(out, PICTURES)
    plots = _plots()
    from spinn.analysis.comparison.comparison import compare
    from spinn.analysis.comparison.records import find_runs
    from spinn.training.run_folder import RunFolder

    records, left_out = find_runs(map(Path, folders))
    comparison = compare(records, left_out)
    for path, reason in comparison.left_out:
        exit_codes.warn(f"not drawn: {path}: {reason}")
    for row in comparison.rows:
        for record in row.runs:
            metrics = RunFolder(record.path)
            if metrics.metrics.is_file():
                _, warning = metrics.read_metrics()
                if warning is not None:
                    exit_codes.warn(warning)
    bins, title = _breakdowns(comparison), _title_of_rows(comparison)
    write_atomically(
        out,
        lambda draft: plots.draw_rows(
            comparison, draft, title=title, bins=bins, suffix=out.suffix[1:]
        ),
    )
    return out


def _plots() -> Any:
    """Return the module that draws runs.

    Raises: InputError: if matplotlib or scipy is missing.
    """
    try:
        from spinn.analysis import plots
    except ImportError as error:
        raise InputError(
            f'pictures need matplotlib and scipy: pip install "spinn[compare]" ({error})'
        ) from error
    return plots


def _check_out(out: Path, suffixes: Sequence[str]) -> None:
    """Raise InputError unless a picture of these formats can be written there."""
    if out.suffix not in suffixes or out.is_dir():
        expected = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
        raise InputError(f"--out {out}; expected the name of a file that ends in {expected}")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.parent}")


def _title(loaded: Run, sets: dict[str, Any]) -> str:
    """Return model, data and seed of a run, and its score."""
    from spinn.analysis.comparison.comparison import METRICS, formatter
    from spinn.analysis.comparison.drawing import score_name
    from spinn.analysis.plots import main_set

    config = loaded.config
    title = f"{loaded.model_name} on {config.names.data}, seed {config.seed}"
    name = main_set(list(sets))
    metric = next((kind for kind in METRICS if sets[name].get(kind) is not None), None)
    if metric is None:
        return title
    return f"{title}: {score_name(metric)} {formatter(metric)(sets[name][metric])} on {name}"


def _title_of_rows(comparison: Comparison) -> str:
    """Return data and metric of several rows; of few rows, a line with seeds and score of each."""
    from spinn.analysis.comparison.comparison import formatter
    from spinn.analysis.comparison.drawing import score_name
    from spinn.analysis.plots import main_set

    name, show = main_set(comparison.sets), formatter(comparison.metric)
    records = [run for row in comparison.rows for run in row.runs]
    data = ", ".join(dict.fromkeys(str(run.settings.get("names.data")) for run in records))
    lines = [f"{data}: {score_name(comparison.metric)} on {name}, mean and 95 % interval"]
    for number, row in enumerate(comparison.rows):
        cell = comparison.cells.get((number, name))
        if cell is not None and len(comparison.rows) <= MOST_ROWS:
            interval = cell.interval
            ends = f" [{show(interval[0])}, {show(interval[1])}]" if interval is not None else ""
            seeds = ", ".join(map(str, row.seeds))
            word = "seed" if len(row.seeds) == 1 else "seeds"
            lines.append(f"{row.name}, {word} {seeds}: {show(cell.mean)}{ends}")
    return "\n".join(lines)


def _breakdowns_of_run(folder: Path) -> list[dict[str, Any]]:
    """Return the breakdowns of one run; none if its predictions are missing or damaged."""
    from spinn.analysis.comparison.comparison import compare
    from spinn.analysis.comparison.records import read_run

    try:
        record: RunRecord = read_run(folder)
        return _breakdowns(compare([record]))
    except InputError:  # results of an earlier version; the other panels need less
        return []


def _breakdowns(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the score by length and by depth, as far as the predictions have the columns."""
    from spinn.analysis.comparison.breakdowns import breakdown, default_breakdowns

    sets = [name for name in comparison.sets if name != "dev"] or ["dev"]
    found = default_breakdowns(comparison, sets)
    entries = [breakdown(comparison, by, sets) for by in BREAKDOWNS if by in found]
    return [entry for entry in entries if len(entry["bins"]) > 1]


def _test_panel(loaded: Run) -> OutputPanel:
    """Return target and output for the first test sequence, or for a whole series."""
    import torch

    from spinn.analysis.plots import OutputPanel
    from spinn.data.sequences.forecast import Forecast
    from spinn.training.batches import Batches
    from spinn.training.evaluation import predict_sequences

    dataset = loaded.dataset
    test = dataset.load().test
    if not len(test):
        raise InputError(f"{loaded.folder.path}: the run has no test set to draw")
    of_steps = loaded.task.per == "step"
    if not isinstance(dataset, Forecast):
        test = test[:1] if of_steps else test[:SHOWN]
    batches = Batches(loaded.task.prepare(test, loaded.vocabulary), batch_size=256)
    predicted = predict_sequences(loaded.task, batches, torch.device("cpu")).numpy()
    if not isinstance(dataset, Forecast):
        return OutputPanel(
            title="A sequence of the test set" if of_steps else "The test set, by sequence",
            target=test.targets.ravel(),
            output=predicted.ravel(),
        )
    target, output = dataset.joined(predicted)
    return OutputPanel(
        title="The test set, window by window",
        target=target,
        output=output,
        seasonal=dataset.joined(dataset.seasonal_naive(test))[1],
        name=dataset.column or "value",
        scaled=True,
    )


def _run_tree(options: argparse.Namespace) -> None:
    """Read or predict a tree; print it, or write it as a picture or LaTeX."""
    if options.out is not None:
        _check_out(options.out, (*PICTURES, LATEX))
    if options.latex is not None and (options.out is None or options.out.suffix != LATEX):
        raise InputError(f"--latex {options.latex}: name the file with --out FILE{LATEX}")
    parse = _read_tree(options)
    from spinn.analysis import tree_text

    if options.out is None:
        print(tree_text.tree_text(parse))
        return
    out = options.out
    if out.suffix == LATEX:
        write_text(out, tree_text.tree_latex(parse, options.latex or PACKAGES[0]))
    else:
        _plots()
        from spinn.analysis.tree_drawing import draw_tree

        write_atomically(out, lambda draft: draw_tree(parse, draft, suffix=out.suffix[1:]))
    print(printable_lines(f"drawn: {out}"))


def _read_tree(options: argparse.Namespace) -> Parse:
    """Return the tree in brackets, or the one that a run predicts for `--text`.

    Raises: InputError: for no or several trees, brackets that are no binary tree, or a run without
        predicted trees.
    """
    from spinn.trees.transitions import parse_brackets

    expected = 'expected a tree, "( ( the cat ) sat )", or a run and --text "the cat sat"'
    if len(options.words) != 2:
        given = plural(len(options.words) - 1, "argument")
        raise InputError(f"draw tree: {given} after `tree`; {expected}; quote the tree")
    source, text = options.words[1], options.text
    if source == DEMO.name or os.path.isdir(source):  # noqa: PTH112 - False for a text too long for a path
        if text is None:
            raise InputError(f'draw tree {source}: no sentence; give it with --text "the cat sat"')
        return _predicted_tree(options, text)
    if text is not None:
        raise InputError(f"draw tree {source!r} --text: no such folder; {expected}")
    try:
        return parse_brackets(source)
    except ValueError as error:
        raise InputError(f"draw tree {source!r}: {error}; {expected}") from error


def _predicted_tree(options: argparse.Namespace, text: str) -> Parse:
    """Return the tree that a run predicts for the words of a text.

    A text in brackets is one tree: of its words alone for a run that predicts trees, as it is
    drawn for another run.
    """
    from spinn.data.dataset import TextDataset
    from spinn.text import split_words
    from spinn.training.evaluation import encoder_trees
    from spinn.training.loading import load_run
    from spinn.trees.transitions import Parse, parse_brackets, right_branching

    loaded = load_run(options.words[1])
    bracketed = text.lstrip().startswith("( ")
    try:
        words = parse_brackets(text).words if bracketed else split_words(text)
    except ValueError as error:
        raise InputError(f"--text {text!r}: {error}") from error
    encoder = loaded.task.encoder
    if not isinstance(loaded.dataset, TextDataset) or encoder.tree_source != "predicted":
        if bracketed and isinstance(loaded.dataset, TextDataset):
            return parse_brackets(text)
        raise InputError(
            f"draw tree {options.words[1]}: its encoder, {loaded.model_name}, predicts no trees; "
            "expected a run of model=spinn, rl_spinn or gumbel_treelstm, or a tree in brackets"
        )
    compute_options.use(options, loaded)
    plain = Parse(tuple(words), right_branching(len(words)))
    (transitions,) = encoder_trees(encoder, [plain], loaded.vocabulary, 1)
    return Parse(plain.words, transitions)
