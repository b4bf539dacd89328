"""Encoders that predict trees, from the command line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from spinn.cli import main


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["evaluate", *arguments, "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_it_follows_predicted_trees_and_counts_the_gold_transitions(
    parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = evaluated(capsys, str(parsing_run))["sets"]["test"]
    assert 0.5 < results["transition_accuracy"] <= 1
    assert results["accuracy"] > 0.5


@pytest.mark.parametrize(
    ("trees", "read", "followed", "caption"),
    [
        ([], "gold", "predicted", "pairs, predicted trees (transitions compared with gold)"),
        (["gold"], "gold", "gold", "pairs, gold trees"),
        (["left"], "left", "left", "pairs, left-branching trees"),
        (["predicted"], "predicted", "predicted", "pairs, predicted trees"),
    ],
)
def test_results_name_the_trees_that_were_followed(
    trees: list[str],
    read: str,
    followed: str,
    caption: str,
    parsing_run: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [str(parsing_run), *(["--trees", *trees] if trees else [])]
    found = evaluated(capsys, *arguments)
    assert (found["trees"], found["followed"]) == (read, followed)
    assert main(["evaluate", *arguments]) == 0
    assert f"\n{caption}:\n" in capsys.readouterr().out


def test_predicted_trees_need_no_parse_in_the_data(
    parsing_run: Path, tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brackets = evaluated(capsys, str(parsing_run), "--file", str(tiny_data / "test.jsonl"))
    rows = [json.loads(line) for line in (tiny_data / "test.jsonl").read_text().splitlines()]
    plain = tmp_path / "plain.txt"

    def words(tree: str) -> str:
        return " ".join(word for word in tree.split() if word not in "()")

    header = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    plain.write_text(
        header
        + "".join(
            f"{number}\t{words(row['sentence1_binary_parse'])}\t"
            f"{words(row['sentence2_binary_parse'])}\t3\t{row['gold_label'].upper()}\n"
            for number, row in enumerate(rows)
        )
    )
    for option in ([], ["--trees", "predicted"]):
        arguments = (str(parsing_run), "--file", str(plain), "--format", "sick", *option)
        found = evaluated(capsys, *arguments)
        assert found["trees"] == found["followed"] == "predicted"
        results = found["sets"]["plain.txt"]
        assert results["confusion"] == brackets["sets"]["test.jsonl"]["confusion"]
        assert "transition_accuracy" not in results


def test_trees_that_are_named_are_followed(
    parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predicted = evaluated(capsys, str(parsing_run))["sets"]["test"]
    balanced = evaluated(capsys, str(parsing_run), "--trees", "balanced")["sets"]["test"]
    assert "transition_accuracy" not in balanced
    assert balanced["loss"] != predicted["loss"]


@pytest.mark.parametrize(
    ("model", "lacks"),
    [
        ("spinn_pi", "spinn_pi follows given trees and predicts none"),
        ("treelstm", "treelstm follows given trees and predicts none"),
        ("spinn", "spinn learns to parse from trees in the data"),
    ],
)
def test_training_needs_gold_trees(
    model: str,
    lacks: str,
    tiny_overrides: list[str],
    run_train: Callable[..., Any],
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    ended = run_train(
        *tiny_overrides, f"model={model}", "data.trees=predicted", f"hydra.run.dir={run}"
    )
    assert ended.returncode == 2
    assert f"data.trees=predicted: {lacks}; choose data.trees=gold" in ended.stderr
    assert not (run / "config.yaml").exists()


def test_parse_eval_compares_predicted_trees_with_those_that_are_named(
    parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {}
    for trees in ("gold", "left"):
        arguments = ["parse-eval", str(parsing_run), "--trees", trees, "--json", "--draws", "1"]
        assert main(arguments) == 0
        output = json.loads(capsys.readouterr().out)
        assert output["runs"][0]["predicted"]
        results[trees] = output["sets"]["test"]["encoder"]
    assert results["gold"]["balanced"] == results["left"]["balanced"]  # the same trees
    assert 0.5 < results["gold"]["gold"] <= 1
    assert "gold" not in results["left"]


def test_a_run_folder_cannot_choose_a_server(
    parsing_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "foreign"
    shutil.copytree(parsing_run, foreign)
    config = OmegaConf.load(foreign / "config.yaml")
    config.data.trees, config.data.parser_url = "corenlp", "http://192.0.2.1:9"
    OmegaConf.save(config, foreign / "config.yaml")
    assert main(["evaluate", str(foreign)]) == 2
    errors = capsys.readouterr().err
    assert f"{foreign} would send sentences to http://192.0.2.1:9; to allow it, give" in errors


def test_evaluate_shows_no_trees_of_a_model_without_trees(
    lstm_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluated(capsys, str(lstm_run))
    assert (found["trees"], found["followed"]) == (None, None)
    assert main(["evaluate", str(lstm_run)]) == 0
    output = capsys.readouterr().out
    assert "pairs, no trees read:\n" in output
    assert "gold" not in output.replace("gold / predicted", "")


def test_parse_eval_takes_no_mean_of_predicted_and_given_trees(
    parsing_run: Path, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for runs in ([parsing_run, trained_run], [trained_run, parsing_run]):
        assert main(["parse-eval", *map(str, runs)]) == 2
        assert (
            f"{parsing_run} predicts its trees, and {trained_run} follows the data's (gold): their "
            "mean has no meaning; give them one at a time" in capsys.readouterr().err
        )
