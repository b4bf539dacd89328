"""The SICK reader: the official format and both parsed formats."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from spinn.data.text.labels import Labels
from spinn.data.text.readers.sick import SICKReader
from spinn.data.text.reading import read_split
from spinn.data.text.report import ReadReport
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError
from spinn.trees.transitions import right_branching, to_brackets

LABELS = Labels(names=["entailment", "neutral", "contradiction"])
HEADER = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"


def message_of(tmp_path: Path, content: str, trees: str = "gold") -> str:
    path = tmp_path / "bad.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_split(SICKReader(), [path], TreeSource(trees), LABELS)
    return str(error.value).removeprefix(str(path))


def test_the_official_format(fixtures: Path) -> None:
    examples, report = read_split(
        SICKReader(), [fixtures / "sick.txt"], TreeSource("right"), LABELS
    )
    assert [example.target for example in examples] == ["entailment", "contradiction", "neutral"]
    assert [example.score for example in examples] == [4.2, 3.0, 1.0]
    hypothesis = examples[1].sentences[1]
    assert hypothesis.words == ("Nobody", "-LRB-", "here", "-RRB-", "is", "stirring")
    assert hypothesis.transitions == right_branching(6)
    assert report.summary() == "3 examples from 1 file(s), right-branching trees"


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("sick_parsed", [None, None]),
        ("sick_parsed_scored", [4.2, 1.0]),
        ("sick_parsed_repeated", [None, None]),
    ],
)
def test_the_parsed_formats(fixtures: Path, name: str, scores: list[float | None]) -> None:
    examples, report = read_split(
        SICKReader(), [fixtures / f"{name}.txt"], TreeSource("gold"), LABELS
    )
    assert [example.target for example in examples] == ["entailment", "neutral"]
    assert [example.score for example in examples] == scores
    assert to_brackets(examples[0].sentences[0]) == "( ( A cook ) ( is ( stirring soup ) ) )"
    assert report.examples == 2


def test_plain_sentences_need_a_choice_of_tree(fixtures: Path) -> None:
    with pytest.raises(InputError) as error:
        read_split(SICKReader(), [fixtures / "sick.txt"], TreeSource("gold"), LABELS)
    assert str(error.value) == (
        f"{fixtures / 'sick.txt'}:2: sentence_A: the text has no parse: choose "
        "data.trees=left|right|balanced|random|corenlp|link-grammar; or parse the file once, "
        "`spinn data parse --file FILE --out OUT --trees corenlp|link-grammar|RUN`; or train an "
        "encoder that needs no tree, such as model=lstm"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "1\tA\tB\t3.0\n", ":2: 4 column(s) separated by tabs, expected 5"),
        (HEADER + "1\tA\tB\t3\tPERHAPS\n", ":2: label 'perhaps', expected one of: entailment"),
        (HEADER + "1\tA\tB\t5.1\tNEUTRAL\n", ":2: relatedness_score '5.1', expected a number"),
        (HEADER + "1\tA\tB\tnan\tNEUTRAL\n", ":2: relatedness_score 'nan', expected a number"),
        (HEADER + "1\tA\tB\thigh\tNEUTRAL\n", ":2: relatedness_score 'high', expected a number"),
        (HEADER + "1\tA\t \t3\tNEUTRAL\n", ":2: sentence_B: empty sentence: no word found"),
        ("pair_ID\tsentence_A\tlabel\n", ":1: columns pair_ID, sentence_A, label, expected among"),
        ("NEUTRAL\t( a b )\n", ":1: 2 column(s) separated by tabs and no header, expected"),
        ("NEUTRAL\ta\tb\nNEUTRAL\ta\n", ":2: 2 column(s) separated by tabs, expected 3"),
        ("NEUTRAL\ta\tb\n1\ta\tb\n", ":2: label '1', expected one of: entailment neutral"),
        ("NEUTRAL\ta\t( b )\n", ":1: sentence_B: not a binary tree: the bracket closed after"),
        (HEADER, ": the file holds no row"),
    ],
)
def test_wrong_rows(tmp_path: Path, content: str, message: str) -> None:
    assert message_of(tmp_path, content, "left").startswith(message)


def test_a_bad_first_row_does_not_hide_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("NEUTRAL\nNEUTRAL\ta\tb\nENTAILMENT\ta\tb\n", encoding="utf-8")
    examples, report = read_split(SICKReader(), [path], TreeSource("gold"), LABELS, on_error="skip")
    assert [example.target for example in examples] == ["neutral", "entailment"]
    assert report.bad_rows == 1


@pytest.mark.parametrize("trees", ["balanced", "gold"])
@pytest.mark.parametrize("part", ["train", "trial"])
def test_the_real_files(real_data: Callable[[str], Path], part: str, trees: str) -> None:
    form = "_parsed" if trees == "gold" else ""
    path = real_data("sick") / f"SICK_{part}{form}.txt"
    examples, report = read_split(SICKReader(), [path], TreeSource(trees), LABELS)
    counts = {"train": (4500, 2536, 1299, 665), "trial": (500, 282, 144, 74)}[part]
    found = Counter(example.target for example in examples)
    assert (report.rows, found["neutral"], found["entailment"], found["contradiction"]) == counts
    assert (report.unlabelled, report.bad_rows) == (0, 0)
    scored = (part, trees) != ("train", "gold")
    assert all((example.score is not None) == scored for example in examples)


# Relatedness

PARSED = [
    "NEUTRAL\t( A ( dog runs ) )\t( A ( cat sleeps ) )",
    "NEUTRAL\t( A ( dog ( does n't ) ) )\t( -LRB- ( a -RRB- ) )",
    "ENTAILMENT\t( A ( dog runs ) )\t( A ( cat sleeps ) )",
]
OFFICIAL = [
    "1\tA dog runs\tA cat sleeps\t1.5\tNEUTRAL",
    "2\tA dog doesn't\t(a)\t2.25\tNEUTRAL",
    "3\tA dog runs\tA cat sleeps\t4.75\tENTAILMENT",
]


def read_scores(folder: Path, parsed: list[str], official: list[str] | None) -> list[float | None]:
    path = folder / "SICK_train_parsed.txt"
    path.write_text("\n".join(parsed) + "\n", encoding="utf-8")
    if official is not None:
        text = HEADER + "\n".join(official) + "\n"
        (folder / "SICK_train.txt").write_text(text, encoding="utf-8")
    examples, _ = read_split(SICKReader(scores=True), [path], TreeSource("gold"), LABELS)
    return [example.score for example in examples]


def test_scores_come_from_the_official_file_by_the_words(tmp_path: Path) -> None:
    assert read_scores(tmp_path, PARSED, OFFICIAL) == [1.5, 2.25, 4.75]
    # In another order; of a pair that occurs twice, the first score is that of the first row.
    assert read_scores(tmp_path, PARSED[1:], OFFICIAL[::-1]) == [2.25, 4.75]


def test_the_columns_besides_the_sentences(tmp_path: Path) -> None:
    score = {"relatedness_score": "1.5"}
    read_scores(tmp_path, PARSED, OFFICIAL)
    for name, settings, expected in (
        ("SICK_train.txt", {}, {"pair_ID": "1", "entailment_judgment": "NEUTRAL"} | score),
        ("SICK_train_parsed.txt", {}, {"entailment_judgment": "NEUTRAL"}),
        ("SICK_train_parsed.txt", {"scores": True}, {"entailment_judgment": "NEUTRAL"} | score),
    ):
        reader = SICKReader(**settings)
        _, row = next(reader.open(tmp_path / name, ReadReport(None)))
        assert reader.columns_of(row) == expected


def test_scores_that_are_missing_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"SICK_train\.txt: no such file.*SICK_train_parsed"):
        read_scores(tmp_path, PARSED, None)
    with pytest.raises(InputError, match=r"_parsed\.txt:3: the official file has no pair with"):
        read_scores(tmp_path, PARSED, OFFICIAL[:2])
    with pytest.raises(InputError, match=r"SICK_train\.txt:3: .*; expected the official format"):
        read_scores(tmp_path, PARSED, [OFFICIAL[0], "2\tA dog"])


def test_a_parsed_file_whose_header_is_missing_and_sentences_follow_the_parses(
    tmp_path: Path,
) -> None:
    row = "NEUTRAL\t( A dog )\t( A cat )\tA dog\tA cat"
    path = tmp_path / "SICK_test_parsed.txt"
    path.write_text(f"{row}\n{row.replace('NEUTRAL', 'ENTAILMENT')}\n", encoding="utf-8")
    examples, report = read_split(SICKReader(), [path], TreeSource("gold"), LABELS)
    assert [example.target for example in examples] == ["neutral", "entailment"]
    assert [to_brackets(parse) for parse in examples[0].sentences] == ["( A dog )", "( A cat )"]
    assert (examples[0].score, report.bad_rows) == (None, 0)


def test_the_real_scores_of_parsed_sentences(real_data: Callable[[str], Path]) -> None:
    """The rows of both files are in one order; 27 pairs occur more than once."""
    path = real_data("sick") / "SICK_train_parsed.txt"
    examples, _ = read_split(SICKReader(scores=True), [path], TreeSource("gold"), LABELS)
    official = path.with_name("SICK_train.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert [example.score for example in examples] == [
        float(line.split("\t")[3]) for line in official
    ]
