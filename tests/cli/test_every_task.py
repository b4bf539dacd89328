"""Every command with every task over sentences: their names, numbers of sentences and outputs."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from spinn.batch.sentences import Sentences
from spinn.cli import main
from spinn.tasks.node_classification import NodeClassification
from spinn.training.loading import load_run
from spinn.training.run import train
from spinn.trees.transitions import parse_brackets

CONF = Path(__file__).parent.parent.parent / "conf"
SST = (
    "(3 (2 a) (4 (4 good) (2 film)))",
    "(1 (2 a) (0 (0 bad) (2 film)))",
    "(4 good)",
    "(0 bad)",
    "(2 (2 a) (2 film))",
)
SICK = (
    "NEUTRAL\t( dogs move )\t( dogs ( all move ) )\t4.2\t1",
    "ENTAILMENT\t( dogs move )\t( dogs move )\t5\t2",
    "CONTRADICTION\t( ( old dogs ) move )\tcats\t1.3\t3",
    "NEUTRAL\tdogs\tcats\t2.5\t4",
)
SMALL = (
    "model.hidden_size=8", "model.embedding.size=8", "task.hidden_size=8", "trainer.epochs=3",
    "trainer.batch_size=4", "optimizer.lr=0.02", "trainer.device=cpu", "trainer.threads=1",
)  # fmt: skip
FILES = ("data.train=[train.txt]", "data.dev=[dev.txt]", "data.tests=[]", "data.test=[test.txt]")
CSV = (
    'text;stars\n"a film; ""good""";ten\nbad;one\na good film;ten\na bad film;one\n'
    "good;ten\nnot bad;six\nnot good;three\nfilm;six\n"
)
TRIPLES = "".join(
    f"q{n}\t( dogs move )\t( {word} ( all move ) )\tcats\t{n % 2}\n"
    for n, word in enumerate(["dogs", "cats", "old", "birds"] * 3)
)
COLUMNS = {
    "csv": ["data.columns.sentences=[text]", "data.columns.label=stars", "data.dev=[dev.csv]"],
    "triples": [
        "data.columns.sentences=[question1,question2,answer]", "data.columns.label=is_duplicate",
        "data.columns.id=key", "data.split.dev=0.5",
    ],
}  # fmt: skip
TABLES = {
    "csv": ("csv", CSV),
    "triples": ("tsv", f"key\tquestion1\tquestion2\tanswer\tis_duplicate\n{TRIPLES}"),
}
RUNS = {
    "nodes": (SST, ["data=sst", *FILES]),
    "one": (SST, ["data=sst", "task=classification", *FILES]),
    "lstm": (SST, ["data=sst", "task=classification", "model=lstm", *FILES]),
    "score": (SICK, ["data=sick_relatedness", "model=spinn_pi", *FILES]),
    "hypothesis": (
        SICK,
        ["data=sick", "model=gru", "task.sentences=hypothesis", *FILES],
    ),
}
SENTENCES = {
    "nodes": ["( a ( good film ) )"],
    "one": ["( a ( good film ) )"],
    "lstm": ["a good film"],
    "score": ["( dogs move )", "( dogs ( all move ) )"],
    "hypothesis": ["dogs"],
}
NAMES = {
    "nodes": ["sentence"],
    "one": ["sentence"],
    "lstm": ["sentence"],
    "score": ["sentence_a", "sentence_b"],
    "hypothesis": ["hypothesis"],
}
LABELS = ["0", "1", "2", "3", "4"]


def train_small(folder: Path, name: str, *overrides: str) -> Path:
    """Train in a folder of data files, and return the run's folder."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=[*overrides, *SMALL, f"data.root='{folder}'"])
    OmegaConf.set_struct(config, False)
    config.run, config.names = str(folder / "run"), {"model": "small", "data": name}
    if "name" in config.data:
        config.data.name = name
    train(config)
    return folder / "run"


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Train one of RUNS, once in a session."""
    trained: dict[str, Path] = {}

    def run(name: str) -> Path:
        if name not in trained:
            folder = tmp_path_factory.mktemp(f"{name} run")
            lines, overrides = RUNS[name]
            for file in ("train", "dev", "test"):
                (folder / f"{file}.txt").write_text("\n".join(lines * 4) + "\n")
            trained[name] = train_small(folder, name, *overrides)
        return trained[name]

    return run


