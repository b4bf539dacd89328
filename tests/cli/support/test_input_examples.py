import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinn.cli.support.input_examples import (
    LINE_FORMATS,
    LONGEST_LINE,
    MOST_WORDS,
    BadLine,
    Fields,
    InputExample,
    Row,
    read_example,
    read_examples,
)
from spinn.cli.support.output_formats import format_json, format_text
from spinn.data.text.readers.rows import lines_of
from spinn.data.text.tree_source import TreeSource
from spinn.errors import InputError
from spinn.trees.transitions import parse_brackets, to_brackets

RIGHT = TreeSource("right")
PAIR = Fields.of(("premise", "hypothesis"), (0, 1))
ONE = Fields.of(("sentence",), (0,))
QUESTIONS = Fields.of(("Question 1", "question2"), (0, 1))
THREE = Fields.of(("a", "b", "c"), (0, 1, 2))
HYPOTHESIS = Fields.of(("premise", "hypothesis"), (1,))


def read(content: bytes, form: str = "auto", fields: Fields = PAIR) -> list[InputExample | BadLine]:
    lines = lines_of(io.BufferedReader(io.BytesIO(content)), "here", LONGEST_LINE)  # type: ignore[arg-type]
    return list(read_examples(lines, form, fields, RIGHT))


def one(content: str | bytes, form: str = "auto") -> InputExample:
    (item,) = read(content.encode() if isinstance(content, str) else content, form)
    assert isinstance(item, InputExample), item.error
    return item


def error_of(content: bytes, form: str = "auto") -> str:
    *_, item = read(content, form)
    assert isinstance(item, BadLine)
    return item.error


@pytest.mark.parametrize(
    "content",
    [
        '{"premise": "a b", "hypothesis": "c"}',
        '{"sentence1": "a b", "sentence2": "c", "gold_label": "neutral"}',
        ' {"hypothesis": "c", "premise": "a b"}\r\n',
        "\ufeffa b\tc\n\n",
        "a b \t c",
        "Premise\tHypothesis\na b\tc",
        "gold_label\tsentence2\tsentence1\n-\tc\ta b\n",
    ],
)
def test_formats_of_one_pair(content: str) -> None:
    item = one(content)
    assert [parse.words for parse in item.sentences] == [("a", "b"), ("c",)]
    assert item.origins == ("right", "right")


@pytest.mark.parametrize(
    ("fields", "content", "expected"),
    [
        (ONE, b"dogs move", ["dogs move"]),
        (ONE, b"SENTENCE\ndogs move", ["dogs move"]),
        (ONE, b'{"sentence": "dogs move", "label": "x"}', ["dogs move"]),
        (ONE, b"label\tsentence\nx\tdogs move", ["dogs move"]),
        (QUESTIONS, b'{"Question 1": "dogs", "question2": "cats"}', ["dogs", "cats"]),
        (QUESTIONS, b"question2\tid\tquestion 1\ncats\t7\tdogs", ["dogs", "cats"]),
        (QUESTIONS, b"dogs\tcats", ["dogs", "cats"]),
        (THREE, b"x\ty\tz", ["x", "y", "z"]),
        (HYPOTHESIS, b"dogs", ["dogs"]),
        (HYPOTHESIS, b"cats\tdogs", ["dogs"]),
        (HYPOTHESIS, b'{"sentence2": "dogs"}', ["dogs"]),
        (HYPOTHESIS, b'{"premise": 7, "hypothesis": "dogs"}', ["dogs"]),
    ],
)
def test_sentences_have_the_names_of_the_data(
    fields: Fields, content: bytes, expected: list[str]
) -> None:
    (item,) = read(content, fields=fields)
    assert isinstance(item, InputExample), item.error
    assert [" ".join(parse.words) for parse in item.sentences] == expected
    assert len(item.origins) == len(expected)


