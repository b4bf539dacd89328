"""The tables of an audit: their cells, their width, and texts that would break a terminal."""

import csv
import io
from typing import Any

from spinn.cli.support.audit_tables import as_csv, as_markdown, as_text


def split(examples: int, labels: dict[str, int], **further: Any) -> dict[str, Any]:
    lengths = {"mean": 7.25, "median": 7.0, "p95": 12.0, "max": 30.0}
    return {
        "examples": examples,
        "skipped": {"unlabelled": 2, "left_out": 0, "bad_rows": 0, "too_long": 0},
        "words": {"tokens": 2000, "types": 50, "unknown_tokens": 30, "unknown_types": 5},
        "lengths": {"premise": lengths, "hypothesis": lengths},
        "labels": labels,
        "repeated": {"repeated": 3, "contradictory": 0},
        **further,
    }


def audit(**further: Any) -> dict[str, Any]:
    trees = {"depth_mean": 5.5, "depth_max": 8.0, "f1_right": 0.6543, "f1_left": 0.25}
    found = {"accuracy": 0.5, "low": 0.45, "high": 0.55}
    return {
        "data": "mine",
        "contents": "pairs",
        "sentences": ["premise", "hypothesis"],
        "trees": "gold",
        "splits": {
            "train": split(60_000, {"yes": 45_000, "no": 15_000}, trees={"premise": trees}),
            "dev": split(200, {"yes": 200, "no": 0}, repeated={"repeated": 0, "contradictory": 0}),
        },
        "baselines": {
            "class": {
                "examples": 50_000,
                "majority": "yes",
                "models": {
                    "majority": {"sets": {"dev": found}},
                    "hypothesis alone": {
                        "leak": True,
                        "sets": {"dev": {**found, "accuracy": 0.6, "p": 0.01, "better": True}},
                    },
                },
            }
        },
        "findings": ["hypothesis alone beats the majority"],
        **further,
    }


def line(text: str, start: str) -> list[str]:
    """The cells of the only line that starts so."""
    (found,) = [row for row in text.splitlines() if row.startswith(start)]
    return found.removeprefix(start).split()


def block(text: str, title: str) -> str:
    (found,) = [part for part in text.split("\n\n") if part.startswith(title)]
    return found


def test_the_text_has_every_number() -> None:
    text = as_text(audit())
    assert text.startswith("mine: pairs, gold trees\n\n")
    words = block(text, "Examples and words")
    assert line(words, "train") == ["60,000", "2", "2,000", "1.5%", "50", "10.0%"]
    assert "no label" in words
    assert "left out" not in words
    assert line(block(text, "Labels"), "dev") == ["200", "100.0%", "0"]
    sentences = block(text, "Sentences")
    assert line(sentences, "train premise") == [
        "7.2", "7", "12", "30", "5.5", "8", "65.4", "25.0",
    ]  # fmt: skip
    assert line(sentences, "dev hypothesis")[4:] == ["-"] * 4
    assert line(block(text, "Repeated inputs"), "train") == ["3", "0.0%", "0"]
    baselines = block(text, "Baselines, accuracy in per cent")
    assert line(baselines, "majority") == ["50.0"]
    assert line(baselines, "  95 % interval") == ["45.0-55.0"]
    assert line(baselines, "hypothesis alone") == ["60.0*"]
    assert "trained on 50,000 of 60,000 examples of train" in baselines
    assert text.endswith("Findings\n- hypothesis alone beats the majority")


def test_no_line_is_wider_than_100_characters() -> None:
    labels = {f"a quite long label {number}": 10 for number in range(15)}
    many = {f"test{number}": split(150, labels) for number in range(12)}
    wide = audit(splits={"train": split(150, labels), **many}, findings=["a finding " * 40])
    sets = {name: {"accuracy": 0.5, "low": 0.4, "high": 0.6, "better": True} for name in many}
    wide["baselines"]["class"]["models"] = {"majority": {"sets": sets}, "bag": {"sets": sets}}
    text = as_text(wide)
    assert max(map(len, text.splitlines())) <= 100
    assert all(name in block(text, "Labels") or name in text for name in labels)
    assert text.count("95 % interval") == 2  # the columns of the baselines are in two blocks


