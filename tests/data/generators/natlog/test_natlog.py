"""The generator is reproducible, and the committed files match their README."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from spinn.data.generators.natlog import audit
from spinn.data.generators.natlog.__main__ import (
    DEFAULT_PAIRS,
    DEFAULT_SEED,
    SHARES,
    Source,
    main,
    rows,
)
from spinn.data.generators.natlog.cues import differences
from spinn.data.generators.natlog.formulas import Grammar
from spinn.data.generators.natlog.lexicon import read_lexicon

FOLDER = Path(__file__).parents[4] / "data" / "natlog"
FILES = ("train", "dev", "test", "test_longer", "test_lexical", "test_hyper")
LABELS = {"entailment", "neutral", "contradiction"}
LEXICON = read_lexicon()
Row = dict[str, Any]


@cache
def read(name: str) -> list[Row]:
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def content(*sentences: str) -> set[str]:
    return LEXICON.parent.keys() & {word for text in sentences for word in text.split(" ")}


def digest(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_one_seed_writes_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-m", "spinn.data.generators.natlog", "--pairs", "150"]
        subprocess.run(
            [*command, "--seed", "7", "--out", str(tmp_path / hash_seed)],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        )
    assert digest(tmp_path / "1") == digest(tmp_path / "2")
    assert set(digest(tmp_path / "1")) == {f"{name}.jsonl.gz" for name in FILES}


def test_another_seed_writes_other_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in ("1", "2"):
        main(["--pairs", "30", "--seed", seed, "--out", str(tmp_path / seed)])
    report = capsys.readouterr().out
    assert "pairs/s" in report
    assert re.search(r"train .*entailment (\d+), neutral \1, contradiction \1", report)
    first, second = digest(tmp_path / "1"), digest(tmp_path / "2")
    assert all(first[name] != second[name] for name in first)


def test_the_committed_files_begin_as_the_generator_does() -> None:
    """Part of the first file is drawn again; the slow test below draws two files."""
    groups = islice(Source(DEFAULT_PAIRS, DEFAULT_SEED).groups("test_hyper"), 15)
    first = list(rows("test_hyper", groups))
    assert first == read("test_hyper")[: len(first)]


@pytest.mark.slow
def test_the_first_two_files_are_reproduced_row_by_row() -> None:
    """`make natlog` and `git diff` compare all six; that takes some minutes."""
    source = Source(DEFAULT_PAIRS, DEFAULT_SEED)
    for name in ("test_hyper", "test_lexical"):
        assert list(rows(name, source.groups(name))) == read(name)


def test_the_files_are_small_and_have_the_expected_rows() -> None:
    assert sum((FOLDER / f"{name}.jsonl.gz").stat().st_size for name in FILES) < 3_000_000
    for name in FILES:
        least = DEFAULT_PAIRS // SHARES[name]
        assert least <= len(read(name)) < 1.03 * least
        assert len({row["pairID"] for row in read(name)}) == len(read(name))


@pytest.mark.parametrize("name", FILES)
def test_each_sentence_occurs_equally_often_with_each_label(name: str) -> None:
    """So a model of one sentence cannot be better than chance, whatever it is."""
    for side in ("sentence1", "sentence2"):
        labels = defaultdict(Counter)
        for row in read(name):
            labels[row[side]][row["gold_label"]] += 1
        for counts in labels.values():
            assert set(counts) == LABELS
            assert len(set(counts.values())) == 1
            assert side == "sentence2" or counts.total() == 3


def test_no_sentence_occurs_in_two_files_or_in_both_roles() -> None:
    """So no pair of a file is a pair of another with its sentences exchanged."""
    places = defaultdict(set)
    for name in FILES:
        for row in read(name):
            places[row["sentence1"]].add((name, "premise"))
            places[row["sentence2"]].add((name, "hypothesis"))
    assert max(map(len, places.values())) == 1


def test_premises_of_a_reordered_group_have_the_same_words() -> None:
    bags = defaultdict(set)
    for name in FILES:
        for row in read(name):
            if row["kind"] == "reordered":
                group = row["pairID"].rpartition("-")[0]
                bags[group].add(tuple(sorted(row["sentence1"].split(" "))))
    assert len(bags) > 500
    assert max(map(len, bags.values())) == 1


@pytest.mark.parametrize("name", FILES)
def test_parses_are_binary_trees_of_the_sentences(name: str) -> None:
    for row in read(name):
        for side in ("sentence1", "sentence2"):
            parse = row[f"{side}_binary_parse"]
            stack: list[int] = []
            for part in parse.split(" "):
                if part == ")":
                    assert stack.pop() + stack.pop() == 2
                if part != "(":
                    stack.append(1)
            assert stack == [1]
            assert parse.count("(") == parse.count(")") == row[side].count(" ")
            assert re.sub(r"[()] ?| ?\)", "", parse).strip().split() == row[side].split(" ")


def test_rows_parse_into_the_grammar() -> None:
    grammar = Grammar(LEXICON)
    for name in FILES:
        for row in read(name)[::500]:
            assert len(list(grammar.parses(row["sentence1"]))) == 1


def nesting(parse: str) -> int:
    level = deepest = 0
    for mark in re.findall(r"[()]", parse):
        level += 1 if mark == "(" else -1
        deepest = max(deepest, level)
    return deepest


def clause_count(sentence: str) -> int:
    words = sentence.split(" ")
    return 1 + words.count("both") + words.count("either")


def test_longer_has_more_clauses_and_deeper_premises_than_any_in_train() -> None:
    seen = read("train")
    most = max(clause_count(row[side]) for row in seen for side in ("sentence1", "sentence2"))
    deepest = max(
        nesting(row[f"{side}_binary_parse"]) for row in seen for side in ("sentence1", "sentence2")
    )
    for row in read("test_longer"):
        assert min(clause_count(row[side]) for side in ("sentence1", "sentence2")) > most
        assert nesting(row["sentence1_binary_parse"]) > deepest


def test_held_out_word_pairs_occur_in_no_other_set() -> None:
    pairs = {frozenset(pair) for pair in LEXICON.held_out_hypernyms}
    combinations = {frozenset(pair) for pair in LEXICON.held_out_combinations}
    for name in FILES:
        for row in read(name):
            words = content(row["sentence1"], row["sentence2"])
            found = [pair for pair in pairs if pair <= words]
            assert all(LEXICON.category[word] == "noun" for pair in found for word in pair)
            if name != "test_hyper":
                assert not found
            if name != "test_lexical":
                assert not any(pair <= words for pair in combinations)


def test_held_out_words_are_each_common_in_train() -> None:
    counts = Counter(
        word for row in read("train") for word in content(row["sentence1"], row["sentence2"])
    )
    assert set(counts) == set(LEXICON.parent)
    assert min(counts.values()) >= 1000


def test_test_lexical_puts_held_out_combinations_in_each_hypothesis() -> None:
    combinations = [set(pair) for pair in LEXICON.held_out_combinations]
    met = Counter(
        str(pair)
        for row in read("test_lexical")
        for pair in combinations
        if pair <= content(row["sentence2"])
    )
    assert all(
        any(pair <= content(row["sentence2"]) for pair in combinations)
        for row in read("test_lexical")
    )
    assert len(met) >= 20


def test_test_hyper_has_a_held_out_hyponym_opposite_its_hypernym() -> None:
    met = Counter()
    for row in read("test_hyper"):
        given, wanted = content(row["sentence1"]), content(row["sentence2"])
        across = [
            (low, high)
            for low, high in LEXICON.held_out_hypernyms
            if (low in given and high in wanted) or (high in given and low in wanted)
        ]
        assert across
        met.update(across)
    nouns = [pair for pair in LEXICON.held_out_hypernyms if LEXICON.category[pair[0]] == "noun"]
    assert set(met) == set(nouns)
    assert min(met.values()) >= 100


def test_the_readme_states_the_rows_and_the_command() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in FILES:
        size = len(read(name))
        assert re.search(rf"`{name}\.jsonl\.gz` \| {size:,} \| {size // 3:,} each", text), name
    assert "python -m spinn.data.generators.natlog" in text
    assert not re.search(r"^[A-Z]+$", text, re.MULTILINE), "a table is missing"


@pytest.mark.parametrize("program", [main, audit.main])
def test_a_missing_library_is_named_with_its_extra(
    program: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("spinn.data.generators.natlog.__main__.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        program([])
    assert ended.value.code == 2
    assert 'pip install "spinn[generators]"' in capsys.readouterr().err


@pytest.mark.slow
def test_no_model_without_composition_exceeds_55_percent_on_any_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And the README's table is what the audit prints."""
    audit.main([str(FOLDER)])
    table = capsys.readouterr().out
    scores = [float(score) for score in re.findall(r"([0-9.]+) %", table)]
    assert len(scores) == 5 * 5
    assert max(scores) <= 55
    assert max(scores[:10]) <= 33.4
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for line in table.splitlines()[2:]:
        name = line.split(" | ")[0]
        (row,) = [one for one in readme.splitlines() if one.startswith(f"{name} |")]
        found, stated = ([float(n) for n in re.findall(r"([0-9.]+) %", one)] for one in (line, row))
        assert found == pytest.approx(stated, abs=0.3), name


def test_a_stopped_run_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        main(["--pairs", "30", "--out", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_no_cue_gives_the_label_away() -> None:
    """Predict the most frequent label in train for each difference of the two sentences."""
    labels: defaultdict[object, Counter[str]] = defaultdict(Counter)
    for row in read("train"):
        for cue in differences(row["sentence1"], row["sentence2"]):
            labels[cue][row["gold_label"]] += 1
    for name in FILES[1:]:
        scores: Counter[object] = Counter()  # a third for a pair with a cue that train lacks
        for row in read(name):
            for cue in differences(row["sentence1"], row["sentence2"]):
                if cue in labels:
                    scores[cue[0]] += labels[cue].most_common(1)[0][0] == row["gold_label"]
                else:
                    scores[cue[0]] += 1 / 3
        assert max(scores.values()) <= 0.55 * len(read(name)), (name, scores)
