"""`predict`, `inspect` and `evaluate` read and follow the same trees."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spinn.cli import main
from spinn.cli.support.tree_options import TreeChoice

NAMES = ("premise", "hypothesis")

LABELS = ("entailment", "neutral", "contradiction")
PLAIN = ["all old dogs move", "dogs move fast"]
BRACKETS = ["( ( all dogs ) move )", "( dogs ( move fast ) )"]
FORMATS = ("snli", "multinli", "sick", "sick, plain", "logic")


def words(tree: str) -> str:
    return " ".join(word for word in tree.split() if word not in "()")


@pytest.fixture(scope="module")
def files(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tiny test set in the format of every reader, and once more without parses."""
    folder = tmp_path_factory.mktemp("test sets")
    rows = [json.loads(line) for line in (tiny_data / "test.jsonl").read_text().splitlines()]
    pairs = [
        (row["gold_label"], row["sentence1_binary_parse"], row["sentence2_binary_parse"])
        for row in rows
    ]
    header = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment"
    lines = {
        "snli": [json.dumps(row) for row in rows],
        "multinli": [json.dumps({**row, "genre": "fiction"}) for row in rows],
        "sick": [f"{label.upper()}\t{one}\t{two}" for label, one, two in pairs],
        "sick, plain": [
            header,
            *(
                f"{number}\t{words(one)}\t{words(two)}\t3\t{label.upper()}"
                for number, (label, one, two) in enumerate(pairs)
            ),
        ],
        "logic": [f"{label}\t{one}\t{two}" for label, one, two in pairs],
    }
    paths = {}
    for name, content in lines.items():
        paths[name] = folder / f"{name}.txt"
        paths[name].write_text("\n".join(content) + "\n")
    return paths


@pytest.fixture(params=["given", "predicted", "none", "right"])
def run(request: pytest.FixtureRequest) -> Path:
    """A run whose encoder follows given, predicted, no or right-branching trees."""
    names = {"given": "trained_run", "predicted": "parsing_run", "none": "lstm_run"}
    path: Path = request.getfixturevalue(names.get(request.param, "right_run"))
    return path