@pytest.mark.parametrize(
    ("fields", "content", "message"),
    [
        (ONE, b"a\tb", "2 column(s) separated by tabs, expected 1: sentence"),
        (ONE, b'{"premise": "a"}', "no key 'sentence'; the keys are 'premise'"),
        (ONE, b"\nb", 'blank line, expected {"sentence": "…"}, or a sentence'),
        (QUESTIONS, b"one", 'neither {"Question 1": "…", "question2": "…"} nor Question 1 and'),
        (QUESTIONS, b'{"question 1": "a", "question2": "b"}', "no key 'Question 1'; the keys"),
        (QUESTIONS, b"[1]", "neither {"),
        (THREE, b"a\tb", "2 column(s) separated by tabs, expected 3: a, b, c"),
        (HYPOTHESIS, b'{"premise": "a"}', "no key 'hypothesis'; the keys are 'premise'"),
    ],
)
def test_a_bad_line_names_the_sentences_of_the_data(
    fields: Fields, content: bytes, message: str
) -> None:
    item = read(content, fields=fields)[0]
    assert isinstance(item, BadLine)
    assert message in item.error


@pytest.mark.parametrize("identity", ["x y", "7", 7, 1.5, None, 10**400])
def test_an_id_is_repeated(identity: str | float | None) -> None:
    row = {"id": identity, "premise": "a", "hypothesis": "b"}
    assert one(json.dumps(row)).identity == identity
    (bad,) = read(json.dumps({**row, "premise": ""}).encode())
    assert (bad.identity, bad.line) == (identity, 1)


@pytest.mark.parametrize("identity", ["[1]", "true", '"\\ud800"', "1e999", '{"a": 1}'])
def test_an_invalid_id_is_a_bad_line(identity: str) -> None:
    line = f'{{"id": {identity}, "premise": "a", "hypothesis": "b"}}'
    assert error_of(line.encode()).endswith("expected a text or a number")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"just words", "neither {"),
        (b"a\tb\nc", "1 column(s) separated by tabs, expected 2: premise, hypothesis"),
        (b"a\tb\nc\td\te", "3 column(s) separated by tabs, expected 2: premise, hypothesis"),
        (b"id\tpremise\thypothesis\na\tb", "2 column(s) separated by tabs, expected 3: id, prem"),
        (b"a\t", "hypothesis '': empty sentence"),
        (b"\t", "premise '': empty sentence"),
        (b'{"premise": "a"}\n[1]', "expected an object"),
        (b'{"premise": "a", "hypothesis": null}', "hypothesis is None; expected a sentence"),
        (b'{"premise": NaN}', "malformed JSON: NaN is not a JSON number"),
        (b'{"a":' * 100_000, "malformed JSON: nested too deeply"),
        (b'{"premise": ' + b"1" * 5000 + b"}", "malformed JSON: Exceeds the limit"),
        (b'{"premise": "\\udc80", "hypothesis": "b"}', "half of a surrogate pair is not a char"),
        (b"a\t\xe9", "invalid UTF-8: byte 0xe9 at column 3"),
        (b"a\tb\n" + b"x" * (LONGEST_LINE + 1), f"line longer than {LONGEST_LINE} bytes"),
        (b"( a b\tc\n( a b ) )\tc", "unbalanced brackets: the closing bracket after word 2"),
        (b"( a ( b )\tc", "not a binary tree: the bracket closed after word 2"),
        (b"a\tb\n\n\nc\td\n\nbad", "1 column(s)"),
    ],
)
def test_a_bad_line_has_a_message(content: bytes, message: str) -> None:
    assert message in error_of(content)


def test_blank_lines_are_bad_lines_unless_nothing_follows() -> None:
    found = read(b"\na\tb\n\n  \nc\td\n\n \n")
    assert [item.line for item in found] == [1, 2, 3, 4, 5]
    assert [isinstance(item, InputExample) for item in found] == [False, True, False, False, True]
    assert found[0] == BadLine(
        1,
        None,
        'blank line, expected {"premise": "…", "hypothesis": "…"}, '
        "or premise and hypothesis separated by a tab",
    )


def test_the_format_is_that_of_the_first_line_that_has_one() -> None:
    first, second, third = read(b'words\na\tb\n{"premise": "a"}')
    assert isinstance(first, BadLine)
    assert isinstance(second, InputExample)
    assert isinstance(third, BadLine)
    assert third.error.startswith("1 column(s)")
    assert one(b"{a\tb}", "tsv").sentences[0].words[-1] == "a"


