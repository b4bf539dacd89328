"""`spinn compare`: which runs are a row, what is tested, and what the tables show."""

import csv
import io
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
import run_folders
import yaml
from scipy import stats

from spinn.analysis.comparison import statistics
from spinn.analysis.comparison.comparison import Comparison, compare, summary
from spinn.analysis.comparison.records import find_runs
from spinn.analysis.comparison.tables import (
    Table,
    difference_table,
    latex,
    long_csv,
    markdown,
    results_table,
    tables,
    terminal,
)
from spinn.cli import main
from spinn.data.predictions import Predictions
from spinn.errors import InputError
from spinn.training.old_runs import FORMAT

GOLD = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])


def write_run(
    folder: Path,
    *,
    model: str = "lstm",
    seed: int = 1,
    wrong: int = 2,
    settings: dict[str, Any] | None = None,
    fingerprint: str = "data",
    sets: tuple[str, ...] = ("test",),
    predictions: bool = True,
    gold: np.ndarray = GOLD,
) -> Path:
    """Write the folder of a run whose first examples of every set are wrong."""
    folder.mkdir(parents=True)
    encoder = "recurrent.Recurrent" if model == "lstm" else "spinn_pi.SPINNPI"
    config: dict[str, Any] = {
        "format": FORMAT, "seed": seed, "run": str(folder),
        "names": {"model": model, "data": "natlog", "experiment": None},
        "model": {"_target_": f"spinn.encoders.{encoder}", "hidden_size": 8},
        "task": {"_target_": "spinn.tasks.classification.Classification", "sentences": "both"},
        "optimizer": {"name": "adamw", "lr": 0.002},
        "trainer": {"epochs": 6, "threads": None},
        "data": {"root": "data", "trees": "gold"},
    }  # fmt: skip
    for key, value in (settings or {}).items():
        section, _, name = key.rpartition(".")
        (config[section] if section else config)[name] = value
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    predicted = gold.copy()
    predicted[:wrong] = (predicted[:wrong] + 1) % 3
    accuracy = float((predicted == gold).mean())
    result = {"accuracy": accuracy, "macro_f1": accuracy / 2, "loss": 1.0, "examples": len(gold)}
    results = {
        "format": FORMAT, "model": model, "data": "natlog", "seed": seed, "parameters": 1234,
        "dev_score": accuracy, "train_seconds": 90.0, "sentences_per_second": 100.0,
        "dev": result, "test": result if "test" in sets else None,
        "tests": {name: result for name in sets if name != "test"}, "data_fingerprint": fingerprint,
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    if predictions:
        columns = {"gold": gold, "predicted": predicted, "words": np.full(len(gold), 5)}
        found = Predictions(("a", "b", "c"), fingerprint, dict.fromkeys(("dev", *sets), columns))
        found.save(folder / "predictions.npz")
    return folder


def compared(root: Path, **options: Any) -> Comparison:
    runs, left_out = find_runs([root])
    return compare(runs, left_out, **options)


def names(comparison: Comparison) -> list[str]:
    return [row.name for row in comparison.rows]


def test_runs_that_differ_in_the_seed_alone_are_one_row(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        write_run(tmp_path / f"lstm{seed}", seed=seed, wrong=seed + 3)
        write_run(tmp_path / f"spinn{seed}", model="spinn", seed=seed, wrong=seed,
                  settings={"model.hidden_size": 16, "trainer.threads": seed})  # fmt: skip
    found = compared(tmp_path)
    assert names(found) == ["lstm", "spinn"]  # by their score on dev
    assert [row.seeds for row in found.rows] == [[1, 2, 3], [1, 2, 3]]
    assert dict(found.rows[1].values) == {"model": "spinn"}
    assert found.baseline is found.rows[0]
    cell = found.cells[1, "test"]
    assert cell.values == [0.9, 0.8, 0.7]
    assert cell.mean == pytest.approx(mean(cell.values))
    assert cell.deviation == pytest.approx(stdev(cell.values))
    low, high = stats.t.interval(0.95, 2, 0.8, stdev(cell.values) / 3**0.5)
    assert cell.interval is not None
    assert tuple(cell.interval) == pytest.approx((low, high))


def test_the_columns_are_the_fewest_settings_that_tell_the_rows_apart(tmp_path: Path) -> None:
    for number, (rate, epochs, trees) in enumerate(
        [(0.001, 6, "gold"), (0.002, 6, "gold"), (0.004, 6, "left"), (0.004, 3, "gold")]
    ):
        changed = {"optimizer.lr": rate, "trainer.epochs": epochs, "data.trees": trees}
        write_run(tmp_path / f"run{number}", settings=changed, wrong=number)
    found = compared(tmp_path)
    assert {key for row in found.rows for key in row.values} == {"data.trees", "optimizer.lr"}
    assert names(found) == ["lr=0.004", "trees=left, lr=0.004", "lr=0.002",
                            "lr=0.001"]  # fmt: skip


def test_a_value_that_most_rows_have_is_not_in_their_name(tmp_path: Path) -> None:
    write_run(tmp_path / "a", model="spinn", wrong=0)
    write_run(tmp_path / "b", model="bow", wrong=1)
    write_run(tmp_path / "c", model="bow", wrong=2, settings={"task.sentences": "hypothesis"})
    assert names(compared(tmp_path)) == ["bow, sentences=hypothesis", "bow", "spinn"]


def test_by_mixes_runs_and_says_so(tmp_path: Path) -> None:
    for seed, rate in ((1, 0.001), (2, 0.002)):
        write_run(tmp_path / f"run{seed}", seed=seed, settings={"optimizer.lr": rate})
    found = compared(tmp_path, by=["model"])
    assert len(found.rows) == 1
    assert "lstm mixes runs that differ in optimizer.lr" in found.notes
    with pytest.raises(InputError, match=r"--by optimizer.lrr: did you mean 'optimizer.lr'"):
        compared(tmp_path, by=["optimizer.lrr"])


def test_a_repeated_run_counts_once(tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    write_run(tmp_path / "two", settings={"data.root": "elsewhere"})
    found = compared(tmp_path)
    assert found.rows[0].seeds == [1]
    assert [(left.path.name, left.reason.split(":")[0]) for left in found.left_out] == [
        ("two", f"repeats {tmp_path / 'one'}")
    ]


def test_unfinished_and_damaged_runs_are_listed(tmp_path: Path) -> None:
    write_run(tmp_path / "good")
    (write_run(tmp_path / "unfinished", seed=2) / "results.json").unlink()
    (write_run(tmp_path / "damaged", seed=3) / "results.json").write_text("{", encoding="utf-8")
    (write_run(tmp_path / "config", seed=4) / "config.yaml").write_text("{", encoding="utf-8")
    (tmp_path / "notes").mkdir()
    (tmp_path / "latest").symlink_to("good")
    found = compared(tmp_path)
    assert [row.seeds for row in found.rows] == [[1]]
    reasons = {left.path.name: left.reason for left in found.left_out}
    assert set(reasons) == {"unfinished", "damaged", "config"}
    assert reasons["unfinished"] == "not finished: no results.json"
    assert "Left out" in terminal(tables(summary(found)), width=100)


def test_a_folder_that_is_no_run_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(tmp_path / "nothing")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert main(["compare", str(tmp_path)]) == 2
    assert "neither the folder of a run nor one with runs" in capsys.readouterr().err
    (write_run(tmp_path / "one") / "results.json").unlink()
    assert main(["compare", str(tmp_path)]) == 2
    assert "no finished run to compare" in capsys.readouterr().err


def test_the_baseline_is_the_best_row_without_trees(tmp_path: Path) -> None:
    write_run(tmp_path / "a", wrong=4)
    write_run(tmp_path / "b", wrong=3, settings={"optimizer.lr": 0.1})
    write_run(tmp_path / "c", model="spinn", wrong=1)
    write_run(tmp_path / "d", model="treelstm", wrong=5)
    found = compared(tmp_path)
    assert found.baseline is not None
    assert found.baseline.name == "lstm, lr=0.1"
    other = compared(tmp_path, baseline="spinn").baseline
    assert other is not None
    assert other.name == "spinn"
    with pytest.raises(InputError, match="--baseline spin: did you mean 'spinn'"):
        compared(tmp_path, baseline="spin")


def test_the_tests_are_paired_by_example(tmp_path: Path) -> None:
    """Of ten examples, lstm has the first five wrong, and spinn the first one: 4 against 0."""
    write_run(tmp_path / "a", wrong=5)
    write_run(tmp_path / "b", model="spinn", wrong=1)
    test = compared(tmp_path).tests[1, "test"]
    assert test.difference == pytest.approx(0.4)
    assert test.p["mcnemar"] == pytest.approx(2 * 0.5**4)  # exact, of 4 discordant pairs
    assert test.p["seeds"] is None
    assert test.examples_interval is not None
    assert test.examples_interval.low < 0.4 < test.examples_interval.high
    assert test.both_interval is None


def test_one_seed_gives_no_interval_and_says_so(tmp_path: Path) -> None:
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", model="spinn", wrong=1)
    found = compared(tmp_path)
    assert found.cells[0, "test"].interval is None
    assert found.cells[0, "test"].deviation is None
    assert any(note.startswith("one seed only (every row)") for note in found.notes)
    assert results_table(summary(found)).rows[0][2] == "80.0"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"fingerprint": "other"}, "the data fingerprints differ"),
        ({"predictions": False}, "predictions.npz is missing"),
        ({"gold": np.roll(GOLD, 1)}, "other examples in test"),
    ],
)
def test_runs_on_other_examples_are_not_paired(
    changed: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    for seed in (1, 2):
        write_run(tmp_path / f"a{seed}", seed=seed, wrong=4 + seed)
        write_run(tmp_path / f"b{seed}", model="spinn", seed=seed, wrong=seed, **changed)
    found = compared(tmp_path)
    test = found.tests[1, "test"]
    assert (test.p["examples"], test.p["mcnemar"]) == (None, None)
    assert test.p["seeds"] is not None
    assert any("(every row)" in note and reason in note for note in found.notes)


def test_sets_that_a_row_lacks_are_empty_cells(tmp_path: Path) -> None:
    write_run(tmp_path / "a", sets=("test", "test_10", "test_2"))
    write_run(tmp_path / "b", model="spinn", wrong=1, sets=("test", "test_2"))
    found = compared(tmp_path)
    assert found.sets == ["dev", "test", "test_2", "test_10"]
    assert (1, "test_10") not in found.tests
    assert results_table(summary(found)).rows[1][5] == "–"


def test_another_metric(tmp_path: Path) -> None:
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", model="spinn", wrong=1)
    found = compared(tmp_path, metric="macro_f1")
    assert found.cells[0, "test"].mean == pytest.approx(0.4)
    assert found.tests[1, "test"].p["examples"] is None
    with pytest.raises(InputError, match="--metric macro: did you mean 'macro_f1'"):
        compared(tmp_path, metric="macro")


def test_the_best_run_on_dev_is_that_of_the_metric(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_run(tmp_path / f"run{seed}", seed=seed, wrong=seed)
    for metric, best in (("accuracy", "90.0"), ("macro_f1", "45.0"), ("loss", "1.000")):
        table = results_table(summary(compared(tmp_path, metric=metric)))
        assert table.rows[0][table.header.index("best dev")] == best


def test_runs_of_different_tasks_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "a")
    path = write_run(tmp_path / "b", seed=2) / "results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    results["dev"] = results["test"] = {"pearson": 0.8, "mse": 0.2}
    path.write_text(json.dumps(results), encoding="utf-8")
    with pytest.raises(InputError, match="no metric in common"):
        compared(tmp_path)


@pytest.fixture
def two_rows(tmp_path: Path) -> dict[str, Any]:
    for seed in (1, 2, 3):
        write_run(tmp_path / f"a{seed}", seed=seed, wrong=4 + seed, gold=np.tile(GOLD, 20))
        write_run(tmp_path / f"b{seed}", model="spinn_pi", seed=seed, wrong=seed,
                  gold=np.tile(GOLD, 20))  # fmt: skip
    return summary(compared(tmp_path))


def test_markdown_and_latex(two_rows: dict[str, Any]) -> None:
    table = results_table(two_rows)
    text = markdown(table)
    assert text.splitlines()[0].startswith("|  | seeds | dev | test | best dev |")
    assert "| lstm (baseline) | 3 | 97.0 ± 0.5 |" in text
    assert "| spinn_pi | 3 | 99.0 ± 0.5 *" in text
    assert r"spinn\_pi & 3 & 99.0 $\pm$ 0.5 *" in latex(table)
    assert latex(table).count(r"\\") == 3
    assert r"\toprule" in latex(table)


def test_csv_has_all_digits(two_rows: dict[str, Any]) -> None:
    lines = list(csv.DictReader(io.StringIO(long_csv(two_rows))))
    assert len(lines) == 4  # two rows on dev and test
    last = lines[-1]
    assert (last["row"], last["set"], last["seeds"]) == ("spinn_pi", "test", "1 2 3")
    assert float(last["mean"]) == pytest.approx(1 - 2 / 200)
    assert float(last["difference"]) == pytest.approx(4 / 200)
    expected = stats.ttest_ind([0.995, 0.99, 0.985], [0.975, 0.97, 0.965], equal_var=False)
    assert float(last["p_seeds"]) == pytest.approx(expected.pvalue)


def test_the_terminal_cuts_wide_tables_into_parts(two_rows: dict[str, Any]) -> None:
    wide, narrow = (terminal(tables(two_rows), width=width) for width in (200, 60))
    assert max(map(len, narrow.splitlines())) <= 60
    for cell in ("lstm (baseline)", "97.0 ± 0.5", "1,234", "sentences/s"):
        assert cell in wide
        assert cell in narrow
    assert "…" not in narrow


def test_the_difference_table(two_rows: dict[str, Any]) -> None:
    table = difference_table(two_rows)
    assert table is not None
    assert table.title == "Difference from lstm"
    assert table.rows[-1][:3] == ["spinn_pi", "test", "+2.0"]


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "runs" / "a")
    write_run(tmp_path / "runs" / "b", model="spinn", wrong=1)
    out = tmp_path / "a comparison"
    assert main(["compare", str(tmp_path / "runs"), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "lstm (baseline)" in printed
    assert f"written: {out}; open {out / 'index.html'}" in printed
    stored = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert main(["compare", str(tmp_path / "runs"), "--json"]) == 0
    printed_json = json.loads(capsys.readouterr().out)
    assert stored.items() >= printed_json.items()  # the folder has breakdowns, too
    for name in ("results.md", "results.tex", "results.csv"):
        assert "spinn" in (out / name).read_text(encoding="utf-8")
    assert main(["compare", str(tmp_path / "runs"), "--out", str(out)]) == 0  # its own folder
    assert main(["compare", str(tmp_path / "runs"), "--out", str(tmp_path / "runs")]) == 2
    assert "holds other files" in capsys.readouterr().err


def test_names_with_markup_are_printed_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "a", model="[red]x[/red]|y")
    assert main(["compare", str(tmp_path)]) == 0
    assert "[red]x[/red]|y" in capsys.readouterr().out
    assert r"[red]x[/red]\|y" in markdown(results_table(summary(compared(tmp_path))))


# How the statistics are used: each value is computed here by the textbook's formula.


def predicting(wrong: list[int]) -> np.ndarray:
    """Predictions of GOLD repeated, wrong at these places."""
    found = np.tile(GOLD, 10)
    found[wrong] = (found[wrong] + 1) % 3
    return found


def write_five_seeds(root: Path) -> dict[str, list[np.ndarray]]:
    """Three rows of five seeds on 100 examples; the best run on dev is the fourth of each."""
    rng = np.random.default_rng(1)
    gold = np.tile(GOLD, 10)
    correct: dict[str, list[np.ndarray]] = {}
    for model, share in (("lstm", 0.5), ("spinn", 0.3), ("treelstm", 0.45)):
        for seed in range(1, 6):
            wrong = rng.choice(100, int(100 * share) + seed, replace=False).tolist()
            dev = {"gold": gold, "predicted": predicting(list(range(40 - (seed == 4))))}
            columns = {"gold": gold, "predicted": predicting(wrong)}
            run_folders.write_run(
                root / f"{model}{seed}", {"dev": dev, "test": columns}, model=model, seed=seed
            )
            correct.setdefault(model, []).append(columns["predicted"] == gold)
    return correct


def test_the_tests_of_several_rows_and_seeds(tmp_path: Path) -> None:
    correct = write_five_seeds(tmp_path)
    found = compared(tmp_path, baseline="lstm")
    tests = {
        found.rows[row].name: test for (row, name), test in found.tests.items() if name == "test"
    }
    assert set(tests) == {"spinn", "treelstm"}
    expected = {}
    for model, test in tests.items():
        means = [[run.mean() for run in correct[name]] for name in (model, "lstm")]
        expected[model] = float(stats.ttest_ind(*means, equal_var=False).pvalue)
        assert test.p["seeds"] == pytest.approx(expected[model])
        # McNemar's exact test on the runs that are best on dev, the fourth of each row.
        ours, theirs = correct[model][3], correct["lstm"][3]
        only = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
        assert test.p["mcnemar"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
        assert test.both_interval is not None  # from five seeds on
        low, high = test.both_interval
        assert low < test.difference < high
        both = statistics.hierarchical_bootstrap(
            np.stack(correct[model]).astype(float), np.stack(correct["lstm"]).astype(float)
        )
        assert test.both_interval == pytest.approx(both)
    for kind in ("seeds", "examples", "mcnemar"):
        p = sorted((test.p[kind], name) for name, test in tests.items())
        first, second = p[0][0], p[1][0]
        assert first is not None
        assert second is not None
        holm = {p[0][1]: min(1, 2 * first), p[1][1]: max(min(1, 2 * first), second)}
        assert {n: t.adjusted[kind] for n, t in tests.items()} == pytest.approx(holm)
    assert any(test.adjusted["seeds"] != test.p["seeds"] for test in tests.values())


def test_numbers_are_tested_by_permutation_and_by_squared_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    gold = rng.normal(size=200)
    for model, noise in (("lstm", 1.0), ("treelstm", 0.3)):
        for seed in (1, 2):
            found = {"gold": gold, "predicted": gold + rng.normal(scale=noise, size=200)}
            run_folders.write_run(
                tmp_path / f"{model}{seed}", {"dev": found, "test": found}, model=model, seed=seed
            )
    (test,) = (t for (_, name), t in compared(tmp_path).tests.items() if name == "test")
    assert test.p["examples"] is not None
    assert test.p["examples"] < 0.01  # a permutation test of the correlations
    assert test.p["mcnemar"] is None
    (test,) = (
        t for (_, name), t in compared(tmp_path, metric="mse").tests.items() if name == "test"
    )
    assert test.unpaired == "mse is not compared example by example"


def test_the_accuracy_of_steps_is_not_paired_by_whole_sequences(tmp_path: Path) -> None:
    for model in ("lstm", "treelstm"):
        folder = write_run(tmp_path / model, model=model, predictions=False)
        columns = {"exact": np.arange(10) % 2 == 0, "words": np.full(10, 5)}
        Predictions((), "data", {"dev": columns, "test": columns}).save(folder / "predictions.npz")
    found = compared(tmp_path, metric="accuracy")
    (test,) = (t for (_, name), t in found.tests.items() if name == "test")
    assert test.unpaired == "the task stores whether a sequence is correct, not each of its steps"
    assert test.p["examples"] is None


def test_rows_have_names_of_their_own(tmp_path: Path) -> None:
    for number, (word, head) in enumerate([(0.0, 0.0), (0.2, 0.0), (0.0, 0.2)]):
        settings = {"model.dropout": word, "task.dropout": head}
        write_run(tmp_path / f"run{number}", settings=settings, wrong=number)
    found = sorted(names(compared(tmp_path)))
    assert found == ["lstm", "model.dropout=0.2", "task.dropout=0.2"]
    write_run(tmp_path / "text", settings={"model.dropout": "0.2", "task.dropout": 0.0}, wrong=3)
    found = names(compared(tmp_path))
    assert len(set(found)) == 4


def test_other_random_trees_are_no_repetition(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        write_run(tmp_path / f"run{seed}", settings={"data.tree_seed": seed}, wrong=seed)
    found = compared(tmp_path)
    assert [len(row.runs) for row in found.rows] == [3]
    assert not found.left_out


def test_a_correlation_that_is_not_defined_is_named(tmp_path: Path) -> None:
    gold = np.random.default_rng(3).normal(size=50)
    for model in ("lstm", "treelstm"):
        found = {"gold": gold, "predicted": gold + (model == "lstm")}
        run_folders.write_run(tmp_path / model, {"dev": found, "test": found}, model=model)
    file = tmp_path / "treelstm" / "results.json"
    results = json.loads(file.read_text())
    results["dev"]["pearson"] = results["test"]["pearson"] = None
    file.write_text(json.dumps(results))
    found = compared(tmp_path)
    assert found.metric == "pearson"
    assert "treelstm: pearson is not defined for treelstm, so for the row" in found.notes
    assert "pearson is not defined" in terminal(tables(summary(found)))


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        ("results.json", {"tests": None}, "'tests' is no table of test sets"),
        ("results.json", {"dev": None}, "'dev' holds no results"),
        ("results.json", {"dev_score": None}, "dev_score is None"),
        ("results.json", {"test": {"accuracy": float("nan")}}, "accuracy of test is nan"),
        ("config.yaml", {"seed": None}, "config.yaml has no seed"),
        ("config.yaml", "seed: 1\nformat: 3\nz: &z {a: *z}\n", "not a configuration"),
        ("config.yaml", "a: [", "not a configuration (while parsing"),
    ],
)
def test_a_malformed_run_is_left_out(
    tmp_path: Path, file: str, change: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "good")
    path = write_run(tmp_path / "bad", seed=2) / file
    if isinstance(change, str):
        path.write_text(change)
    else:
        path.write_text(json.dumps({**yaml.safe_load(path.read_text()), **change}))
    found = compared(tmp_path)
    assert [row.seeds for row in found.rows] == [[1]]
    (left_out,) = found.left_out
    assert reason in left_out.reason
    assert "\n" not in left_out.reason
    assert main(["compare", str(tmp_path)]) == 0


def test_aliases_that_expand_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "good")
    folder = write_run(tmp_path / "bad", seed=2)
    levels = [f"l{n}: &l{n} {{a: *l{n - 1}, b: *l{n - 1}}}" for n in range(1, 40)]
    text = "\n".join([f"format: {FORMAT}", "seed: 2", "l0: &l0 {a: 1}", *levels])
    (folder / "config.yaml").write_text(text)
    (left_out,) = compared(tmp_path).left_out
    assert left_out.reason == "config.yaml has more than 10,000 settings"


def test_a_damaged_file_of_predictions_costs_the_tests_alone(tmp_path: Path) -> None:
    for model in ("lstm", "treelstm"):
        write_run(tmp_path / model, model=model)
    (tmp_path / "lstm" / "predictions.npz").write_bytes(b"PK\x03\x04 damaged")
    found = compared(tmp_path)
    assert len(found.rows) == 2
    (test,) = (t for (_, name), t in found.tests.items() if name == "test")
    assert test.unpaired is not None
    assert "lstm/predictions.npz: damaged" in test.unpaired


def test_line_breaks_do_not_end_a_row(tmp_path: Path) -> None:
    table = Table("Left out", ["folder", "reason"], [["a\nb", "x | y"]], 2, ["one\ntwo"])
    assert r"| a b | x \| y |" in markdown(table)
    assert "% one two" in latex(table)
    assert r"a b & x | y \\" in latex(table)