RunOf = Callable[[str], Path]
Output = pytest.CaptureFixture[str]


def predicted(capsys: Output, *arguments: str | Path) -> list[dict[str, Any]]:
    assert main(["predict", *map(str, arguments), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    raw = io.BufferedReader(io.BytesIO(text.encode()))  # type: ignore[arg-type]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))


@pytest.mark.parametrize("name", RUNS)
def test_sentences_are_named_as_in_the_data_in_every_form_of_input(
    name: str, run_of: RunOf, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, texts, names = run_of(name), SENTENCES[name], NAMES[name]
    (expected,) = predicted(capsys, run, *texts)
    assert set(names) <= expected.keys()
    for content in (
        json.dumps(dict(zip(names, texts, strict=True))),
        "\t".join(texts),
        "\t".join(names) + "\n" + "\t".join(texts),
        "\t".join(["id", *names]) + "\n" + "\t".join(["x", *texts]),
    ):
        feed(monkeypatch, content)
        (found,) = predicted(capsys, run)
        assert {**found, "line": 1} | {"id": None} == {**expected, "id": None}, content


@pytest.mark.parametrize("name", RUNS)
def test_a_file_of_the_data_is_predicted_as_it_is_evaluated(
    name: str, run_of: RunOf, capsys: Output
) -> None:
    run = run_of(name)
    found = predicted(capsys, run, "--file", run.parent / "test.txt", "--format", "training")
    results = json.loads((run / "results.json").read_text())["test"]
    lines = RUNS[name][0] * 4
    assert len(found) == len(lines) == results["examples"]
    if name == "score":
        errors = [
            (prediction["score"] - float(line.split("\t")[3])) ** 2
            for prediction, line in zip(found, lines, strict=True)
        ]
        assert sum(errors) / len(errors) == pytest.approx(results["mse"], rel=1e-4)
        return
    gold = [line.split("\t")[0].lower() if "\t" in line else line[1] for line in lines]
    correct = [p["label"] == label for p, label in zip(found, gold, strict=True)]
    assert sum(correct) / len(correct) == pytest.approx(results["accuracy"])


@torch.no_grad()
def test_the_label_at_each_node(run_of: RunOf, capsys: Output) -> None:
    run = run_of("nodes")
    (found,) = predicted(capsys, run, "( a ( good film ) )")
    assert found["words"] == ["a", "good", "film"]
    assert [node["span"] for node in found["nodes"]] == [[0, 1], [1, 2], [2, 3], [1, 3], [0, 3]]
    root = found["nodes"][-1]
    assert (root["label"], root["probabilities"]) == (found["label"], found["probabilities"])
    loaded = load_run(run)
    task = loaded.task
    assert isinstance(task, NodeClassification)
    parse = parse_brackets("( a ( good film ) )")
    packed = Sentences.from_lists([loaded.vocabulary.encode(parse.words)], [parse.transitions])
    values = task.values(task.encoder(packed).nodes).softmax(dim=1).tolist()
    # In the order of this tree's transitions, SHIFT SHIFT SHIFT REDUCE REDUCE: words, then phrases.
    for node, row in zip(found["nodes"], values, strict=True):
        assert list(node["probabilities"].values()) == pytest.approx(row, abs=1e-5)


def test_nodes_follow_the_transitions_of_a_tree_that_branches_left(
    run_of: RunOf, capsys: Output
) -> None:
    tree = "( ( a good ) film )"
    (found,) = predicted(capsys, run_of("nodes"), tree)
    assert [node["span"] for node in found["nodes"]] == [[0, 1], [1, 2], [0, 2], [2, 3], [0, 3]]
    (film,) = predicted(capsys, run_of("nodes"), "film")
    assert found["nodes"][3]["probabilities"] == pytest.approx(film["probabilities"], abs=1e-5)
    assert main(["predict", str(run_of("nodes")), tree]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"  sentence   {tree}   [gold tree]"
    shown = [(line.split("%")[0].rpartition("  ")[0], line.split("%  ")[1]) for line in lines[2:]]
    assert [words for _, words in shown] == ["a good film", "a good", "a", "good", "film"]
    assert [len(line) - len(line.lstrip()) for line in lines[2:]] == [4, 6, 8, 8, 6]


def test_a_score_as_text_and_in_columns(
    run_of: RunOf, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = str(run_of("score"))
    (found,) = predicted(capsys, run, *SENTENCES["score"])
    assert 1 <= found["score"] <= 5
    assert "label" not in found
    assert main(["predict", run, *SENTENCES["score"]]) == 0
    assert capsys.readouterr().out.startswith(f"score {found['score']:.4f}\n  sentence_a ( dogs")
    feed(monkeypatch, "dogs\tcats\nbad\n")
    assert main(["predict", run, "--tsv", "--on-error", "skip"]) == 0
    header, good, bad = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert header == ["line", "id", "score", "unknown_share", "error", "warnings"]
    assert 1 <= float(good[2]) <= 5
    assert bad[:3] == ["2", "", ""]
    assert "expected 2: sentence_a, sentence_b; --format training reads the columns" in bad[4]


def test_labels_of_one_sentence_in_columns(
    run_of: RunOf, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(monkeypatch, "a good film\nbad\n")
    assert main(["predict", str(run_of("lstm")), "--tsv"]) == 0
    header, *rows = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert header == ["line", "id", "label", *LABELS, "unknown_share", "error", "warnings"]
    for row in rows:
        assert sum(map(float, row[3:8])) == pytest.approx(1, abs=1e-5)


def test_a_model_of_hypotheses_needs_no_premise(
    run_of: RunOf, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of("hypothesis")
    (alone,) = predicted(capsys, run, "dogs")
    assert "premise" not in alone
    (both,) = predicted(capsys, run, "cats", "dogs")
    (named,) = predicted(capsys, run, "--hypothesis", "dogs")
    (with_premise,) = predicted(capsys, run, "--premise", "( odd", "--hypothesis", "dogs")
    feed(monkeypatch, '{"premise": null, "sentence2": "dogs"}')
    (read,) = predicted(capsys, run)
    assert alone == both == named == with_premise == read


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("one", ["a", "b"], "2 sentences after RUN, but {run} reads 1 sentence (sentence)"),
        ("one", ["--premise", "a"], "--premise: {run} reads 1 sentence (sentence); quote each"),
        ("score", ["a"], "1 sentence after RUN, but {run} reads 2 sentences (sentence_a, sent"),
        ("score", ["--premise", "a", "--hypothesis", "b"], "--premise: {run} reads 2 sentences"),
        ("hypothesis", ["--premise", "a"], "there is no hypothesis: {run} reads 1 sentence (hyp"),
        ("one", ["--file", "x", "--format", "snli"], "--format snli has 2 sentences in an exa"),
        ("one", ["( a ( b"], "sentence '( a ( b': "),
    ],
)
def test_other_sentences_than_those_of_the_data(
    name: str, arguments: list[str], message: str, run_of: RunOf, capsys: Output
) -> None:
    run = run_of(name)
    assert main(["predict", str(run), *arguments]) == 2
    assert message.format(run=run) in capsys.readouterr().err


@pytest.mark.parametrize("name", RUNS)
def test_evaluate_reproduces_the_results_of_every_task(
    name: str, run_of: RunOf, capsys: Output
) -> None:
    run = run_of(name)
    assert main(["evaluate", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["sets"]["test"]
    expected = json.loads((run / "results.json").read_text())["test"]
    numbers = {key: value for key, value in expected.items() if isinstance(value, int | float)}
    assert {key: found[key] for key in numbers} == pytest.approx(numbers, rel=1e-4)
    assert main(["evaluate", str(run)]) == 0
    shown = capsys.readouterr().out
    header = shown.splitlines()[3].split()
    if name == "score":
        assert header[:3] == ["pearson", "spearman", "mse"]
        return
    assert header[0] == "accuracy"
    assert ("node_accuracy" in header) == (name == "nodes")
    caption = {
        "nodes": "roots of sentences, gold trees:",
        "one": "sentences, gold trees:",
        "lstm": "sentences, no trees read:",
        "hypothesis": "pairs, no trees read:",
    }[name]
    assert caption in shown.splitlines()


@pytest.mark.parametrize("name", ["nodes", "one", "score"])
def test_inspect_ends_with_the_prediction_of_predict(
    name: str, run_of: RunOf, capsys: Output, tmp_path: Path
) -> None:
    run, texts = run_of(name), SENTENCES[name]
    (prediction,) = predicted(capsys, run, *texts)
    assert main(["inspect", str(run), *texts]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    if name == "score":
        assert last == f"score {prediction['score']:.4f}"
        assert "at each node: the score if the node were its sentence" in lines
        assert f"{prediction['score']:.2f}" in " ".join(lines)
    else:
        share = prediction["probabilities"][prediction["label"]]
        assert last.startswith(f"{prediction['label']}    (0 ")
        assert f"{prediction['label']} {share:.0%}" in "\n".join(lines)
        whose = "the label: " if name == "nodes" else "the label if the node were its sentence: "
        assert f"at each node: {whose}0 0, 1 1, 2 2, 3 3, 4 4" in lines
    assert lines[0].startswith(f"{NAMES[name][0]}, ")
    page = tmp_path / "page.html"
    assert main(["inspect", str(run), *texts, "--html", str(page)]) == 0
    assert f'"role":"{NAMES[name][0]}"' in page.read_text()


def test_inspect_of_a_model_without_trees_names_the_other_command(
    run_of: RunOf, capsys: Output
) -> None:
    assert main(["inspect", str(run_of("lstm")), "a film"]) == 2
    assert "builds no tree" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nodes", "one", "score"])
def test_the_trees_of_every_task_are_compared(name: str, run_of: RunOf, capsys: Output) -> None:
    assert main(["parse-eval", str(run_of(name)), "--json"]) == 0
    sets = json.loads(capsys.readouterr().out)["sets"]
    distinct = {"nodes": 5, "one": 5, "score": 5}
    assert sets["test"]["encoder"]["sentences"] == distinct[name]


@pytest.mark.parametrize("name", RUNS)
def test_every_task_is_drawn(name: str, run_of: RunOf, capsys: Output, tmp_path: Path) -> None:
    path = tmp_path / "run.png"
    assert main(["draw", str(run_of(name)), "--out", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


MERGED = "data.labels.map={0: negative, 1: negative, 2: negative, 3: positive, 4: positive}"


def test_merged_classes_sum_the_probabilities(run_of: RunOf, capsys: Output) -> None:
    run = run_of("one")
    test = run.parent / "test.txt"
    found = predicted(capsys, run, "--file", test, "--format", "training")
    positive = [p["probabilities"]["3"] + p["probabilities"]["4"] > 0.5 for p in found]
    gold = [line[1] in "34" for line in test.read_text().splitlines()]
    accuracy = sum(p == g for p, g in zip(positive, gold, strict=True)) / len(gold)
    for data in ([MERGED], [MERGED, "data=sst", f"data.root='{run.parent}'", *FILES]):
        assert main(["evaluate", str(run), *data, "--json"]) == 0
        results = json.loads(capsys.readouterr().out)["sets"]["test"]
        assert results["confusion"]["labels"] == ["negative", "positive"]
        assert results["accuracy"] == pytest.approx(accuracy)
        assert results["examples"] == len(gold)
    assert main(["evaluate", str(run), "--json", "--file", str(test), MERGED]) == 0
    (results,) = json.loads(capsys.readouterr().out)["sets"].values()
    assert results["accuracy"] == pytest.approx(accuracy)


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("one", ["data.labels.names=[a, b]"], "train.txt:1: label '3', expected one of: a b"),
        ("one", ["data.labels.map={5: a}"], "data.labels: map has the label '5'"),
        (
            "one",
            ["data.labels.names=[0, 1, 2, 3, 4, 9]"],
            "data.labels: '9' is none of the model's classes, 0, 1, 2, 3, 4; name those that it",
        ),
        ("one", ["model=lstm"], "model=lstm: expected overrides of data: data=NAME, data.KEY=V"),
        ("one", ["~data.limit"], "~data.limit: expected overrides of data"),
        ("one", ["data.limit=1,2"], "data.limit=1,2: expected overrides of data"),
        ("one", ["data.labels.map={"], "Hydra cannot read the mapping"),
        ("one", ["data.rot=x"], "unknown key data.rot: did you mean 'data.root'?"),
        ("one", ["data=ssst"], "Could not find 'data/ssst': did you mean 'sst'?"),
        ("one", ["data=natlog"], "data=natlog: pairs, and {run} reads sentences"),
        ("one", ["data=parity"], "data=parity: sequences of symbols, and {run} reads sentences"),
        ("nodes", ["data=listops"], "the data has a class, and {run} predicts a class at every"),
        ("one", ["data=sst", "data.root=/nowhere"], "data.root: no folder /nowhere"),
    ],
)
def test_data_that_do_not_fit_the_model(
    name: str, overrides: list[str], message: str, run_of: RunOf, capsys: Output
) -> None:
    run = run_of(name)
    given = [text.replace("{root}", str(run.parent)) for text in overrides]
    assert main(["evaluate", str(run), *given]) == 2
    assert message.format(run=run) in capsys.readouterr().err


def test_a_run_on_five_classes_is_evaluated_on_two(run_of: RunOf, capsys: Output) -> None:
    run = run_of("nodes")
    root = f"data.root='{run.parent}'"
    assert main(["evaluate", str(run), "data=sst_binary", root, *FILES, "--json"]) == 0
    for results in json.loads(capsys.readouterr().out)["sets"].values():
        assert results["confusion"]["labels"] == ["negative", "positive"]
        assert results["nodes"] > results["examples"] > 0


@pytest.fixture
def moved(run_of: RunOf, tmp_path: Path) -> Path:
    """A copy of a run's folder of data, with the run in it."""
    folder = tmp_path / "moved"
    shutil.copytree(run_of("one").parent, folder)
    return folder


@pytest.mark.parametrize("command", ["evaluate", "parse-eval"])
def test_files_that_differ_from_those_of_training_are_refused(
    command: str, moved: Path, capsys: Output
) -> None:
    run, root = str(moved / "run"), ["--root", str(moved)]
    assert main([command, run, *root]) == 0, "the same content elsewhere"
    capsys.readouterr()
    (moved / "test.txt").write_text("(3 (2 other) (3 film))\n")
    assert main([command, run, *root]) == 2
    shown = capsys.readouterr().err
    files = ", ".join(str(moved / f"{name}.txt") for name in ("train", "dev", "test"))
    assert f"{run} was trained on other files than {files}: its training may hold" in shown
    assert "--root FOLDER, or evaluate on these with --data-changed" in shown
    assert main([command, run, *root, "--data-changed"]) == 0
    printed = capsys.readouterr()
    if command == "evaluate":
        assert f"warning: {run} was trained on other files" in printed.err


def test_a_file_more_is_named(moved: Path, capsys: Output) -> None:
    (moved / "test_new.txt").write_text("(3 good)\n")
    run, root = str(moved / "run"), ["--root", str(moved)]
    config = OmegaConf.load(moved / "run" / "config.yaml")
    config.data.tests = ["test_*.txt"]
    OmegaConf.save(config, moved / "run" / "config.yaml")
    assert main(["evaluate", run, *root]) == 2
    assert (
        f"{moved / 'test_new.txt'} (not in both: test_new.txt): its training"
        in capsys.readouterr().err
    )


def test_other_files_by_name_are_evaluated_without_a_check(moved: Path, capsys: Output) -> None:
    (moved / "new.txt").write_text("(3 good)\n")
    run, root = str(moved / "run"), f"data.root='{moved}'"
    assert main(["evaluate", run, root, "data.test=[new.txt]", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sets"]["test"]["examples"] == 1
    (moved / "test.txt").write_text("(3 good)\n")
    assert main(["evaluate", run, root]) == 2


@pytest.mark.parametrize("change", ["no results", "no fingerprint"])
def test_a_run_without_a_fingerprint_is_evaluated(change: str, moved: Path, capsys: Output) -> None:
    results = moved / "run" / "results.json"
    (moved / "test.txt").write_text("(3 good)\n")
    if change == "no results":
        results.unlink()
    else:
        stored = json.loads(results.read_text())
        del stored["data_fingerprint"]
        results.write_text(json.dumps(stored))
    assert main(["evaluate", str(moved / "run"), "--root", str(moved)]) == 0


@pytest.fixture(scope="session")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Train an LSTM on one of TABLES, once in a session."""
    trained: dict[str, Path] = {}

    def run(name: str) -> Path:
        if name not in trained:
            folder = tmp_path_factory.mktemp(f"{name} run")
            suffix, content = TABLES[name]
            for file in ("train", "dev"):
                (folder / f"{file}.{suffix}").write_text(content)
            files = [f"data.train=[train.{suffix}]", *COLUMNS[name]]
            trained[name] = train_small(folder, name, "data=table", "model=lstm", *files)
        return trained[name]

    return run


def test_a_table_without_labels_is_predicted_by_a_run_on_a_table(
    table_run: RunOf, capsys: Output, tmp_path: Path
) -> None:
    run = table_run("csv")
    expected = predicted(capsys, run, 'a film; "good"')[0]["probabilities"]
    new = tmp_path / "new.csv"
    new.write_text('id,text\n7,"a film; ""good"""\n8,""\n9,bad\n')
    assert main(["predict", str(run), "--file", str(new), "--json", "--on-error", "skip"]) == 0
    first, empty, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["probabilities"] == pytest.approx(expected, abs=1e-5)
    assert (first["line"], empty["line"], last["line"]) == (2, 3, 4)
    assert empty["error"] == "text: empty sentence: no word found"
    assert last["text"] == "bad"
    assert main(["predict", str(run), "--file", str(new)]) == 2
    assert f"{new}:3: text: empty sentence" in capsys.readouterr().err
    plain = tmp_path / "plain.txt"
    plain.write_text("bad\n")
    assert predicted(capsys, run, "--file", plain)[0]["probabilities"] == last["probabilities"]


def test_rows_that_are_broken_are_in_their_place(
    table_run: RunOf, capsys: Output, tmp_path: Path
) -> None:
    new = tmp_path / "new.csv"
    new.write_text("text,n\ngood,1\nbad,2,3\nfilm,3\nnot,4,5\n")
    arguments = ["predict", str(table_run("csv")), "--file", str(new), "--json"]
    assert main([*arguments, "--on-error", "skip"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["line"] for item in found] == [2, 3, 4, 5]
    assert ["error" in item for item in found] == [False, True, False, True]


def test_a_table_that_lacks_a_column_or_comes_from_a_pipe(
    table_run: RunOf, capsys: Output, tmp_path: Path
) -> None:
    new = tmp_path / "new.csv"
    new.write_text("txt,n\ngood,1\n")
    assert main(["predict", str(table_run("csv")), "--file", str(new)]) == 2
    shown = capsys.readouterr().err
    assert f"{new}:1: no column 'text' (data.columns.sentences); did you mean 'txt'?" in shown
    assert main(["predict", str(table_run("csv")), "--format", "training"]) == 2
    assert "--format training reads a table from a file" in capsys.readouterr().err


def test_three_sentences_by_the_names_of_their_columns(
    table_run: RunOf, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = table_run("triples")
    texts = ["dogs move", "cats all move", "cats"]
    (expected,) = predicted(capsys, run, *texts)
    names = ["question1", "question2", "answer"]
    assert [expected[name] for name in names] == texts
    for content in (
        json.dumps(dict(zip(names, texts, strict=True))),
        "\t".join(texts),
        "\t".join(reversed(names)) + "\n" + "\t".join(reversed(texts)),
    ):
        feed(monkeypatch, content)
        (found,) = predicted(capsys, run)
        assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
    file = run.parent / "train.tsv"
    found = predicted(capsys, run, "--file", file, "--format", "training")
    assert [item["id"] for item in found] == [f"q{n}" for n in range(12)]
    assert main(["predict", str(run), "dogs"]) == 2
    assert "reads 3 sentences (question1, question2, answer)" in capsys.readouterr().err


def test_another_split_of_the_files_of_training_is_refused(
    table_run: RunOf, capsys: Output
) -> None:
    run = str(table_run("triples"))
    assert main(["evaluate", run]) == 0
    assert "triples, no trees read" in capsys.readouterr().out
    assert main(["evaluate", run, "data.split.seed=2"]) == 2
    assert f"{run} was trained on other rows of its files" in capsys.readouterr().err
    assert main(["evaluate", run, "data.split.seed=2", "--data-changed"]) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("data.labels.map={one: few, three: few}", 2),  # fractions are of each class
        ("data.labels.map={six: null}", 2),
        ("data.labels.map={one: few}", 0),  # another name
        ("data.columns.split=part", 2),
    ],
)
def test_labels_and_columns_that_divide_the_files_otherwise_are_refused(
    change: str, code: int, capsys: Output, tmp_path: Path
) -> None:
    labels = ("one", "three", "six", "ten")
    rows = [f"film {n},{labels[n % 4]},{('train', 'dev', 'test')[n % 3]}" for n in range(48)]
    (tmp_path / "train.csv").write_text("\n".join(["text,stars,part", *rows]) + "\n")
    columns = ["data.columns.sentences=[text]", "data.columns.label=stars", "data.split.dev=0.25"]
    files = ["data=table", "model=lstm", "data.train=[train.csv]", *columns]
    run = train_small(tmp_path, "films", *files)
    changes = [change, "data.split.dev=0"] if "part" in change else [change]
    assert main(["evaluate", str(run), *changes]) == code
    if code:
        assert f"{run} was trained on other rows of its files" in capsys.readouterr().err


def test_a_table_of_ones_own_is_evaluated_by_a_run_on_other_data(
    run_of: RunOf, capsys: Output, tmp_path: Path
) -> None:
    run, own = run_of("lstm"), tmp_path / "my reviews.csv"
    own.write_text("review,mood\ngood,positive\nbad,negative\na film,positive\n")
    data = ["data=table", "data.columns.sentences=[review]", "data.columns.label=mood"]
    assert main(["evaluate", str(run), *data, MERGED, "--file", str(own), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["sets"].values()
    assert found["confusion"]["labels"] == ["negative", "positive"]
    shares = [
        predicted(capsys, run, text)[0]["probabilities"] for text in ("good", "bad", "a film")
    ]
    positive = [share["3"] + share["4"] > 0.5 for share in shares]
    correct = [positive[0], not positive[1], positive[2]]
    assert found["accuracy"] == pytest.approx(sum(correct) / 3)
    assert main(["evaluate", str(run), *data, MERGED]) == 2
    assert "data.train names no file; name the file to evaluate with --file" in (
        capsys.readouterr().err
    )
    assert main(["evaluate", str(run), *data, "--file", str(own)]) == 2
    expected = f"{own}:2: label 'positive', expected one of: 0 1 2 3 4"
    assert expected in capsys.readouterr().err


def test_a_model_of_three_classes_on_the_two_of_hans(
    trained_run: Path, capsys: Output, tmp_path: Path
) -> None:
    header = ["gold_label", "sentence1_binary_parse", "sentence2_binary_parse"]
    header += ["sentence1", "sentence2", "pairID"]
    pairs = [
        ("entailment", "( dogs move )", "( dogs move )"),
        ("non-entailment", "( dogs move )", "( dogs stop )"),
        ("non-entailment", "( cats move )", "( dogs move )"),
        ("entailment", "( many ( old dogs ) )", "cats"),
    ]
    rows = [
        [
            label,
            one,
            two,
            *(text.replace("( ", "").replace(" )", "") for text in (one, two)),
            f"ex{n}",
        ]
        for n, (label, one, two) in enumerate(pairs * 5)
    ]
    for name in ("train", "evaluation"):
        lines = ["\t".join(row) for row in [header, *rows]]
        (tmp_path / f"heuristics_{name}_set.txt").write_text("\n".join(lines) + "\n")
    data = ["data=hans", f"data.root='{tmp_path}'"]
    assert main(["evaluate", str(trained_run), "--json", *data]) == 0
    found = json.loads(capsys.readouterr().out)
    results = found["sets"]["heuristics_evaluation_set"]
    assert results["confusion"]["labels"] == ["entailment", "non-entailment"]
    assert (results["examples"], found["followed"]) == (20, "gold")
    correct = 0
    for label, one, two in pairs:
        shares = predicted(capsys, trained_run, one, two)[0]["probabilities"]
        correct += (shares["entailment"] > 0.5) == (label == "entailment")
    assert results["accuracy"] == pytest.approx(correct / len(pairs))
    assert main(["evaluate", str(trained_run), *data]) == 0
    assert "pairs, gold trees" in capsys.readouterr().out
