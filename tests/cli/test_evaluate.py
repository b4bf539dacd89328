import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Site
from omegaconf import DictConfig

from spinn.cli import main

Edit = Callable[[Callable[[DictConfig], None]], None]


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["evaluate", *arguments, "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_evaluate_reproduces_the_results_of_the_run(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluated(capsys, str(trained_run))
    results = json.loads((trained_run / "results.json").read_text())
    expected = {"dev": results["dev"], "test": results["test"], **results["tests"]}
    assert found["sets"].keys() == expected.keys()
    for name, metrics in expected.items():
        assert found["sets"][name]["confusion"] == metrics["confusion"]
        assert found["sets"][name]["loss"] == pytest.approx(metrics["loss"], rel=1e-5)


def test_a_run_with_limited_sets_is_evaluated_on_the_same_examples(
    train_tiny: Callable[..., Path], tmp_path: Path, tiny_data: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    run = train_tiny(tmp_path / "run", "model=lstm", "trainer.epochs=1", "data.evaluation_limit=7")
    results = json.loads((run / "results.json").read_text())
    found = evaluated(capsys, str(run))
    for name, metrics in {"dev": results["dev"], "test": results["test"]}.items():
        assert found["sets"][name]["examples"] == metrics["examples"] == 7
        assert found["sets"][name]["confusion"] == metrics["confusion"]
        assert found["read"][name]["evaluated"] == results["data_report"][name]["evaluated"] == 7
    assert main(["evaluate", str(run)]) == 0
    assert "the first 7 are evaluated (data.evaluation_limit)" in capsys.readouterr().out
    whole = evaluated(capsys, str(run), "data.evaluation_limit=null")
    assert whole["sets"]["dev"]["examples"] == 30
    file = evaluated(capsys, str(run), "--file", str(tiny_data / "test.jsonl"))
    assert file["sets"]["test.jsonl"]["examples"] == 30


def test_a_file_of_the_user_in_any_format(
    trained_run: Path, tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sick = tmp_path / "own.txt"
    sick.write_text("ENTAILMENT\t( dogs move )\t( dogs move )\nNEUTRAL\t( dogs stop )\tcats\n")
    snli = evaluated(capsys, str(trained_run), "--file", str(tiny_data / "test.jsonl"))
    assert snli["sets"]["test.jsonl"]["examples"] == 30
    found = evaluated(capsys, str(trained_run), "--file", str(sick), "--format", "sick")
    assert found["sets"]["own.txt"]["examples"] == 2


def test_a_format_without_a_file(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(trained_run), "--format", "sick"]) == 2
    shown = capsys.readouterr().err
    assert f"--format is for --file, and {trained_run} reads its own files as in training" in shown


@pytest.mark.parametrize("command", ["evaluate", "parse-eval"])
def test_help_shows_defaults_and_explains_bad_rows(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "raise stops and names it, skip leaves it out and counts it (default: raise)" in shown
    assert "in a batch (default: 256)" in shown


def test_data_in_a_new_folder(
    copied_run: Path, tiny_data: Path, edit_config: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    def move(config: DictConfig) -> None:
        config.data.root = "/nowhere"

    edit_config(move)
    for command in ("evaluate", "parse-eval"):
        assert main([command, str(copied_run)]) == 2
        shown = capsys.readouterr().err
        assert "data.root: no folder /nowhere" in shown
        assert "; give the new folder: --root FOLDER" in shown
    found = evaluated(capsys, str(copied_run), "--root", str(tiny_data))
    assert found["sets"]["test"]["examples"] == 30


def test_a_run_older_than_the_cache(
    copied_run: Path, edit_config: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_config(lambda config: config.data.pop("cache"))
    assert evaluated(capsys, str(copied_run))["sets"]["test"]["examples"] == 30


def test_trees_can_be_replaced(
    trained_run: Path, tiny_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tiny_data / "test.jsonl")
    found = evaluated(capsys, str(trained_run), "--file", file, "--trees", "balanced")
    assert found["trees"] == found["followed"] == "balanced"
    assert found["read"]["test.jsonl"]["trees"] == "balanced"


def test_a_parser_gives_the_trees_of_a_file(
    trained_run: Path, tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.files[""] = b'{"sentences": [{"parse": "(ROOT (S (NP dogs) (VP move)))"}]}'
    row = {"gold_label": "entailment"}
    row |= {f"sentence{n}_binary_parse": "( dogs move )" for n in (1, 2)}
    (tmp_path / "mine.jsonl").write_text(json.dumps(row))
    options = [str(trained_run), "--file", str(tmp_path / "mine.jsonl"), "--trees"]
    found = evaluated(capsys, *options, "corenlp", "--parser-url", site.address)
    assert found["trees"] == "corenlp"
    assert [body for _, body in site.posted] == ["dogs move"]
    assert main(["evaluate", *options, "left", "--parser-url", site.address]) == 2
    assert "--parser-url is for --trees corenlp, and the trees are left" in capsys.readouterr().err


def test_the_tables_show_every_set(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(trained_run), "--confusion"]) == 0
    shown = capsys.readouterr().out
    for part in ("dev", "test_more", "accuracy", "precision", "recall", "contradiction"):
        assert part in shown
    assert "test: pairs, gold trees\n" in shown


def test_a_bad_row_is_an_error_or_is_counted(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("ENTAILMENT\t( dogs move )\t( dogs move )\nMAYBE\tdogs\tdogs\n")
    arguments = [str(trained_run), "--file", str(file), "--format", "sick"]
    assert main(["evaluate", *arguments]) == 2
    assert f"{file}:2:" in capsys.readouterr().err
    found = evaluated(capsys, *arguments, "--on-error", "skip")
    assert found["read"]["bad.txt"]["bad_rows"] == 1


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("config.yaml", "is not the folder of a run: config.yaml is not in it"),
        ("vocabulary.json", "is not the folder of a run: vocabulary.json is not in it"),
        ("model.safetensors", "is not the folder of a run: model.safetensors is not in it"),
    ],
)
def test_a_folder_that_is_no_run_is_named(
    file: str, message: str, copied_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied_run / file).unlink()
    assert main(["evaluate", str(copied_run)]) == 2
    assert f"{copied_run} {message}" in capsys.readouterr().err


def test_no_folder_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path / "nothing")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_vocabulary_and_weights_that_disagree(
    copied_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied_run / "vocabulary.json"
    content = json.loads(path.read_text())
    content["words"].append("newcomer")
    path.write_text(json.dumps(content))
    assert main(["evaluate", str(copied_run)]) == 2
    shown = capsys.readouterr().err
    assert "weights and configuration (or vocabulary) disagree" in shown
    assert "embedding.table.weight" in shown


@pytest.mark.parametrize(
    ("key", "target"),
    [
        ("model", "os.system"),
        ("task", "subprocess.Popen"),
        ("data.reader", "pathlib.Path"),
        ("model", "spinn.training.loop.Trainer"),
    ],
)
def test_nothing_outside_the_package_is_built(
    key: str, target: str, copied_run: Path, edit_config: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(config: DictConfig) -> None:
        section = config.data.reader if key == "data.reader" else config[key]
        section["_target_"] = target

    edit_config(change)
    assert main(["evaluate", str(copied_run)]) == 2
    assert f"{key}._target_ is '{target}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "model: [",
        "3",
        "- a list",
        "!!python/object/apply:os.system ['true']",
        "model: {}\ndata: {}\ntask: {}\n",
        "model: 1\ndata: 2\ntask: 3\n",
    ],
)
def test_a_damaged_configuration_is_an_error(
    text: str, copied_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied_run / "config.yaml").write_text(text)
    assert main(["evaluate", str(copied_run)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("file", ["vocabulary.json", "model.safetensors"])
def test_a_pickle_is_not_opened(
    file: str, copied_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied_run / file).write_bytes(b"\x80\x04\x95cos\nsystem\n(S'touch hacked'\ntR.")
    assert main(["evaluate", str(copied_run)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_batch_size_of_zero(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(trained_run), "--batch-size", "0"]) == 2
    assert "--batch-size is 0" in capsys.readouterr().err


def test_calibrate_fits_dev_and_predict_uses_it(
    copied_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ["predict", str(copied_run), "( some dogs )", "( some cats )", "--json"]
    before = evaluated(capsys, str(copied_run))
    assert main(pair) == 0
    raw = json.loads(capsys.readouterr().out)["probabilities"]
    assert main(["evaluate", str(copied_run), "--calibrate", "--json"]) == 0
    printed = capsys.readouterr()
    after = json.loads(printed.out)["sets"]
    stored = json.loads((copied_run / "calibration.json").read_text())
    temperature = stored["temperature"]
    assert f"temperature {temperature:g}, fitted on dev" in printed.err
    assert after["dev"]["loss"] < before["sets"]["dev"]["loss"]
    assert after["dev"]["accuracy"] == before["sets"]["dev"]["accuracy"]
    assert main(pair) == 0
    found = json.loads(capsys.readouterr().out)["probabilities"]
    powers = {label: p ** (1 / temperature) for label, p in raw.items()}
    for label, p in found.items():
        assert p == pytest.approx(powers[label] / sum(powers.values()), abs=1e-4)
    assert main(["evaluate", str(copied_run)]) == 0
    assert f"probabilities with the temperature {temperature:g}" in capsys.readouterr().out
    again = json.loads((copied_run / "calibration.json").read_text())
    assert main(["evaluate", str(copied_run), "--calibrate"]) == 0
    assert json.loads((copied_run / "calibration.json").read_text()) == again  # from 1, not from T


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--calibrate", "--file", "x"], "--calibrate fits the temperature on the run's own dev"),
        (["--calibrate", "data.limit=9"], "--calibrate fits the temperature on the run's own dev"),
        (["--out", "x.txt"], "--out x.txt: expected a name that ends with .csv, .tsv, .jsonl"),
        (["--out", "no/x.csv"], "--out no/x.csv: there is no folder"),
        (["--threads", "0"], "--threads is 0; expected 1 to 1,024"),
        (["--device", "warp"], "--device warp cannot be used here"),
    ],
)
def test_options_that_do_not_fit_are_named(
    arguments: list[str], message: str, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(trained_run), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_prediction_for_every_example_is_written(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suffix in ("csv", "tsv", "jsonl"):
        out = tmp_path / f"predictions.{suffix}"
        found = evaluated(capsys, str(trained_run), "--out", str(out))
        if suffix == "jsonl":
            rows = [json.loads(line) for line in out.read_text().splitlines()]
        else:
            delimiter = "," if suffix == "csv" else "\t"
            rows = list(csv.DictReader(out.read_text().splitlines(), delimiter=delimiter))
        for name, results in found["sets"].items():
            of_set = [row for row in rows if row["set"] == name]
            assert len(of_set) == results["examples"]
            right = sum(row["gold"] == row["predicted"] for row in of_set)
            assert right / len(of_set) == pytest.approx(results["accuracy"])
        for row in rows:
            labels = ("entailment", "neutral", "contradiction")
            values = {label: float(row[f"probability of {label}"]) for label in labels}
            assert max(values, key=lambda label: values[label]) == row["predicted"]
            assert Path(row["file"]).is_file()


def test_the_summary_comes_last_and_confusion_on_request(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(trained_run)]) == 0
    plain = capsys.readouterr().out
    assert "gold / predicted" not in plain
    assert main(["evaluate", str(trained_run), "--confusion"]) == 0
    whole = capsys.readouterr().out
    assert whole.index("gold / predicted") < whole.index("macro_f1")
    assert whole.splitlines()[-1] == plain.splitlines()[-1]