def test_many_labels_are_joined() -> None:
    labels = {f"l{number}": number for number in range(1, 31)}
    text = as_text(audit(splits={"train": split(465, labels)}))
    assert "10 others" in text
    assert "55 11.8%" in text  # the ten rarest have 1 + ... + 10 of 465
    assert "l30" in text
    assert "l10 " not in text


def test_control_characters_are_escaped_in_every_place() -> None:
    bad = "\x1b[31m|\n"
    strange = audit(data=bad, sentences=[bad, "b"], findings=[bad])
    for measures in strange["splits"].values():
        measures["lengths"] = dict.fromkeys([bad, "b"], measures["lengths"]["premise"])
        measures["labels"] = {bad: 1}
    strange["splits"] = {bad: strange["splits"]["train"]} | strange["splits"]
    strange["baselines"]["class"]["majority"] = bad
    for text in (as_text(strange), as_markdown(strange)):
        assert "\x1b" not in text
        assert "\\u001b[31m" in text
    assert "\\u001b[31m\\|" in as_markdown(strange)  # a cell ends at a bare |


def test_markdown_has_a_table_for_each_title() -> None:
    text = as_markdown(audit())
    assert text.startswith("# mine: pairs, gold trees\n\n## Examples and words\n\n|  | examples |")
    assert "| hypothesis alone | 60.0* |" in text
    assert text.endswith("## Findings\n\n- hypothesis alone beats the majority\n")


def test_csv_has_a_line_for_each_number() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(audit()))))
    assert rows[0] == ["split", "measure", "value"]
    assert ["train", "trees: premise: f1_right", "0.6543"] in rows
    assert ["dev", "labels: yes", "200"] in rows
    assert ["dev", "baselines: class: hypothesis alone: accuracy", "0.6"] in rows
    assert all(len(row) == 3 for row in rows)


def test_without_baselines_the_reason_stands_in_their_place() -> None:
    text = as_text(audit(baselines={"missing": {"skipped": "baselines need x"}}, findings=[]))
    assert "\n\nBaselines\nbaselines need x\n\n" in text
    assert text.endswith("Findings\nnone")


def test_scores_and_sequences() -> None:
    score = {"mean": 3.527, "deviation": 1.0, "lowest": 1.0, "highest": 5.0}
    scored = audit(splits={"train": split(9, {"yes": 9}, score=score)})
    results = {"mse": 0.5, "pearson": 0.61, "better": True}
    models = {
        "mean": {"sets": {"dev": {"mse": 1.25}}},
        "length": {"sets": {"dev": results}},
        "words": {"sets": {"dev": {"mse": 2.0, "pearson": None, "better": False}}},
    }
    scored["baselines"] = {"score": {"examples": 9, "mean": 3.5, "models": models}}
    text = as_text(scored)
    assert line(block(text, "Scores"), "train") == ["3.527", "1", "1", "5"]
    baselines = block(text, "Baselines of the score")
    assert line(baselines, "mean") == ["-", "1.250"]
    assert line(baselines, "length") == ["0.610*", "0.500"]
    assert line(baselines, "words") == ["-", "2.000"]

    lengths = {"mean": 2.0, "median": 2.0, "p95": 3.0, "max": 4.0}
    series = {
        "examples": 7,
        "lengths": {"input": lengths, "target": lengths},
        "values": score,
        "repeated": {"repeated": 0, "contradictory": 0},
        "baselines": {"last_value": {"mae": 1.5}, "mean": {"mse": 2.25}},
    }
    text = as_text(
        {"data": "waves", "contents": "sequences", "splits": {"train": series}, "findings": []}
    )
    assert text.startswith("waves: sequences\n")
    assert line(text, "train input") == ["2", "2", "3", "4"]
    assert line(text, "train, last_value") == ["1.5000", "-"]
    assert line(text, "train, mean") == ["-", "2.2500"]