def printed_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main([*arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def gold_labels(path: Path, form: str) -> list[str]:
    if form in ("snli", "multinli"):
        return [json.loads(line)["gold_label"] for line in path.read_text().splitlines()]
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    if form == "sick, plain":
        return [cells[-1].lower() for cells in lines[1:]]
    return [cells[0].lower() for cells in lines]


def check_equal(
    run: Path, path: Path, form: str, capsys: pytest.CaptureFixture[str], *options: str
) -> None:
    """Check that predictions for a file have the confusion matrix of `evaluate`."""
    arguments = [str(run), "--file", str(path), "--format", form.split(",")[0], *options]
    (result,) = printed_json(capsys, "evaluate", *arguments)
    predictions = printed_json(capsys, "predict", *arguments)
    labels = [prediction["label"] for prediction in predictions]
    pairs = Counter(zip(gold_labels(path, form), labels, strict=True))
    expected = result["sets"][path.name]["confusion"]["counts"]
    assert [[pairs[gold, label] for label in LABELS] for gold in LABELS] == expected
    followed = result["followed"]
    for prediction in predictions:
        trees = prediction["trees"]
        assert (set(trees.values()) if trees else {None}) == {followed}
        assert prediction["warnings"] == result["warnings"]


@pytest.mark.parametrize("form", FORMATS)
def test_predict_and_evaluate_have_equal_accuracy(
    form: str, run: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    if "trained" in run.name and form == "sick, plain":
        return  # it has no trees to follow: see below
    check_equal(run, files[form], form, capsys)


@pytest.mark.parametrize("trees", ["gold", "right", "random"])
@pytest.mark.parametrize("model", ["trained_run", "parsing_run"])
def test_they_agree_on_requested_trees(
    trees: str,
    model: str,
    request: pytest.FixtureRequest,
    files: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = request.getfixturevalue(model)
    check_equal(run, files["snli"], "snli", capsys, "--trees", trees)
    if trees != "gold":
        check_equal(run, files["sick, plain"], "sick, plain", capsys, "--trees", trees)


def test_json_lines_use_the_parses_of_their_rows(
    trained_run: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    found = printed_json(capsys, "predict", str(trained_run), "--file", str(files["snli"]))
    same = printed_json(
        capsys, "predict", str(trained_run), "--file", str(files["snli"]), "--format", "snli"
    )
    assert found == same
    rows = [json.loads(line) for line in files["snli"].read_text().splitlines()]
    assert [line["premise"] for line in found] == [row["sentence1_binary_parse"] for row in rows]


def test_rows_without_a_label_are_predicted(
    trained_run: Path, fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(fixtures / "snli.jsonl")
    found = printed_json(capsys, "predict", str(trained_run), "--file", path, "--format", "snli")
    assert [prediction["line"] for prediction in found] == [1, 2, 3, 4]


@pytest.mark.parametrize(("form", "lines"), [("logic", [1, 2, 3]), ("sick", [2, 3, 4])])
def test_labels_and_headers_of_a_file_are_ignored(
    form: str, lines: list[int], parsing_run: Path, fixtures: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = str(fixtures / f"{form}.txt")
    found = printed_json(capsys, "predict", str(parsing_run), "--file", path, "--format", form)
    assert [prediction["line"] for prediction in found] == lines


@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_a_model_that_follows_trees_rejects_plain_text(
    command: str, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(trained_run), *PLAIN]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: premise 'all old dogs move': the text has no parse: ")
    for advice in ("brackets", "--trees corenlp", "link-grammar", "model=spinn", "--trees right"):
        assert advice in captured.err


def test_files_without_parses_are_rejected_alike(
    trained_run: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("evaluate", "predict"):
        arguments = [str(trained_run), "--file", str(files["sick, plain"]), "--format", "sick"]
        assert main([command, *arguments]) == 2
        errors = capsys.readouterr().err
        assert f"{files['sick, plain']}:2: sentence_A: the text has no parse: write it" in errors
        assert "model=spinn" in errors


def test_brackets_are_followed_by_a_model_that_follows_trees(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (prediction,) = printed_json(capsys, "predict", str(trained_run), *BRACKETS)
    assert [prediction["premise"], prediction["hypothesis"]] == BRACKETS
    assert prediction["trees"] == {"premise": "gold", "hypothesis": "gold"}


def test_a_model_that_predicts_trees_reads_the_words_of_brackets(
    parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (plain,) = printed_json(capsys, "predict", str(parsing_run), *map(words, BRACKETS))
    (brackets,) = printed_json(capsys, "predict", str(parsing_run), *BRACKETS)
    (named,) = printed_json(capsys, "predict", str(parsing_run), *BRACKETS, "--trees", "predicted")
    assert plain == brackets == named
    assert plain["trees"] == {"premise": "predicted", "hypothesis": "predicted"}
    (gold,) = printed_json(capsys, "predict", str(parsing_run), *BRACKETS, "--trees", "gold")
    assert [gold["premise"], gold["hypothesis"]] == BRACKETS
    assert gold["trees"] == {"premise": "gold", "hypothesis": "gold"}
    assert main(["predict", str(parsing_run), *PLAIN, "--trees", "gold"]) == 2
    assert "leave --trees out: spinn parses by itself" in capsys.readouterr().err


def test_a_model_without_trees_prints_words(
    lstm_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (prediction,) = printed_json(capsys, "predict", str(lstm_run), "( old dogs )", "dogs move fast")
    assert prediction["trees"] is None
    assert (prediction["premise"], prediction["hypothesis"]) == ("old dogs", "dogs move fast")
    assert main(["predict", str(lstm_run), "dogs move fast", "dogs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == ["  premise    dogs move fast", "  hypothesis dogs",
                         "  words not seen in training: fast"]  # fmt: skip


@pytest.mark.parametrize("command", ["predict", "inspect", "evaluate"])
def test_trees_are_not_for_a_model_without_trees(
    command: str, lstm_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = [] if command == "evaluate" else PLAIN
    assert main([command, str(lstm_run), *pair, "--trees", "gold"]) == 2
    assert "--trees gold: lstm reads no trees; leave --trees out" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["predict", "inspect", "evaluate"])
def test_predicted_trees_are_not_for_a_model_that_follows_trees(
    command: str, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = [] if command == "evaluate" else PLAIN
    assert main([command, str(trained_run), *pair, "--trees", "predicted"]) == 2
    assert "spinn_pi follows given trees and predicts none" in capsys.readouterr().err


@pytest.mark.parametrize("shape", ["left", "right", "balanced", "random"])
def test_another_shape_than_in_training_carries_a_warning(
    shape: str, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = {"left": "left-branching", "right": "right-branching"}.get(shape, shape)
    warning = (
        f"the model follows {kind} trees here and was trained on gold trees: expect a lower "
        "accuracy"
    )
    options = ["--trees", shape]
    assert main(["predict", str(trained_run), *PLAIN, *options]) == 0
    captured = capsys.readouterr()
    assert captured.err == f"warning: {warning}\n"
    assert captured.out.splitlines()[-1] == f"  warning: {warning}"
    assert f"[{kind} tree]" in captured.out
    assert main(["predict", str(trained_run), *PLAIN, *options, "--tsv"]) == 0
    header, row = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert dict(zip(header, row, strict=True))["warnings"] == warning
    assert main(["inspect", str(trained_run), *PLAIN, *options]) == 0
    captured = capsys.readouterr()
    assert captured.err == f"warning: {warning}\n"
    assert f"\nwarning: {warning}\n" in captured.out
    assert main(["evaluate", str(trained_run), *options]) == 0
    captured = capsys.readouterr()
    assert captured.err == f"warning: {warning}\n"
    assert captured.out.endswith(f"\nwarning: {warning}\n")
    assert f"pairs, {kind} trees:\n" in captured.out


def test_a_shape_of_training_needs_no_option_and_no_warning(
    right_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (prediction,) = printed_json(capsys, "predict", str(right_run), *PLAIN)
    assert prediction["trees"] == {"premise": "right", "hypothesis": "right"}
    assert prediction["warnings"] == []
    (brackets,) = printed_json(capsys, "predict", str(right_run), *BRACKETS)
    assert brackets["trees"] == {"premise": "gold", "hypothesis": "gold"}
    assert brackets["warnings"] == [
        "the model follows gold trees here and was trained on right-branching trees: expect a "
        "lower accuracy"
    ]


def test_a_gumbel_treelstm_follows_no_other_trees(
    train_tiny: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_tiny(tmp_path / "gumbel", "model=gumbel_treelstm", "trainer.epochs=1")
    (result,) = printed_json(capsys, "evaluate", str(run))
    assert (result["trees"], result["followed"]) == ("gold", "predicted")
    assert "transition_accuracy" in result["sets"]["test"]
    (prediction,) = printed_json(capsys, "predict", str(run), *PLAIN)
    assert prediction["trees"] == {"premise": "predicted", "hypothesis": "predicted"}
    for arguments in (["evaluate", str(run)], ["predict", str(run), *PLAIN]):
        assert main([*arguments, "--trees", "gold"]) == 2
        assert "gumbel_treelstm predicts its trees and cannot follow others" in (
            capsys.readouterr().err
        )


@pytest.mark.parametrize("model", ["trained_run", "parsing_run"])
def test_a_requested_shape_replaces_brackets_with_a_warning(
    model: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(request.getfixturevalue(model))
    (found,) = printed_json(capsys, "predict", run, *BRACKETS, "--trees", "left")
    assert found["premise"] == "( ( all dogs ) move )"
    assert found["hypothesis"] == "( ( dogs move ) fast )"
    assert found["trees"] == {"premise": "left", "hypothesis": "left"}
    assert "left-branching trees here and was trained on gold trees" in found["warnings"][0]


def test_gold_trees_differ_from_the_trees_of_a_policy() -> None:
    choice = TreeChoice("gold", "gold", "predicted", 0, "", False, "", False)
    assert "gold trees here and was trained on predicted trees" in str(choice.warning("gold"))
    supervised = TreeChoice("corenlp", "corenlp", "gold", 0, "", False, "", False)
    assert supervised.warning("corenlp") is None


def test_the_trees_of_another_run(
    trained_run: Path, parsing_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = ["some old dogs move", "some dogs move"]
    assert main(["predict", str(parsing_run), *sentences, "--json"]) == 0
    parsed = json.loads(capsys.readouterr().out)
    both = [str(trained_run), *sentences, "--trees", str(parsing_run)]
    assert main(["predict", *both, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [found[name] for name in NAMES] == [parsed[name] for name in NAMES]
    assert found["trees"] == dict.fromkeys(NAMES, str(parsing_run))
    assert found["warnings"] == []  # a parser's trees count as gold ones
    assert main(["predict", str(trained_run), *(parsed[n] for n in NAMES), "--json"]) == 0
    brackets = json.loads(capsys.readouterr().out)
    assert brackets["probabilities"] == found["probabilities"]
    assert main(["inspect", *both]) == 0
    assert f"4 words, {parsing_run}'s tree" in capsys.readouterr().out
    file = tmp_path / "pairs.jsonl"
    row = {"gold_label": "neutral", "sentence1": sentences[0], "sentence2": sentences[1]}
    file.write_text(json.dumps(row) + "\n")
    evaluation = [str(trained_run), "--file", str(file), "--trees", str(parsing_run)]
    assert main(["evaluate", *evaluation, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trees"] == str(parsing_run)


def test_a_run_that_cannot_parse_is_named(
    trained_run: Path, lstm_run: Path, parsing_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for run, message in (
        (lstm_run, f"--trees {lstm_run}: its encoder, lstm, predicts no trees; expected corenlp"),
        (trained_run, "predicts no trees"),
    ):
        assert main(["predict", str(trained_run), "a b", "c", "--trees", str(run)]) == 2
        assert message in capsys.readouterr().err
    assert main(["predict", str(parsing_run), "a b", "c", "--trees", str(parsing_run)]) == 2
    assert "is the run itself; leave it out" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["predict", str(trained_run), "a b", "c", "--trees", "lefft"])
    assert "argument --trees: 'lefft': did you mean 'left'? Or the folder of a run" in (
        capsys.readouterr().err
    )
    assert main(["evaluate", str(trained_run), "--trees", str(parsing_run)]) == 2
    assert "a run parses a --file; parse the data once with `spinn data parse" in (
        capsys.readouterr().err
    )
