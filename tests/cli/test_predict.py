import io
import json
from pathlib import Path
from typing import Any

import pytest
from loopback import Site

from spinn.cli import main

SAME = ["--premise", "( dogs move )", "--hypothesis", "( dogs move )"]


def answers(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["predict", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_question_on_the_command_line(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (answer,) = answers(capsys, str(trained_run), *SAME)
    assert answer["label"] == "entailment"
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert max(answer["probabilities"], key=answer["probabilities"].get) == answer["label"]
    assert answer["trees"] == {"premise": "given", "hypothesis": "given"}
    assert answer["unknown_words"] == []


def test_the_answer_for_a_person(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(trained_run), *SAME]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("entailment")
    assert "( dogs move )   [given tree]" in shown


def test_brackets_and_plain_text_say_where_the_tree_comes_from(
    trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (answer,) = answers(
        capsys, str(trained_run), "--premise", "( ( old dogs ) move )",
        "--hypothesis", "old dogs move, zzz", "--trees", "left",
    )  # fmt: skip
    assert answer["trees"] == {"premise": "given", "hypothesis": "left"}
    assert answer["premise"] == "( ( old dogs ) move )"
    assert answer["hypothesis"] == "( ( ( ( old dogs ) move ) , ) zzz )"
    assert answer["unknown_words"] == [",", "zzz"]


def test_json_lines_keep_their_order_across_batches(
    trained_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["dogs", "cats", "birds", "dogs", "cats"]
    lines = [json.dumps({"premise": f"{w} move", "hypothesis": f"{w} stop"}) for w in words]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([*lines[:2], "", *lines[2:]])))
    found = answers(capsys, str(trained_run), "--batch-size", "2")
    assert [answer["premise"].split()[1] for answer in found] == words


def test_alone_or_in_a_batch_the_answer_is_the_same(
    trained_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"premise": "( ( many ( old dogs ) ) move )", "hypothesis": "dogs"}, {
        "premise": "( cats stop )", "hypothesis": "( cats move )"}]  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(map(json.dumps, rows))))
    together = answers(capsys, str(trained_run))
    for row, expected in zip(rows, together, strict=True):
        (alone,) = answers(
            capsys, str(trained_run),
            "--premise", row["premise"], "--hypothesis", row["hypothesis"],
        )  # fmt: skip
        assert alone["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "<stdin>:2: "),
        ("[1]", "<stdin>:2: expected an object"),
        ('{"premise": "a"}', "<stdin>:2: hypothesis is None; expected a sentence"),
        ('{"premise": "a", "hypothesis": 3}', "<stdin>:2: hypothesis is 3"),
        ('{"premise": "", "hypothesis": "a"}', "<stdin>:2: premise ''"),
        ('{"premise": "( a b c )", "hypothesis": "a"}', "<stdin>:2: premise '( a b c )'"),
        ("[" * 100_000, "<stdin>:2: "),
    ],
)
def test_a_bad_line_is_named_after_the_answers_before_it(
    line: str,
    message: str,
    trained_run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = json.dumps({"premise": "dogs", "hypothesis": "dogs"})
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{good}\n{line}\n{good}\n"))
    assert main(["predict", str(trained_run), "--json"]) == 2
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert message in shown.err


@pytest.mark.parametrize("text", ["", "   ", "( dogs move", "( dogs )", "( )"])
def test_a_sentence_that_is_none(
    text: str, trained_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["predict", str(trained_run), "--premise", text, "--hypothesis", "( dogs move )"])
    shown = capsys.readouterr()
    if text == "( dogs move":  # not in brackets, so plain text
        assert code == 0
        assert "-LRB-" in shown.out
    else:
        assert code == 2
        assert f"premise {text!r}" in shown.err


def test_half_a_question(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(trained_run), "--premise", "dogs"]) == 2
    assert "give both --premise and --hypothesis" in capsys.readouterr().err


def test_odd_text_is_answered(trained_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("?!", "dogs 🐕 犬", "\x07", "a" * 5000, "dogs " * 3000):
        found = answers(capsys, str(trained_run), "--premise", text, "--hypothesis", "dogs")
        assert len(found) == 1


def test_a_server_gives_the_tree_and_the_answer_says_so(
    trained_run: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.files[""] = b'{"sentences": [{"parse": "(ROOT (S (NP (JJ old) (NNS dogs)) (VP move)))"}]}'
    asked = ["--premise", "old dogs move", "--hypothesis", "( dogs move )"]
    server = ["--trees", "corenlp", "--parser-url", site.address]
    (answer,) = answers(capsys, str(trained_run), *asked, *server)
    assert answer["premise"] == "( ( old dogs ) move )"
    assert answer["trees"] == {"premise": "corenlp", "hypothesis": "given"}
    site.script = [{"status": 500}]
    assert main(["predict", str(trained_run), *asked, *server]) == 2
    assert f"{site.address}: no CoreNLP server answers there (it answers 500" in (
        capsys.readouterr().err
    )


def test_sources_that_are_not_there(
    trained_run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["predict", str(trained_run), *SAME, "--trees", "link-grammar"]) == 2
    assert "apt install link-grammar" in capsys.readouterr().err
    assert main(["predict", str(trained_run), *SAME, "--parser-url", "http://h:9000"]) == 2
    assert "--parser-url is for --trees corenlp, and the trees are right" in capsys.readouterr().err
