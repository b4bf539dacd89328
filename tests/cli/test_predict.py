import gzip
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from loopback import Site

from spinn.cli import main

SAME = ["--premise", "( dogs move )", "--hypothesis", "( dogs move )"]
GOOD = '{"premise": "dogs", "hypothesis": "dogs"}'
Feed = Callable[[str | bytes], None]


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    """Put text on standard input."""

    def feed(content: str | bytes) -> None:
        raw = io.BytesIO(content.encode() if isinstance(content, str) else content)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(raw)))

    return feed


def predictions(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["predict", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_pair_on_the_command_line(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (prediction,) = predictions(capsys, str(trained_run), *SAME)
    assert prediction["label"] == "entailment"
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert (
        max(prediction["probabilities"], key=prediction["probabilities"].get) == prediction["label"]
    )
    assert prediction["trees"] == {"premise": "gold", "hypothesis": "gold"}
    assert prediction["unknown_words"] == []
    assert prediction["warnings"] == []


def test_the_prediction_as_text(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(trained_run), *SAME]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("entailment")
    assert "( dogs move )   [gold tree]" in shown


def test_a_requested_shape_is_for_all_sentences_and_carries_a_warning(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (prediction,) = predictions(
        capsys, str(trained_run), "--premise", "( old ( dogs move ) )",
        "--hypothesis", "old dogs move, zzz", "--trees", "left",
    )  # fmt: skip
    assert prediction["trees"] == {"premise": "left", "hypothesis": "left"}
    assert prediction["premise"] == "( ( old dogs ) move )"
    assert prediction["hypothesis"] == "( ( ( ( old dogs ) move ) , ) zzz )"
    assert prediction["unknown_words"] == [",", "zzz"]
    assert prediction["warnings"] == [
        "the model follows left-branching trees here and was trained on gold trees: expect a lower "
        "accuracy"
    ]


def test_json_lines_keep_their_order_across_batches(
    trained_run: Path, capsys: pytest.CaptureFixture[str], feed: Feed
) -> None:
    words = ["dogs", "cats", "birds", "dogs", "cats"]
    lines = [json.dumps({"premise": f"{w} move", "hypothesis": f"{w} stop"}) for w in words]
    feed("\n".join(lines) + "\n\n \n")  # blank lines at the end are ignored
    found = predictions(capsys, str(trained_run), "--batch-size", "2")
    assert [prediction["line"] for prediction in found] == [1, 2, 3, 4, 5]
    assert [prediction["premise"].split()[1] for prediction in found] == words


def test_alone_or_in_a_batch_the_prediction_is_the_same(
    trained_run: Path, capsys: pytest.CaptureFixture[str], feed: Feed
) -> None:
    rows = [{"premise": "( ( many ( old dogs ) ) move )", "hypothesis": "dogs"}, {
        "premise": "( cats stop )", "hypothesis": "( cats move )"}]  # fmt: skip
    feed("\n".join(map(json.dumps, rows)))
    together = predictions(capsys, str(trained_run))
    for row, expected in zip(rows, together, strict=True):
        (alone,) = predictions(
            capsys, str(trained_run),
            "--premise", row["premise"], "--hypothesis", row["hypothesis"],
        )  # fmt: skip
        assert alone["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "<stdin>:2: "),
        ("[1]", "<stdin>:2: expected an object"),
        ('{"premise": "a"}', "<stdin>:2: no key 'hypothesis'; the keys are 'premise'"),
        ('{"premise": "a", "hypothesis": 3}', "<stdin>:2: hypothesis is 3"),
        ('{"premise": "", "hypothesis": "a"}', "<stdin>:2: premise ''"),
        ('{"premise": "( a b c )", "hypothesis": "a"}', "<stdin>:2: premise '( a b c )'"),
        ("[" * 100_000, "<stdin>:2: "),
    ],
)
def test_a_bad_line_is_named_after_the_predictions_before_it(
    line: str,
    message: str,
    trained_run: Path,
    capsys: pytest.CaptureFixture[str],
    feed: Feed,
) -> None:
    feed(f"{GOOD}\n{line}\n{GOOD}\n")
    assert main(["predict", str(trained_run), "--json"]) == 2
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert message in shown.err


@pytest.mark.parametrize("text", ["", "   ", "( dogs move", "( dogs )", "( )"])
def test_an_invalid_sentence_is_an_error(
    text: str, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["predict", str(trained_run), "--premise", text, "--hypothesis", "( dogs move )"])
    shown = capsys.readouterr()
    assert code == 2
    assert f"premise {text!r}" in shown.err


def test_a_premise_alone(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(trained_run), "--premise", "dogs"]) == 2
    assert "there is no hypothesis: " in capsys.readouterr().err


def test_odd_text_is_predicted(parsing_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("?!", "dogs 🐕 犬", "\x07", "a" * 5000, "dogs " * 3000):
        found = predictions(capsys, str(parsing_run), "--premise", text, "--hypothesis", "dogs")
        assert len(found) == 1


def test_a_server_parses_and_the_prediction_names_it(
    trained_run: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.files[""] = b'{"sentences": [{"parse": "(ROOT (S (NP (JJ old) (NNS dogs)) (VP move)))"}]}'
    pair = ["--premise", "old dogs move", "--hypothesis", "( dogs move )"]
    server = ["--trees", "corenlp", "--parser-url", site.address]
    (prediction,) = predictions(capsys, str(trained_run), *pair, *server)
    assert prediction["premise"] == "( ( old dogs ) move )"
    assert prediction["trees"] == {"premise": "corenlp", "hypothesis": "gold"}
    site.script = [{"status": 500}]
    assert main(["predict", str(trained_run), *pair, *server]) == 2
    assert f"{site.address}: no CoreNLP server answers there (it answers 500" in (
        capsys.readouterr().err
    )


def test_missing_parsers_are_errors(
    trained_run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["predict", str(trained_run), *SAME, "--trees", "link-grammar"]) == 2
    assert "apt install link-grammar" in capsys.readouterr().err
    assert main(["predict", str(trained_run), *SAME, "--parser-url", "http://h:9000"]) == 2
    assert "--parser-url is for --trees corenlp, and the trees are gold" in capsys.readouterr().err


def test_two_sentences_after_the_run(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (prediction,) = predictions(capsys, str(trained_run), "dogs move", "dogs stop")
    (named,) = predictions(
        capsys, str(trained_run), "--premise", "dogs move", "--hypothesis", "dogs stop"
    )
    assert prediction == named
    assert prediction["premise"] == "( dogs move )"


def test_options_may_stand_before_the_sentences(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    between = ["predict", str(trained_run), "--trees", "left", "--json", "dogs move far", "dogs"]
    assert main(between) == 0
    assert json.loads(capsys.readouterr().out)["premise"] == "( ( dogs move ) far )"
    for wrong in (["--jsn", "a", "b"], ["a", "b", "--jsn"]):
        with pytest.raises(SystemExit, match="2"):
            main(["predict", str(trained_run), *wrong])
        assert "unrecognized arguments: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dogs"], "reads 2 sentences (premise, hypothesis)"),
        (["dogs", "move", "far"], "3 sentences after RUN, but "),
        (["a", "b", *SAME], "give either --premise and --hypothesis, or sentences after RUN"),
        (["--file", "x", "--format", "sst"], "--format sst has 1 sentence in an example, and "),
        (["a", "b", "--file", "x"], "give either sentences or --file"),
        (["--file", "no where.jsonl"], "no where.jsonl: cannot be read: No such file"),
        (["--file", "."], ".: cannot be read: Is a directory"),
        (["a", "b", "--out", "no folder/x"], "there is no folder"),
        (["a", "b", "--out", "."], "--out . is not a regular file"),
        (["--file", "x", "--out", "./x"], "--out x is the --file that is read"),
        (["a", "b", "--batch-size", "0"], "--batch-size is 0"),
        (["a", "b", "--format", "snli"], "--format is for --file and standard input"),
    ],
)
def test_arguments_that_do_not_fit(
    arguments: list[str], message: str, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(trained_run), *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_tsv(
    packed: bool, trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"sentence2\tid\tsentence1\ndogs stop\tx\tdogs move\ncats\ty\tcats\n"
    path = tmp_path / "my pairs.tsv"
    path.write_bytes(gzip.compress(content) if packed else content)
    first, second = predictions(capsys, str(trained_run), "--file", str(path))
    assert (first["line"], first["id"], first["premise"]) == (2, "x", "( dogs move )")
    assert (second["line"], second["id"], second["hypothesis"]) == (3, "y", "cats")


BAD = [
    b"", b"{", b"\xff\xfe", b'{"premise": "", "hypothesis": "a", "id": 7}',
    b'{"premise": "a", "hypothesis": "( a b"} x', b'{"premise": "( a ) b )", "hypothesis": "a"}',
    b'{"premise": "\\ud800", "hypothesis": "a"}', b'{"id": NaN}', b"x" * 2_000_000, b"1",
]  # fmt: skip


def test_no_line_is_lost_where_bad_ones_are_skipped(
    trained_run: Path, capsys: pytest.CaptureFixture[str], feed: Feed
) -> None:
    good = GOOD.encode()
    feed(b"\n".join([good, *BAD, good, b""]))
    assert main(["predict", str(trained_run), "--json", "--on-error", "skip"]) == 0
    shown = capsys.readouterr()
    found = [json.loads(line) for line in shown.out.splitlines()]
    assert [prediction["line"] for prediction in found] == list(range(1, len(BAD) + 3))
    assert [bool(prediction.get("error")) for prediction in found] == [
        False,
        *[True] * len(BAD),
        False,
    ]
    assert found[4]["id"] == 7
    messages = shown.err.splitlines()
    assert [line.split(":")[1] for line in messages[:-1]] == [str(n + 2) for n in range(len(BAD))]
    assert messages[-1] == f"2 predicted, {len(BAD)} bad lines"


def test_predictions_in_columns(
    trained_run: Path, capsys: pytest.CaptureFixture[str], feed: Feed
) -> None:
    feed(f"{GOOD}\nbad\n")
    assert main(["predict", str(trained_run), "--tsv", "--on-error", "skip"]) == 0
    header, good, bad = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    labels = ["entailment", "neutral", "contradiction"]
    assert header == ["line", "id", "label", *labels, "unknown_share", "error", "warnings"]
    assert (good[0], good[6:], bad[:6]) == ("1", ["0.0", "", ""], ["2", *[""] * 5])
    probabilities = dict(zip(header[3:6], map(float, good[3:6]), strict=True))
    assert max(probabilities, key=lambda label: probabilities[label]) == good[2]
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert bad[7].startswith("malformed JSON")


def test_text_has_line_numbers_and_no_control_characters(
    trained_run: Path, capsys: pytest.CaptureFixture[str], feed: Feed
) -> None:
    feed("( dogs \x1b[2J )\tdogs\nodd\n")
    assert main(["predict", str(trained_run), "--on-error", "skip"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1  ")
    assert "\\u001b" in lines[1]
    assert lines[-1].startswith("2  error: 1 column(s) separated by tabs, expected 2")


def test_a_file_is_written_whole_or_not_at_all(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], feed: Feed
) -> None:
    out = tmp_path / "my predictions.jsonl"
    feed(f"{GOOD}\nbad\n")
    assert main(["predict", str(trained_run), "--json", "--out", str(out)]) == 2
    assert (
        f"malformed JSON: Expecting value: line 1 column 1 (char 0) (nothing is written to {out}"
        in (capsys.readouterr().err)
    )
    assert list(tmp_path.iterdir()) == []
    feed(f"{GOOD}\n{GOOD}\n")
    assert main(["predict", str(trained_run), "--json", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert [json.loads(line)["line"] for line in out.read_text().splitlines()] == [1, 2]


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the command in a separate process, with pipes."""
    # A shell that starts the tests in the background has its children ignore SIGINT.
    reset = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code = f"{reset}import sys; from spinn.cli import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "predict", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", env={**os.environ, **environment},
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def send(process: "subprocess.Popen[str]", line: str) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    prediction: dict[str, Any] = json.loads(process.stdout.readline())
    return prediction


@pytest.mark.slow
def test_each_line_of_a_slow_pipe_is_predicted_before_the_next_one(trained_run: Path) -> None:
    with running(str(trained_run), "--json", PYTHONIOENCODING="ascii") as process:
        assert send(process, "dogs 犬\tcats")["premise"] == "( dogs 犬 )"
        assert send(process, "cats\tcats")["line"] == 2
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "2 predicted, 0 bad lines\n")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_while_it_waits_for_a_line(trained_run: Path, tmp_path: Path) -> None:
    with running(str(trained_run), "--json") as process:
        send(process, GOOD)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr is not None
        assert process.stderr.read() == "interrupted\n"


@pytest.mark.slow
def test_a_closed_output_pipe_ends_the_command(trained_run: Path) -> None:
    with running(str(trained_run), "--json") as process:
        send(process, GOOD)
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, errors = process.communicate(f"{GOOD}\n", timeout=60)
    assert (process.returncode, errors) == (0, "")