def test_the_length_of_a_sentence_is_limited() -> None:
    assert len(one("a " * 5000 + "\tb").sentences[0].words) == 5000
    assert one("a " * MOST_WORDS + "\tb")
    message = error_of(b"a " * (MOST_WORDS + 1) + b"\tb")
    assert message.endswith(f"…: {MOST_WORDS + 1:,} words, expected at most {MOST_WORDS:,}")
    assert len(message) < 150


def test_a_parser_that_does_not_answer_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(trees: TreeSource, text: str) -> None:
        raise InputError("the parser does not answer")

    monkeypatch.setattr(TreeSource, "read", fail)
    with pytest.raises(InputError, match="does not answer"):
        read_example(1, Row(None, ("a", "b")), PAIR.encoded, RIGHT)


def test_a_tokenizer_that_gives_up_is_a_bad_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(trees: TreeSource, text: str) -> None:
        raise TimeoutError("exceeded its 5s time limit")

    monkeypatch.setattr(TreeSource, "read", fail)
    item = read_example(1, Row(None, ("a", "b")), PAIR.encoded, RIGHT)
    assert item == BadLine(1, None, "premise 'a': exceeded its 5s time limit")


def numbers(content: bytes) -> list[int]:
    """The numbers of all lines but the blank ones at the end."""
    lines = content.split(b"\n")
    while lines and not lines[-1].removeprefix(b"\xef\xbb\xbf").strip(b" \r"):
        lines.pop()
    return list(range(1, len(lines) + 1))


@given(
    lines=st.lists(st.text() | st.sampled_from(['{"premise": "a"', "a\tb", "( a )\tb", "\x85"])),
    form=st.sampled_from(LINE_FORMATS),
)
def test_any_line_of_text_gets_an_example_or_an_error(lines: list[str], form: str) -> None:
    content = "\n".join(lines).encode("utf-8", "replace")
    check_all(content, form)


@given(content=st.binary(), form=st.sampled_from(LINE_FORMATS))
def test_any_bytes_get_an_example_or_an_error(content: bytes, form: str) -> None:
    if not content.startswith(b"\x1f\x8b"):  # that would be a damaged .gz
        check_all(content, form)


def check_all(content: bytes, form: str) -> None:
    found = read(content, form)
    headers = set(numbers(content)) - {item.line for item in found}
    assert [item.line for item in found] == [n for n in numbers(content) if n not in headers]
    assert len(headers) <= 1
    for item in found:
        if isinstance(item, BadLine):
            assert item.error


@given(premise=st.text(), hypothesis=st.text(), identity=st.text() | st.integers() | st.none())
def test_any_pair_of_texts_can_be_printed(premise: str, hypothesis: str, identity: object) -> None:
    row = {"id": identity, "premise": premise, "hypothesis": hypothesis}
    (item,) = read(json.dumps(row).encode())
    prediction: dict[str, object] = {"line": 1, "id": item.identity}
    if isinstance(item, BadLine):
        prediction["error"] = item.error
    else:
        texts = [to_brackets(parse) for parse in item.sentences]
        assert [parse_brackets(text) for text in texts] == list(item.sentences)
        prediction |= {"label": "x", "probabilities": {}, "unknown_words": item.sentences[0].words}
        prediction |= {"warnings": ["careful\n"], "unknown_share": 0.5}
        prediction |= {"premise": texts[0], "hypothesis": texts[1]}
        prediction["trees"] = dict.fromkeys(("premise", "hypothesis"), "right")
    line = format_json(prediction)
    assert len(line.splitlines()) == 1
    assert json.loads(line) == json.loads(json.dumps(prediction))
    keys = ("label", "probabilities"), ("premise", "hypothesis")
    for shown in format_text(prediction, *keys, numbered=True).split("\n"):
        assert len(shown.splitlines()) == 1
        assert not set(map(ord, shown)) & {*range(32), *range(127, 160)}
