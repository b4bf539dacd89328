"""Encoders that parse for themselves, from the command line."""

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


def test_it_follows_its_own_trees_and_says_how_many_moves_are_the_datas(
    parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = evaluated(capsys, str(parsing_run))["sets"]["test"]
    assert 0.5 < figures["transition_accuracy"] <= 1
    assert figures["accuracy"] > 0.5


@pytest.mark.parametrize(
    ("trees", "given", "followed", "caption"),
    [
        ([], "gold", "own", "pairs, the model's own trees (moves compared with gold)"),
        (["gold"], "gold", "gold", "pairs, gold trees"),
        (["left"], "left", "left", "pairs, left trees"),
        (["predicted"], "predicted", "own", "pairs, the model's own trees"),
    ],
)
def test_figures_say_which_trees_were_followed(
    trees: list[str],
    given: str,
    followed: str,
    caption: str,
    parsing_run: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [str(parsing_run), *(["--trees", *trees] if trees else [])]
    found = evaluated(capsys, *arguments)
    assert (found["trees"], found["followed"]) == (given, followed)
    assert main(["evaluate", *arguments]) == 0
    assert f"test: {caption}\n" in capsys.readouterr().out


def test_a_gumbel_treelstm_follows_its_own_trees(
    train_tiny: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_tiny(tmp_path / "gumbel", "model=gumbel_treelstm", "trainer.epochs=1")
    found = evaluated(capsys, str(run))
    assert (found["trees"], found["followed"]) == ("gold", "own")
    assert "transition_accuracy" in found["sets"]["test"]


def test_own_trees_need_no_parse_in_the_data(
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
    arguments = (str(parsing_run), "--file", str(plain), "--format", "sick", "--trees", "predicted")
    found = evaluated(capsys, *arguments)
    assert found["trees"] == "predicted"
    figures = found["sets"]["plain.txt"]
    assert figures["confusion"] == brackets["sets"]["test.jsonl"]["confusion"]
    assert "transition_accuracy" not in figures


def test_trees_that_are_named_are_followed(
    parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = evaluated(capsys, str(parsing_run))["sets"]["test"]
    balanced = evaluated(capsys, str(parsing_run), "--trees", "balanced")["sets"]["test"]
    assert "transition_accuracy" not in balanced
    assert balanced["loss"] != own["loss"]


def test_an_encoder_that_follows_trees_finds_none(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(trained_run), "--trees", "predicted"]) == 2
    said = capsys.readouterr().err
    assert "--trees predicted: SPINN follows trees and finds none itself" in said
    assert "spinn" in said


@pytest.mark.parametrize(
    ("model", "lacks"),
    [
        ("spinn_pi", "SPINNPI follows given trees and predicts none"),
        ("treelstm", "SPINN follows trees and finds none itself"),
        ("spinn", "SupervisedSPINN learns to parse from trees in the data"),
    ],
)
def test_training_without_the_trees_that_are_needed(
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


def test_parse_eval_compares_its_own_trees_with_those_that_are_named(
    parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {}
    for trees in ("gold", "left"):
        arguments = ["parse-eval", str(parsing_run), "--trees", trees, "--json", "--draws", "1"]
        assert main(arguments) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["runs"][0]["own"]
        figures[trees] = told["sets"]["test"]["encoder"]
    assert figures["gold"]["balanced"] == figures["left"]["balanced"]  # the same trees
    assert 0.5 < figures["gold"]["gold"] <= 1
    assert "gold" not in figures["left"]


def test_a_run_folder_sends_no_sentence_to_a_server_of_its_choice(
    parsing_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "foreign"
    shutil.copytree(parsing_run, foreign)
    config = OmegaConf.load(foreign / "config.yaml")
    config.data.trees, config.data.parser_url = "corenlp", "http://192.0.2.1:9"
    OmegaConf.save(config, foreign / "config.yaml")
    assert main(["evaluate", str(foreign)]) == 2
    said = capsys.readouterr().err
    assert "would have sentences sent to http://192.0.2.1:9; if they may be, give" in said


def test_what_learns_to_parse_from_pairs_is_not_for_sequences(
    run_train: Callable[..., Any], tmp_path: Path
) -> None:
    ended = run_train("data=wave", "model=rl_spinn", f"hydra.run.dir={tmp_path / 'run'}")
    assert ended.returncode == 2
    assert "RLSPINN learns to parse from pairs of sentences" in ended.stderr


def test_an_lstm_has_no_tree_to_show(
    train_tiny: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_tiny(tmp_path / "lstm", "model=lstm", "trainer.epochs=1")
    assert main(["predict", str(run), "dogs move", "dogs", "--trees", "predicted"]) == 2
    assert "--trees predicted: Recurrent finds no trees itself" in capsys.readouterr().err
    found = evaluated(capsys, str(run), "--trees", "predicted")  # it needs the words alone
    assert found["sets"]["test"]["examples"] == 30
    assert found["followed"] is None
    assert main(["evaluate", str(run)]) == 0
    assert "test: pairs, no trees read\n" in capsys.readouterr().out


def test_parse_eval_takes_no_mean_of_own_and_given_trees(
    parsing_run: Path, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for runs in ([parsing_run, trained_run], [trained_run, parsing_run]):
        assert main(["parse-eval", *map(str, runs)]) == 2
        assert (
            f"{parsing_run} finds its own trees, and {trained_run} follows the data's (gold): a "
            "mean of the two says nothing; give them one at a time" in capsys.readouterr().err
        )
